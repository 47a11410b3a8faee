"""Ping URLs: what each one means, and the exact answer to everything that is wrong with it."""

import asyncio
import gzip
import logging
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import Monitor, new_monitor
from seestackd.core.pings import PingKind
from seestackd.operations import keys, monitors
from seestackd.operations.pings import archived_pings
from seestackd.store.interface import StoredPing, Transaction
from seestackd.web.ping_fields import PingFields
from seestackd.web.server import WebSettings
from tests.rows import rows
from tests.web.conftest import NOW, SECRET, Answer, Daemon, Prepared, listening

KEY = make_secret(b"\x02" * 32)
PING_ID = "p" * 22
RID = "728b3763-5b88-4d5f-8a3c-6c6f0f1b6f53"
NOTHING_HERE = (404, "not found")


@dataclass
class Urls:
    """A daemon with a ping key, and the monitor `nightly` with the ping id PING_ID."""

    daemon: Daemon

    async def ping(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        url = f"http://127.0.0.1:{self.daemon.port}/ping/{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.daemon.session.request(method, url, data=body, headers=sent, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def told(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, str]:
        answer = await self.ping(path, method, body, **headers)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Ping-Body-Limit"] == "100000"
        return answer.status, answer.body.decode()

    async def add(self, slug: str, ping_id: str) -> None:
        new = new_monitor(slug, "1d")
        await self.daemon.runner.run(monitors.add, monitors.AddMonitor(self.daemon.project_id, new, ping_id))

    async def monitor(self, slug: str) -> Monitor | None:
        def find(tx: Transaction, command: None, at: int) -> Monitor | None:
            return tx.monitors.by_slug(self.daemon.project_id, slug)

        return await self.daemon.runner.read(find, None)

    async def stored(self, slug: str = "nightly") -> list[StoredPing]:
        """The pings of a monitor, oldest first."""

        def latest(tx: Transaction, command: None, at: int) -> list[StoredPing]:
            monitor = tx.monitors.by_slug(self.daemon.project_id, slug)
            return tx.pings.latest(monitor.id, 100)[::-1] if monitor else []

        return await self.daemon.runner.read(latest, None)

    async def output(self) -> str | None:
        """The output of the newest ping."""
        newest = (await self.stored())[-1].id

        def read(tx: Transaction, command: None, at: int) -> str | None:
            return tx.pings.output(newest)

        return await self.daemon.runner.read(read, None)


async def with_key(daemon: Daemon) -> Urls:
    command = keys.CreateKey(daemon.project_id, "urls", Scope.PING, KEY)
    await daemon.runner.run(keys.create, command)
    await daemon.keys.load()
    return Urls(daemon)


@pytest.fixture
async def urls(daemon: Daemon) -> Urls:
    return await with_key(daemon)


@pytest.fixture
async def behind_proxies(prepared: Prepared, tmp_path: Path) -> AsyncIterator[Urls]:
    settings = WebSettings(trusted_proxies=("127.0.0.0/8", "2001:db8::/32"), shutdown_timeout=1)
    async with listening(prepared, tmp_path, settings) as running:
        yield await with_key(running)


MEANINGS = [
    ("", PingKind.SUCCESS, None),
    ("/", PingKind.SUCCESS, None),
    ("/start", PingKind.START, None),
    ("/fail", PingKind.FAILED, None),
    ("/log", PingKind.LOG, None),
    ("/0", PingKind.SUCCESS, 0),
    ("/1", PingKind.FAILED, 1),
    ("/255", PingKind.FAILED, 255),
]


@pytest.mark.parametrize("place", [f"{KEY}/nightly", PING_ID], ids=["by key", "by ping id"])
@pytest.mark.parametrize(("action", "kind", "exit_code"), MEANINGS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_end_of_the_url_says_what_happened(
    urls: Urls, method: str, place: str, action: str, kind: PingKind, exit_code: int | None
) -> None:
    assert await urls.told(place + action, method) == (200, "OK")

    (stored,) = await urls.stored()
    assert (stored.ping.kind, stored.ping.exit_code) == (kind, exit_code)
    assert (stored.ping.arrived_at, stored.ping.source) == (NOW, "127.0.0.1")
    assert (stored.ping.message, stored.ping.output) == (None, None)


async def test_head_does_what_get_does(urls: Urls) -> None:
    answer = await urls.ping(f"{KEY}/nightly/3", "HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert [stored.ping.exit_code for stored in await urls.stored()] == [3]


@pytest.mark.parametrize("path", [f"{KEY}/nightly", f"{KEY}/nightly/fail", PING_ID, "unknown"])
async def test_options_never_counts(urls: Urls, path: str) -> None:
    answer = await urls.ping(path, "OPTIONS")

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert await urls.stored() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "QUERY"])
async def test_other_methods_are_refused(urls: Urls, method: str) -> None:
    answer = await urls.ping(f"{KEY}/nightly", method)

    assert (answer.status, answer.body) == (405, b"send GET, HEAD or POST")
    assert answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert await urls.stored() == []


async def test_no_cache_may_answer_for_us(urls: Urls) -> None:
    assert (await urls.ping(f"{KEY}/nightly")).headers["Cache-Control"] == "no-store"


AN_EXIT_CODE = "an exit code is a number from 0 to 255, for example /1"
A_UUID = f"rid: not a UUID; name each run by one of its own, for example rid={RID}"
AN_ACTION = "unknown action; end the URL with /start, /fail, /log, an exit code 0-255, or none of them"


@rows("place", [f"{KEY}/nightly", PING_ID])
@rows(
    ("end", "reason"),
    [
        ("/256", AN_EXIT_CODE),
        ("/-1", AN_EXIT_CODE),
        ("/99999999999999999999", AN_EXIT_CODE),
        ("/foo", AN_ACTION),
        ("/1.5", AN_ACTION),
        ("/Start", AN_ACTION),
        ("/%31", None),
        ("/٣", AN_ACTION),
        ("?rid=7", A_UUID),
        ("?rid={728b37635b884d5f8a3c6c6f0f1b6f53}", A_UUID),
        ("?durationMs=1.5", "durationMs: not a whole number of milliseconds, for example durationMs=1200"),
        ("?durationMs=-1", "durationMs: not a whole number of milliseconds, for example durationMs=1200"),
        (f"?at={2**63}", "at: not a whole number of milliseconds since 1970, for example at=1775000000000"),
        ("?sentAt=now", "sentAt: not a whole number of milliseconds since 1970, for example sentAt=1775000000000"),
        ("?eventId=" + "k" * 129, "eventId: at most 128 bytes"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_url_is_said(urls: Urls, place: str, end: str, reason: str | None) -> None:
    before = len(await urls.stored())
    told = await urls.told(place + end)

    assert told == ((400, reason) if reason else (200, "OK"))
    assert len(await urls.stored()) == before + (0 if reason else 1)


@rows(
    "path",
    [
        "",
        KEY,
        f"{KEY}/weekly",
        f"{KEY}/weekly/foo",
        f"{KEY}/Nightly",
        f"{KEY}/nightly%00",
        f"{KEY}/%FF",
        f"{KEY}/nightly/start/start",
        f"{SECRET}/nightly",
        f"{KEY[:-1]}x/nightly",
        f"{KEY.upper()}/nightly",
        "wrong/nightly",
        "wrong",
        "q" * 22,
        "q" * 22 + "/start",
        f"{PING_ID}/start/start",
        f"{PING_ID}/nightly/start",
    ],
)
async def test_whatever_is_unknown_gets_one_and_the_same_answer(urls: Urls, path: str) -> None:
    expected = (400, AN_ACTION) if path == f"{KEY}/weekly/foo" else NOTHING_HERE

    assert await urls.told(path) == expected
    assert await urls.daemon.nothing_stored()


async def test_the_uid_of_a_monitor_opens_no_url(urls: Urls) -> None:
    assert await urls.told(urls.daemon.monitor_uid) == NOTHING_HERE


async def test_a_ping_key_opens_no_other_door(urls: Urls) -> None:
    document = {"slug": "nightly", "status": "success", "durationMs": 1}

    assert (await urls.daemon.send("/ingest/v1/heartbeat", document, key=KEY)).status == 403


@pytest.mark.parametrize("slug", ["start", "7", "log"])
async def test_a_slug_that_reads_like_an_action_is_reached_through_the_key(urls: Urls, slug: str) -> None:
    await urls.add(slug, "s" * 22)

    assert await urls.told(f"{KEY}/{slug}") == (200, "OK")
    assert await urls.told(f"{KEY}/{slug}/start") == (200, "OK")

    assert [stored.ping.kind for stored in await urls.stored(slug)] == [PingKind.SUCCESS, PingKind.START]


async def test_a_ping_id_belongs_to_its_monitor_alone(urls: Urls) -> None:
    await urls.told(PING_ID)
    named = monitors.MonitorNamed(urls.daemon.project_id, "nightly")
    await urls.daemon.runner.run(monitors.remove, named)
    assert await urls.told(PING_ID) == NOTHING_HERE

    await urls.add("nightly", "n" * 22)
    await urls.told("n" * 22)

    assert await urls.told(PING_ID) == NOTHING_HERE
    assert len(await urls.stored()) == 1


async def test_a_key_made_a_moment_ago_and_one_just_revoked_are_known(daemon: Daemon) -> None:
    urls = Urls(daemon)
    await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "urls", Scope.PING, KEY))
    assert await urls.told(f"{KEY}/nightly") == (200, "OK")

    await daemon.runner.run(keys.revoke, keys.RevokeKey(daemon.project_id, "urls"))
    await daemon.keys.load()

    assert await urls.told(f"{KEY}/nightly") == NOTHING_HERE


async def test_pings_of_an_archived_monitor_are_not_found_and_counted(urls: Urls) -> None:
    monitor = await urls.monitor("nightly")
    assert monitor is not None
    named = monitors.MonitorNamed(urls.daemon.project_id, "nightly")
    await urls.daemon.runner.run(monitors.archive, named)

    assert await urls.told(f"{KEY}/nightly") == NOTHING_HERE
    assert await urls.told(PING_ID) == NOTHING_HERE
    assert await urls.daemon.runner.read(archived_pings, monitor.id) == 2
    assert await urls.stored() == []


async def test_everything_a_heartbeat_may_say_can_be_said_in_a_url(urls: Urls) -> None:
    query = f"rid={RID.upper()}&durationMs=1200&message=copied+12&host=web1&traceId=t7&at=5000&sentAt=65000"

    assert await urls.told(f"{KEY}/nightly?{query}&unknown=1") == (200, "OK")

    (stored,) = await urls.stored()
    ping = stored.ping
    assert (ping.rid, ping.duration_ms, ping.message, ping.host, ping.trace_id) == (
        RID,
        1200,
        "copied 12",
        "web1",
        "t7",
    )
    assert (ping.at, ping.arrived_at) == (NOW - 60_000, NOW)


async def test_empty_parameters_count_as_none(urls: Urls) -> None:
    empty = "&".join(f"{name}=" for name in ("rid", "durationMs", "message", "host", "traceId", "at", "sentAt"))

    assert await urls.told(f"{KEY}/nightly?{empty}&create=&eventId=") == (200, "OK")


@pytest.mark.parametrize(
    ("header", "trace_id"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", None),
        ("nonsense", None),
    ],
)
async def test_the_trace_is_read_from_traceparent(urls: Urls, header: str, trace_id: str | None) -> None:
    await urls.told(f"{KEY}/nightly", traceparent=header)

    assert [stored.ping.trace_id for stored in await urls.stored()] == [trace_id]


@pytest.mark.parametrize("place", ["header", "query"])
async def test_a_ping_seen_before_gets_the_first_answer_and_changes_nothing(urls: Urls, place: str) -> None:
    path = f"{KEY}/nightly" + ("?eventId=run-7" if place == "query" else "")
    headers = {"Idempotency_Key": "run-7"} if place == "header" else {}

    assert await urls.told(path, **headers) == (200, "OK")
    assert await urls.told(path, **headers) == (200, "OK")
    assert len(await urls.stored()) == 1


async def test_a_key_of_undecodable_bytes_is_a_key(urls: Urls) -> None:
    head = f"GET /ping/{KEY}/nightly HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIdempotency-Key: ".encode()

    for _ in range(2):
        answer = await urls.daemon.talk(head + b"k\xff\xfe\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")

    assert len(await urls.stored()) == 1


async def test_a_long_idempotency_key_is_refused(urls: Urls) -> None:
    told = await urls.told(f"{KEY}/nightly", Idempotency_Key="k" * 129)

    assert told == (400, "Idempotency-Key: at most 128 bytes")


async def test_a_store_that_cannot_commit_says_when_to_come_back(urls: Urls) -> None:
    await urls.daemon.runner.stop()

    answer = await urls.ping(f"{KEY}/nightly")

    assert (answer.status, answer.body) == (503, b"Temporarily unable to store; please retry")
    assert int(answer.headers["Retry-After"]) > 0
    assert urls.daemon.runner.refusals() == {(urls.daemon.project_id, "nightly"): NOW}


async def test_a_mistake_of_ours_is_answered_and_logged_without_the_key(
    urls: Urls, caplog: pytest.LogCaptureFixture
) -> None:
    def drop(tx: Any, command: None, at: int) -> None:
        tx.behind.execute("DROP TABLE pings")

    await urls.daemon.runner.run(drop, None)

    with caplog.at_level(logging.DEBUG):
        assert await urls.told(f"{KEY}/nightly") == (500, "something went wrong on our side")
    assert "Could not take a ping" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "what"],
)
async def test_a_body_is_the_output_whatever_its_type(urls: Urls, kind: str) -> None:
    body = b'--x\r\nname=value&{"a":1}\n'

    assert await urls.told(f"{KEY}/nightly/1", "POST", body, Content_Type=kind) == (200, "OK")
    assert await urls.output() == '--x\nname=value&{"a":1}\n'


