"""The only importer of Apprise: one message to one target, in the calling thread (dependencies.md 2)."""

import functools
import importlib
import logging
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from seestackd.clock import Clock
from seestackd.delivery import answers
from seestackd.delivery.channels import Channel, redact
from seestackd.delivery.forms import Form
from seestackd.delivery.incident_keepers import INCIDENT_KEEPERS
from seestackd.delivery.mail_errors import explained
from seestackd.delivery.messages import Message
from seestackd.delivery.services import HOSTS, PLUGINS, SHOW_MARKDOWN

MAX_ERROR = 500
# What Apprise puts between the body and a title that becomes its first line.
TITLE_MARKUP = 4
_QUIET = {"footer": False, "include_image": False, "avatar": False, "footer_logo": None}
_HEADED = frozenset({"json", "jsons", "form", "forms", "xml", "xmls", "apprise", "apprises"})
_JSON = {"http": "json", "https": "jsons"}
_MAIL = frozenset({"mailto", "mailtos"})
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Sent:
    """How one sending ended; `error` is fit to be shown, `hopeless` says that the channel itself is unusable."""

    ok: bool
    error: str | None = None
    status: int | None = None
    retry_after_ms: int | None = None
    duration_ms: int = 0
    hopeless: bool = False


class AppriseSender:
    """Sends through Apprise; every call may come from another thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def send(self, channel: Channel, message: Message) -> Sent:
        """Send one message and wait for the answer; raises nothing."""
        begun = self._clock.monotonic()
        try:
            sent = _send(channel, message)
        except Exception as error:
            sent = Sent(False, _shown(f"{type(error).__name__}: {error}", channel.url))
        duration_ms = round((self._clock.monotonic() - begun) * 1000)
        return Sent(sent.ok, sent.error, sent.status, sent.retry_after_ms, duration_ms, sent.hopeless)


def check_url(url: str) -> str | None:
    """Return what is wrong with a channel's URL, or None; loads Apprise."""
    schema, found, _ = url.partition("://")
    schema = schema.strip().lower()
    if not found or not schema:
        return "this is no Apprise URL: it begins with a service, such as mailto:// or slack://"
    if schema not in PLUGINS and schema not in ("http", "https"):
        return f"the service {schema[:32]!r} is not supported; see https://appriseit.com/services/ for those that are"
    plugin = _plugin(url)
    if plugin is None and schema in ("http", "https"):
        return f"a plain {schema} address names no service; for a webhook that takes JSON use {_JSON[schema]}://"
    if plugin is None:
        return f"Apprise cannot use this {schema}:// URL; see https://appriseit.com/services/ for its form"
    return None if plugin.enabled else f"the service {schema!r} needs a Python package that is not installed"


def _apprise() -> Any:
    with _loading:
        return _loaded()


@functools.cache
def _loaded() -> Any:
    logger = logging.getLogger("apprise")
    # Debug records carry the reason of a failed mail, and URLs; they reach the result of the call and nothing else.
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    # It names the path of every request, which for a webhook is the secret.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # Before Apprise imports requests as a whole.
    answers.watch()
    # Imported late: this takes 8 MB and a quarter of a second, which a process that sends nothing need not pay.
    import apprise

    # Left alone it would load its 180 plugins at the first URL: 10 MB more. It gets those that are asked for.
    plugins: Any = apprise.NotificationManager()  # type: ignore[no-untyped-call]
    plugins.unload_modules(disable_native=True)
    plugins._loaded.add(plugins.module_path)
    return apprise


def _know(url: str) -> None:
    """Have Apprise know the plugins that may speak to a URL's service."""
    apprise = _apprise()
    plugins = apprise.NotificationManager()
    # One of its plugins asks for a module that Python 3.13 dropped, and stands in for it where it is gone.
    warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
    with _loading:
        for schema in _needed(url):
            if schema not in plugins:
                module: Any = importlib.import_module(f"apprise.plugins.{PLUGINS[schema]}")
                plugins.add(next(kind for kind in vars(module).values() if _speaks(kind, schema)))


def _speaks(kind: Any, schema: str) -> bool:
    return isinstance(kind, type) and schema in getattr(kind, "schemas", lambda _: ())(kind)


def _needed(url: str) -> Iterable[str]:
    """Return the schemas that a URL may belong to: a plain address of the web may be any service's."""
    schema, _, rest = url.partition("://")
    if (schema := schema.strip().lower()) in PLUGINS:
        return (schema,)
    service = HOSTS.get(rest.partition("/")[0].lower())
    return PLUGINS if service is None else (service,)


@functools.cache
def _asset() -> Any:
    from seestackd import __version__

    return _apprise().AppriseAsset(
        app_id="seestackd",
        app_desc=f"seestackd {__version__}",
        app_url="",
        image_url_mask=None,
        image_url_logo=None,
        image_path_mask=None,
        interpret_emojis=False,
        interpret_escapes=False,
        storage_mode="memory",
        service_timeout=0,
        http_redirects=False,
    )


