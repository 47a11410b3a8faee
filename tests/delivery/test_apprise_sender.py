"""One message through the real Apprise to real receivers on loopback."""

import asyncio
import io
import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from seestackd.clock import Clock
from seestackd.delivery.apprise_sender import AppriseSender, Sent, check_url
from seestackd.delivery.channels import Channel
from seestackd.delivery.letters import Letter, Tone
from seestackd.delivery.messages import Message
from seestackd.delivery.services import PLUGINS
from tests.delivery.receivers import free_port, mail_server, self_signed, webhook
from tests.rows import rows

LETTER = Letter(
    Tone.FAILURE,
    "FAILED etl <b>: exit 1",
    "etl *failed* & <stopped> :smile: \\n",
    rows=(("Message", "naïve ☃"),),
    output=("last line",),
    output_lines=1,
)
MESSAGE = Message(LETTER, "019aaf6b-0000-7000-8000-00005eed1234")
SECRET = "S3cretT0ken"


async def send(url: str, limit: float = 5.0) -> Sent:
    return await asyncio.to_thread(AppriseSender(Clock()).send, Channel("here", url, limit), MESSAGE)


async def test_a_webhook_gets_the_message_and_its_id() -> None:
    async with webhook() as hook:
        sent = await send(hook.url())
    assert (sent.ok, sent.error, sent.status) == (True, None, 200)
    assert hook.received == [
        {"version": "1.0", "title": MESSAGE.title, "message": MESSAGE.text, "attachments": [], "type": "failure"}
    ]
    assert hook.seen[0][2]["Idempotency-Key"] == MESSAGE.alert_id


async def test_no_message_names_apprise() -> None:
    async with webhook() as hook, mail_server() as mailbox:
        await send(hook.url())
        await send(mailbox.url())
    assert "apprise" not in f"{hook.received} {hook.seen} {mailbox.mails[0].as_string()}".lower()
    assert hook.seen[0][2]["User-Agent"] == "seestackd"


async def test_a_mail_arrives_in_html_with_a_plain_text_beside_it() -> None:
    async with mail_server() as mailbox:
        assert (await send(mailbox.url())).ok
    (mail,) = mailbox.mails
    page, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert MESSAGE.html.splitlines() == page.get_content().splitlines()[-len(MESSAGE.html.splitlines()) :]
    assert plain is not None
    assert plain.get_content().splitlines()[0] == MESSAGE.title
    assert "Message: naïve ☃" in plain.get_content()


async def test_a_mail_arrives_as_plain_text_where_the_channel_asks_for_it() -> None:
    async with mail_server() as mailbox:
        sent = await send(mailbox.url(rest="&format=text"))
    assert (sent.ok, sent.status) == (True, None)
    (mail,) = mailbox.mails
    assert mail["Subject"] == MESSAGE.title
    assert mail["X-Alert-Id"] == MESSAGE.alert_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == MESSAGE.text.splitlines()


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_an_error_of_the_service_is_a_failure_with_its_status(status: int) -> None:
    async with webhook(status) as hook:
        sent = await send(hook.url())
    assert not sent.ok
    assert sent.status == status
    assert sent.error is not None
    assert sent.error.startswith(f"HTTP {status}: ")
    assert len(hook.received) == 1


@pytest.mark.parametrize("option", ["", "?redirect=yes", "?redirect=yes&optional=yes&retry=5"])
@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirect_is_not_followed_and_no_success(status: int, option: str) -> None:
    async with webhook(status, Location="/elsewhere") as hook:
        sent = await send(hook.url(f"/hook{option}"))
    assert (sent.ok, sent.status) == (False, status)
    assert "redirects are not followed" in (sent.error or "")
    assert [path.split("?")[0] for _, path, _ in hook.seen] == ["/hook"]


async def test_retry_after_in_seconds_is_heard() -> None:
    async with webhook(429, Retry_After="40") as hook:
        sent = await send(hook.url())
    assert (sent.status, sent.retry_after_ms) == (429, 40_000)


async def test_retry_after_as_a_date_is_measured_by_the_clock_of_the_service() -> None:
    then = datetime(2031, 5, 1, 12, 0, 0, tzinfo=UTC)
    later = then.replace(minute=2)
    async with webhook(503, Date=format_datetime(then, True), Retry_After=format_datetime(later, True)) as hook:
        sent = await send(hook.url())
    assert sent.retry_after_ms == 120_000