async def test_the_body_of_a_get_is_no_output(urls: Urls) -> None:
    assert await urls.told(f"{KEY}/nightly", "GET", b"surprise") == (200, "OK")
    assert await urls.output() is None


async def test_a_chunked_body_is_read_to_its_end(urls: Urls) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for word in (b"one ", b"two ", b"three"):
            yield word

    await urls.told(f"{KEY}/nightly", "POST", pieces())

    assert await urls.output() == "one two three"


async def test_a_long_output_is_cut_not_refused(urls: Urls) -> None:
    lines = [f"line {number:06}" for number in range(100_000)]

    assert await urls.told(f"{KEY}/nightly/fail", "POST", BytesIO("\n".join(lines).encode())) == (200, "OK")

    kept = await urls.output()
    assert kept is not None
    head, cut, tail = re.split(r"\n\[\.\.\. (\d+) bytes left out \.\.\.]\n", kept)
    assert len(head) + len("\n") + int(cut) + len(tail) == 12 * len(lines) - len("\n")
    assert 99_000 < len(kept) <= 100_100
    assert lines[: len(head.split("\n"))] == head.split("\n")
    assert lines[-len(tail.split("\n")) :] == tail.split("\n")


async def test_output_that_is_no_utf_8_is_kept_readable(urls: Urls) -> None:
    await urls.told(f"{KEY}/nightly/1", "POST", "Gerät ".encode("latin-1") + "läuft\n".encode())

    assert await urls.output() == "Ger\\xe4t läuft\n"