def _plugin(url: str) -> Any:
    """Return a fresh plugin instance, which has no throttle to wait for, or None when the URL is unusable."""
    if len(url) > 8192 or "\n" in url:
        return None
    _know(url)
    return _apprise().Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)


def _send(channel: Channel, message: Message) -> Sent:
    wrong = check_url(channel.url)
    if wrong is not None:
        return Sent(False, wrong, hopeless=True)
    plugin = _prepared(channel, message)
    apprise = _apprise()
    target = apprise.Apprise(asset=_asset())
    target.add(plugin)
    form, title, body = _fitting(plugin, channel, message)
    with (
        answers.heard(public_only=not channel.allow_private) as answer,
        target.notify(
            title=title,
            body=body,
            notify_type=apprise.NotifyType(message.tone),
            body_format=form,
            log_level=logging.DEBUG,
        ) as result,
    ):
        if result and not answer.redirected:
            return Sent(True, status=answer.status)
        logged = _logged(result)
        reason = answer.reason or (explained(logged) if channel.schema in _MAIL else logged)
    return Sent(False, _shown(reason, channel.url), answer.status, answer.retry_after_ms)


def _fitting(plugin: Any, channel: Channel, message: Message) -> tuple[Any, str, str]:
    """Return the format for Apprise, the title and the body, as long as the service takes them."""
    formats = _apprise().NotifyFormat
    declared = plugin.resolve_format()
    room = plugin.body_maxlen
    if channel.schema == "pagerduty":
        # The body is the summary of its incident, one line in every list; the rest goes with it as details.
        return formats.TEXT, "", message.title[:room]
    if declared == formats.MARKDOWN or (channel.schema in SHOW_MARKDOWN and plugin._format_override is None):
        # Its first line is the title, whose name must be shown as literally as any other.
        return declared, "", message.body(Form.MARKDOWN, room)
    if declared == formats.HTML:
        # The page begins with the title: a service without titles needs no second one.
        return declared, message.title if plugin.title_maxlen > 0 else "", message.body(Form.HTML, room)
    if plugin.title_maxlen <= 0 or plugin.overflow_amalgamate_title:
        room -= len(message.title) + TITLE_MARKUP
    return declared, message.title, message.body(Form.TEXT, room)


def _prepared(channel: Channel, message: Message) -> Any:
    plugin = _plugin(channel.url)
    for name, value in _QUIET.items():
        if hasattr(plugin, name):
            setattr(plugin, name, value)
    _grant_time(plugin, channel)
    # Apprise repeats at once, within the limit of one sending, and calls a failed optional service a success.
    plugin.retry, plugin.optional, plugin.redirects = 0, False, False
    if channel.schema in _HEADED:
        plugin.headers.setdefault("Idempotency-Key", message.alert_id)
    elif channel.schema in _MAIL:
        _address(plugin, message)
    elif channel.resolves:
        INCIDENT_KEEPERS[channel.schema](plugin, message)
    return plugin


def _address(mail: Any, message: Message) -> None:
    mail.headers.setdefault("X-Alert-Id", message.alert_id)
    mail.headers.setdefault("Auto-Submitted", "auto-generated")
    if message.incident is not None:
        # To a message that never was: mail programs thread by it all the same.
        mail.headers.setdefault("References", f"<{message.incident}>")
        mail.headers.setdefault("In-Reply-To", f"<{message.incident}>")


def _grant_time(plugin: Any, channel: Channel) -> None:
    """Let a slow service answer: its 4 s by default would turn a late success into a duplicate."""
    kind, mail = type(plugin), channel.schema in _MAIL
    if plugin.socket_connect_timeout == kind.socket_connect_timeout:
        # Mail servers greet slowly on purpose, and Apprise grants a whole conversation no more than this.
        plugin.socket_connect_timeout = channel.limit * (2 / 3 if mail else 1 / 3)
    if plugin.socket_read_timeout == kind.socket_read_timeout:
        plugin.socket_read_timeout = channel.limit * 2 / 3


def _logged(result: Any) -> str:
    entries = [(entry.level, entry.message) for entry in result.logs()]
    reasons = [text.removeprefix("Socket Exception: ") for _, text in entries if text.startswith("Socket Exception: ")]
    told = [text for level, text in entries if level in ("WARNING", "ERROR", "CRITICAL")]
    return "; ".join(dict.fromkeys([*reasons, *told])) or "the service refused the message and gave no reason"


def _shown(reason: str, url: str) -> str:
    text = " ".join(redact(reason, url).split())
    return text if len(text) <= MAX_ERROR else text[: MAX_ERROR - 1] + "…"