@pytest.mark.parametrize("nonsense", ["soon", "nan", "inf", "-5", "1e400"])
async def test_a_senseless_retry_after_is_no_reason_to_fail(nonsense: str) -> None:
    async with webhook(429, Retry_After=nonsense) as hook:
        sent = await send(hook.url())
    assert sent.status == 429
    assert not sent.retry_after_ms


async def test_a_refused_connection_says_so() -> None:
    for url in (
        f"json://127.0.0.1:{free_port()}/x",
        f"mailto://127.0.0.1:{free_port()}?from=a@example.org&to=b@example.org",
    ):
        sent = await send(url)
        assert not sent.ok
        assert "refused" in (sent.error or "")


async def test_an_unknown_host_says_so() -> None:
    sent = await send("json://nowhere.invalid/x")
    assert sent.error == "the host name is not known"


async def test_plain_http_behind_a_tls_channel_says_so() -> None:
    async with webhook() as hook:
        sent = await send(hook.url().replace("json://", "jsons://"))
    assert not sent.ok
    assert (sent.error or "").startswith("TLS: ")


async def test_a_refused_recipient_is_a_failure_with_the_servers_words() -> None:
    async with mail_server(refuse="451 4.7.1 greylisted, come back later") as mailbox:
        sent = await send(mailbox.url())
    assert not sent.ok
    assert "greylisted" in (sent.error or "")


async def test_a_refused_login_is_a_failure_without_the_password() -> None:
    async with mail_server(login=lambda _user, password: password == b"other") as mailbox:
        sent = await send(mailbox.url(login=f"ops:{SECRET}@", rest="&mode=insecure"))
    assert not sent.ok
    assert "535" in (sent.error or "")
    assert SECRET not in (sent.error or "")


async def test_a_hanging_service_ends_within_the_limit() -> None:
    async with webhook("hang") as hook:
        sent = await send(hook.url(), limit=0.6)
    assert not sent.ok
    assert sent.error == "no answer in time"
    assert 350 <= sent.duration_ms < 3000


async def test_sending_takes_no_thread_but_its_own_and_waits_for_no_throttle() -> None:
    before = set(threading.enumerate())
    async with mail_server() as mailbox:
        sends = [await send(mailbox.url()) for _ in range(3)]
    assert all(sent.ok for sent in sends)
    assert max(sent.duration_ms for sent in sends) < 3000
    assert not [
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.name.startswith(("asyncio", "uvloop")) and thread.is_alive()
    ]