async def test_control_characters_become_harmless(urls: Urls) -> None:
    await urls.told(f"{KEY}/nightly/1", "POST", b"\x1b[31mred\x1b[0m\x00\x07 50%\r100%\r\ndone\x9b")

    assert await urls.output() == "red\\x00\\x07 50%\n100%\ndone\\x9b"


async def test_secrets_are_masked_before_they_are_stored(urls: Urls) -> None:
    said = "mysql://root:toor@db/x"

    await urls.told(f"{KEY}/nightly/1?message={said}", "POST", f"cannot reach {said}")

    assert (await urls.stored())[0].ping.message == "mysql://root:***REDACTED***@db/x"
    assert await urls.output() == "cannot reach mysql://root:***REDACTED***@db/x"


async def test_a_gzip_body_is_inflated(urls: Urls) -> None:
    body = gzip.compress(b"first, ") + gzip.compress(b"second", mtime=0)

    await urls.told(f"{KEY}/nightly", "POST", body, Content_Encoding="gzip")

    assert await urls.output() == "first, second"


async def test_a_gzip_bomb_is_inflated_no_further_than_allowed(urls: Urls) -> None:
    bomb = gzip.compress(b"0" * 1024 * 1024, 9) * 200

    assert await urls.told(f"{KEY}/nightly", "POST", bomb, Content_Encoding="gzip") == (200, "OK")

    kept = await urls.output()
    assert kept is not None
    assert kept.endswith("\n[the rest is left out: more than 67108864 bytes when inflated]")
    assert len(kept) < 101_000


@pytest.mark.parametrize(
    ("encoding", "body", "kept"),
    [
        ("gzip", gzip.compress(b"good", mtime=0) + b"bad", "good\n[the rest is left out: not valid gzip]"),
        ("gzip", gzip.compress(b"good", mtime=0)[:-2], "good\n[the rest is left out: not valid gzip]"),
        ("gzip", b"no gzip at all", "[the rest is left out: not valid gzip]"),
        ("gzip", b"", None),
        ("br", b"\x0b\x02\x80abc\x03", "[output left out: send it plain, or with Content-Encoding: gzip]"),
    ],
)
async def test_what_cannot_be_inflated_is_left_out_and_the_ping_counts(
    urls: Urls, encoding: str, body: bytes, kept: str | None
) -> None:
    assert await urls.told(f"{KEY}/nightly", "POST", body, Content_Encoding=encoding) == (200, "OK")
    assert await urls.output() == kept


async def test_a_body_that_does_not_arrive_is_no_ping(prepared: Prepared, tmp_path: Path) -> None:
    async with listening(prepared, tmp_path, WebSettings(body_timeout=0.02, shutdown_timeout=1)) as daemon:
        urls = await with_key(daemon)
        reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
        writer.write(f"POST /ping/{KEY}/nightly HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbegin".encode())

        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            told = await reader.readexactly(34)
        writer.close()
        await writer.wait_closed()

        assert head.startswith(b"HTTP/1.1 408 ")
        assert told == b"The request did not arrive in time"
        assert await urls.stored() == []