@pytest.mark.parametrize(
    "url",
    [
        "json://ops:{s}@127.0.0.1:{p}/hook",
        "json://127.0.0.1:{p}/hooks/{s}?rto=1",
        "json://ops:{s}@127.0.0.1:{h}/hooks/{s}?-token={s}&+Authorization=Bearer%20{s}",
        "json://127.0.0.1:{p}/hook?+Authorization=Bearer%20{s}",
        "json://127.0.0.1:{p}/hook?-token={s}",
        "json://127.0.0.1:{p}/hook?:token={s}",
        "mailto://ops:{s}@127.0.0.1:{p}?from=a@example.org&to=b@example.org",
        "ntfy://{s}",
        "pover://{s}@{s}",
        "slack://{s}/{s}/{s}",
        "tgram://123456789:{s}/chat",
        "nonsense://{s}@h/{s}",
        "https://example.org/{s}",
        "json://[{s}",
    ],
)
async def test_no_error_and_no_log_holds_a_secret(
    url: str, everything_logged: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with webhook(503) as hook:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{hook.port}")
        channel = Channel("here", url.format(s=SECRET, p=free_port(), h=hook.port), 1.0)
        sent = await asyncio.to_thread(AppriseSender(Clock()).send, channel, MESSAGE)
    printed = capfd.readouterr()
    assert not sent.ok
    assert sent.error
    assert SECRET not in f"{sent}{channel!r}{channel}{everything_logged.getvalue()}{printed.out}{printed.err}"


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """What a daemon would print whose log level is the lowest there is."""
    root, text = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@rows(
    "url",
    [
        "json://localhost/x",
        "mailto://a:b@example.org",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
)
def test_usable_urls_pass(url: str) -> None:
    assert check_url(url) is None


@rows(
    ("url", "says"),
    [
        ("", "begins with a service"),
        ("ops@example.org", "begins with a service"),
        ("nonsense://x", "'nonsense' is not supported"),
        ("https://example.org/hook", "use jsons://"),
        ("http://example.org/hook", "use json://"),
        ("slack://x", "Apprise cannot use this slack:// URL"),
        ("json://[bad", "Apprise cannot use this json:// URL"),
        ("json://a\nb/", "Apprise cannot use this json:// URL"),
        ("json://" + "a" * 10_000, "Apprise cannot use this json:// URL"),
    ],
)
def test_unusable_urls_say_what_is_wrong(url: str, says: str) -> None:
    assert says in (check_url(url) or "")


@rows("schema", ["dbus", "qt", "kde", "glib", "gio", "gnome", "macosx", "windows", "syslog", "blink1", "growl", "file"])
def test_nothing_is_sent_to_the_desktop_or_log_of_this_machine(schema: str) -> None:
    assert f"'{schema}' is not supported" in (check_url(f"{schema}://") or "")


async def test_a_url_that_cannot_be_used_is_hopeless() -> None:
    sent = await send("nonsense://x")
    assert sent.hopeless
    assert not sent.ok


def test_the_services_are_those_that_apprise_has() -> None:
    """In a process of its own: this one's Apprise is held back from loading all."""
    script = (
        "import apprise; plugins = apprise.NotificationManager(); plugins.load_modules();"
        "print(*(f'{schema}={plugins[schema].__module__.split(\".\")[2]}' for schema in plugins.schemas()))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    known = dict(word.split("=") for word in told.split())

    assert len(known) > 200
    assert {schema: module for schema, module in PLUGINS.items() if known.get(schema) != module} == {}


def test_a_channel_loads_the_plugin_of_its_service_and_no_other() -> None:
    script = (
        "import sys; from seestackd.delivery.apprise_sender import check_url;"
        "print([check_url(url) for url in sys.argv[1:]]);"
        "print(*sorted(name for name in sys.modules if name.startswith('apprise.plugins.')));"
        "print({'chardet', 'charset_normalizer'} & set(sys.modules))"
    )
    urls = ("mailto://a:b@example.org", "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    told = subprocess.run([sys.executable, "-c", script, *urls], capture_output=True, text=True, check=True).stdout
    wrong, loaded, guessing = told.splitlines()

    assert wrong == "[None, None]"
    assert guessing == "set()", "what guesses the encoding of answers takes 4 MB"
    assert {name.split(".")[2] for name in loaded.split()} == {"base", "email", "slack"}


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("insecure", "the mail server refuses this login; check user and password"),
        ("starttls", "the mail server offers no STARTTLS at this port"),
        ("ssl", "TLS: nothing speaks TLS at this port; try mode=starttls"),
    ],
)
async def test_what_is_wrong_with_a_mail_server_is_said_in_words_to_act_on(mode: str, says: str) -> None:
    async with mail_server(login=lambda _user, _password: False) as mailbox:
        sent = await send(mailbox.url(login=f"ops:{SECRET}@", rest=f"&mode={mode}"))
    assert (sent.error or "").startswith(says)
    assert SECRET not in (sent.error or "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt-get install openssl")
async def test_a_mail_arrives_by_starttls_and_login(tmp_path: Path) -> None:
    def allowed(user: bytes, password: bytes) -> bool:
        return (user, password) == (b"ops", SECRET.encode())

    async with mail_server(login=allowed, tls=self_signed(tmp_path)) as mailbox:
        trusted = await send(mailbox.url(login=f"ops:{SECRET}@", rest="&mode=starttls&verify=no"))
        doubted = await send(mailbox.url(login=f"ops:{SECRET}@", rest="&mode=starttls"))
    assert trusted.ok, trusted.error
    assert len(mailbox.mails) == 1
    assert (doubted.error or "").startswith("TLS: the certificate was not accepted")


async def test_a_mail_server_that_cannot_be_found_or_does_not_answer_is_named_as_such() -> None:
    unknown = await send("mailto://nowhere.invalid?from=a@example.org&to=b@example.org")
    async with webhook("hang") as silent:
        slow = await send(f"mailto://127.0.0.1:{silent.port}?from=a@example.org&to=b@example.org", limit=0.6)
    assert (unknown.error or "").startswith("the host name is not known")
    assert (slow.error or "").startswith("no answer in time")