@pytest.mark.parametrize(
    ("forwarded", "source"),
    [
        ("", "127.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 127.0.0.2", "203.0.113.9"),
        ("203.0.113.9, [2001:db8::1]:443", "203.0.113.9"),
        ("203.0.113.9:5000", "203.0.113.9"),
        ("nonsense, 127.0.0.2", "127.0.0.2"),
        ("127.0.0.3", "127.0.0.3"),
    ],
)
async def test_a_trusted_proxy_says_who_asked(behind_proxies: Urls, forwarded: str, source: str) -> None:
    await behind_proxies.told(f"{KEY}/nightly", **({"X_Forwarded_For": forwarded} if forwarded else {}))

    assert [stored.ping.source for stored in await behind_proxies.stored()] == [source]


async def test_nobody_else_is_believed(urls: Urls) -> None:
    await urls.told(f"{KEY}/nightly", X_Forwarded_For="203.0.113.9")

    assert [stored.ping.source for stored in await urls.stored()] == ["127.0.0.1"]


async def test_the_first_ping_makes_the_monitor_when_asked_to(urls: Urls) -> None:
    assert await urls.told(f"{KEY}/weekly?create=1") == (201, "Created")
    assert await urls.told(f"{KEY}/weekly?create=1&schedule=nonsense") == (200, "OK")

    made = await urls.monitor("weekly")
    assert made is not None
    assert (made.schedule.text, made.schedule.timezone, made.rules.grace_ms) == ("1d", "UTC", 3_600_000)
    assert (made.source, len(made.ping_id)) == ("ping", 22)
    assert await urls.told(made.ping_id) == (200, "OK")
    assert len(await urls.stored("weekly")) == 3


@pytest.mark.parametrize("method", ["HEAD", "POST"])
async def test_every_method_may_create(urls: Urls, method: str) -> None:
    assert (await urls.ping(f"{KEY}/weekly/start?create=1", method)).status == 201
    assert [stored.ping.kind for stored in await urls.stored("weekly")] == [PingKind.START]


async def test_schedule_grace_and_zone_can_be_told_at_creation(urls: Urls) -> None:
    await urls.told(f"{KEY}/a?create=1&schedule=0+3+*+*+*&timezone=Europe/Berlin&grace=20m")
    await urls.told(f"{KEY}/b?create=1&schedule=30m")

    first, second = await urls.monitor("a"), await urls.monitor("b")
    assert first is not None
    assert second is not None
    assert (first.schedule.text, first.schedule.timezone, first.rules.grace_ms) == (
        "0 3 * * *",
        "Europe/Berlin",
        1_200_000,
    )
    assert (second.schedule.text, second.rules.grace_ms) == ("30m", 300_000)


@pytest.mark.parametrize("create", ["", "?create=0", "?create=yes", "?schedule=1d"])
async def test_nothing_is_made_unasked(urls: Urls, create: str) -> None:
    assert await urls.told(f"{KEY}/weekly{create}") == NOTHING_HERE
    assert await urls.monitor("weekly") is None


@rows(
    ("slug", "query", "reason"),
    [
        ("weekly", "schedule=61+*+*+*+*", 'schedule: minute "61" in "61 * * * *" is not valid: values 0-59, lists'),
        ("weekly", "schedule=30", 'schedule: "30" has no unit; write 30s, 30m, 30h, 30d or 30w; examples: "30m"'),
        ("weekly", "schedule=2020-02-03+04:05", 'schedule: "2020-02-03 04:05" names past dates only; examples: "30m"'),
        ("weekly", "grace=soon", 'grace: "soon" is not a duration; write whole numbers with s, m, h, d or w'),
        ("weekly", "grace=31d", 'grace: "31d" is more than 30 days; give at most that'),
        ("weekly", "timezone=Mars", 'timezone: "Mars" is not a time zone; '),
        ("Weekly", "", "slug must be lowercase alphanumeric with hyphens, 1-100 characters; try 'weekly'"),
    ],
)
async def test_what_cannot_be_made_is_refused_with_the_reason(urls: Urls, slug: str, query: str, reason: str) -> None:
    status, told = await urls.told(f"{KEY}/{slug}?create=1&{query}")

    assert status == 400
    assert told.startswith(reason)
    assert await urls.daemon.nothing_stored()


async def test_an_archived_slug_is_not_made_anew(urls: Urls) -> None:
    await urls.daemon.runner.run(monitors.archive, monitors.MonitorNamed(urls.daemon.project_id, "nightly"))

    assert await urls.told(f"{KEY}/nightly?create=1") == (
        409,
        "the monitor nightly is archived and is not made anew; bring it back, or choose another slug",
    )


async def test_the_sixty_first_monitor_within_the_hour_has_to_wait(urls: Urls) -> None:
    for number in range(60):
        assert (await urls.ping(f"{KEY}/job-{number}?create=1")).status == 201

    answer = await urls.ping(f"{KEY}/job-60?create=1")

    assert answer.status == 429
    assert answer.body.startswith(b"60 monitors were made by ping within the hour, more are not; wait, or add this one")
    assert int(answer.headers["Retry-After"]) > 0
    assert await urls.told(f"{KEY}/job-0?create=1") == (200, "OK")
    assert await urls.monitor("job-60") is None


PATHS = [*f"{KEY} {PING_ID} nightly new start 9 %00 ÿ %FF%FE .. ; ٣ %2F [ @".split(), ""]
FIELDS = [*PingFields.__annotations__, "durationMs", "eventId", "sentAt", "at", "traceId", "schedule", "grace"]
VALUES = [*f"1 -1 {RID} {'1' * 30} %00 %ED%A0%80 ÿ 1d *+*+*+*+* % && = %F0 gzip".split(), ""]
HEADERS = ["Idempotency-Key", "traceparent", "X-Forwarded-For", "Content-Encoding", "Content-Type"]


def anything(dice: random.Random) -> bytes:
    path = "/".join([dice.choice([KEY, PING_ID, "x"]), *dice.choices(PATHS, k=dice.randrange(3))])
    query = "&".join(f"{dice.choice(FIELDS)}={dice.choice(VALUES)}" for _ in range(dice.randrange(4)))
    creates = dice.choice(["", "&create=1"])
    headers = [f"{dice.choice(HEADERS)}: {dice.choice(VALUES)}" for _ in range(dice.randrange(3))]
    body = bytes(dice.choices(b"\x00\xff\x1b\x1f\x8b\x08[a\n", k=dice.randrange(300)))
    method = dice.choice(["GET", "POST", "HEAD"])
    head = [f"{method} /ping/{path}?{query}{creates} HTTP/1.1", "Host: x", "Connection: close", *headers]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode("latin-1", "replace") + body


async def test_nothing_that_is_sent_makes_it_stumble(urls: Urls, caplog: pytest.LogCaptureFixture) -> None:
    dice = random.Random(7)

    statuses = {int((await urls.daemon.talk(anything(dice))).split(b" ")[1]) for _ in range(400)}

    assert statuses == {200, 201, 400, 404}
    assert {record.name for record in caplog.records} == {"seestackd.web.complaints"}
