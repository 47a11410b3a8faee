"""Plain pings are answered in front of aiohttp; every request gets the answer that aiohttp alone would give."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seestackd.core.keys import Scope
from seestackd.core.monitor import new_monitor
from seestackd.operations import keys, monitors
from seestackd.web.heads import read_head
from seestackd.web.server import WebSettings
from tests.web import test_heartbeat, test_transport
from tests.web.conftest import SECRET, Daemon, Prepared, listening
from tests.web.test_ping_urls import KEY, MEANINGS, PING_ID, RID
from tests.web.test_protocol import LAST, MALFORMED, request

OPEN = ("https://shop.example",)
ONCE = re.compile(rb'("requestId":")[^"]+|("timestamp":")[^"]+|(\r\nDate: )[^\r]+')
HEADERS = """Content-Type: text/plain|Content-Encoding: gzip|Content-Encoding: identity|Expect: 100-continue
Idempotency-Key: a|X-SeeStack-Key: other|X-AllStak-Key: other|Origin: https://shop.example|Origin: https://evil.example
X-Forwarded-For: 192.0.2.7, 10.0.0.1|X-Odd: \xe4|X-Empty:|X-Tab:\tvalue|Upgrade: websocket|Transfer-Encoding: identity
Transfer-Encoding: chunked|Content-Type: application/json; charset=utf-8|Trailer: X""".replace("\n", "|").split("|")
HEADERS += ["Idempotency-Key: " + "k" * 200, "X-Long: " + "l" * 5000, "X-Folded: a\r\n b"]
HEARTBEAT = "/ingest/v1/heartbeat"
LINES = [f"{method} {HEARTBEAT}" for method in ("GET", "OPTIONS", "PUT")]
LINES += [f"POST {path}" for path in (f"{HEARTBEAT}?a=1", f"{HEARTBEAT}/", f"/{HEARTBEAT}", f"http://x{HEARTBEAT}")]
LINES += [f"POST {scheme}://x{HEARTBEAT}" for scheme in ("ftp", "HTTP", "https", "httpx")]
PAIR: list[dict[str, Any]] = [{}, {"cors_origins": OPEN}, {"trusted_proxies": ("127.0.0.1",)}]


def tables(module: ModuleType, name: str) -> Iterator[Any]:
    """Yield the values that the tests of a module are given under a name."""
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", []):
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            if name in names:
                yield from (row if len(names) == 1 else row[names.index(name)] for row in mark.args[1])


def heartbeats() -> Iterator[bytes]:
    documents = [*tables(test_heartbeat, "document"), test_heartbeat.GOOD]
    documents += [{**test_heartbeat.GOOD, "status": status} for status in tables(test_heartbeat, "status")]
    documents += [{**test_heartbeat.GOOD, "slug": "unknown"}, {**test_heartbeat.GOOD, "slug": "archived"}]
    yield from (json.dumps(document).encode() for document in documents)
    yield from test_transport.HOSTILE.values()
    odd = {**test_transport.IGNORED, **test_transport.HARMLESS}
    yield from (test_transport.with_field("/ingest/v1/heartbeat", value) for value in odd.values())


def headed() -> Iterator[bytes]:
    """Yield heartbeats with headers of all kinds."""
    for header in HEADERS:
        yield request(header, LAST)
    yield request("X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: nonsense", LAST)
    yield request(*(f"X-{number}: 1" for number in range(100)), LAST)
    yield request(LAST).replace(SECRET.encode(), SECRET[:-1].encode())
    yield request(LAST).replace(b"X-SeeStack-Key: ", b"X-AllStak-Key:")
    yield request(LAST).replace(b"HTTP/1.1", b"HTTP/1.0")
    for line in LINES:
        yield request(LAST, line=f"{line} HTTP/1.1")


def urls() -> Iterator[bytes]:
    places = [f"{KEY}/nightly", PING_ID, f"{KEY}/unknown", f"{KEY}/archived", "p" * 21, SECRET + "/nightly", KEY, ""]
    actions = [
        "",
        "/",
        "//",
        *(action for action, *_ in MEANINGS),
        "/256",
        "/-1",
        "/what",
        "/fail/2",
        f"?rid={RID}",
        "?rid=1",
        "/%31",
    ]
    for place in places:
        for action in actions:
            for method in ("GET", "HEAD"):
                yield f"{method} /ping/{place}{action} HTTP/1.1\r\nHost: x\r\n{LAST}\r\n\r\n".encode()
    for place in places:
        for method, extra in (("POST", ""), ("POST", "Content-Encoding: gzip\r\n"), ("GET", ""), ("PUT", "")):
            head = f"{method} /ping/{place} HTTP/1.1\r\nHost: x\r\n{LAST}\r\n{extra}"
            yield f"{head}Content-Length: 12\r\n\r\nall is well\n".encode()
    for scheme in ("ftp", "http"):
        yield f"GET {scheme}://x/ping/{PING_ID} HTTP/1.1\r\nHost: x\r\n{LAST}\r\n\r\n".encode()
    for header in (
        "Idempotency-Key: " + "k" * 200,
        "traceparent: nonsense",
        "Idempotency-Key: once",
        "Idempotency-Key: once",
    ):
        yield f"GET /ping/{PING_ID} HTTP/1.1\r\nHost: x\r\n{header}\r\n{LAST}\r\n\r\n".encode()


async def filled(
    stack: AsyncExitStack, prepared: Prepared, folder: Path, front: bool, settings: dict[str, Any]
) -> Daemon:
    folder.mkdir()
    web = WebSettings(max_body_bytes=1024 * 1024, shutdown_timeout=1, fast_front=front, **settings)
    daemon = await stack.enter_async_context(listening(prepared, folder, web))
    await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "urls", Scope.PING, KEY))
    new = monitors.AddMonitor(daemon.project_id, new_monitor("archived", "1d"), "a" * 22)
    await daemon.runner.run(monitors.add, new)
    await daemon.runner.run(monitors.archive, monitors.MonitorNamed(daemon.project_id, "archived"))
    await daemon.keys.load()
    return daemon


@pytest.fixture(params=PAIR, ids=["plain", "cors", "proxies"])
async def pair(
    prepared: Prepared, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Daemon, Daemon]]:
    """Two daemons alike in all but the front."""
    async with AsyncExitStack() as stack:
        with_front = await filled(stack, prepared, tmp_path / "front", True, request.param)
        yield with_front, await filled(stack, prepared, tmp_path / "general", False, request.param)


async def told(daemon: Daemon, *pieces: bytes) -> bytes:
    return ONCE.sub(rb"\1\2\3", await daemon.talk(*pieces))


async def stored(daemon: Daemon) -> list[Any]:
    return [stored.ping for stored in await daemon.pings()]


async def test_every_request_is_answered_as_without_it_and_stores_the_same(pair: tuple[Daemon, Daemon]) -> None:
    front, general = pair
    sent = [request(LAST, body=body) for body in heartbeats()] + [*headed(), *urls(), *MALFORMED.values()]
    for each in sent:
        if b"Connection: close" in each or each in MALFORMED.values():
            assert await told(front, each) == await told(general, each), each[:300]

    assert await stored(front) == await stored(general)
    assert len(await stored(front)) > 50


async def test_whoever_cannot_be_served_hears_so_as_without_it_however_often(pair: tuple[Daemon, Daemon]) -> None:
    front, general = pair
    for daemon in pair:
        await daemon.runner.stop()
    sent = [request(LAST), request(LAST, body=json.dumps({**test_heartbeat.GOOD, "slug": "another"}).encode())]
    sent += [
        f"{method} /ping/{KEY}/nightly HTTP/1.1\r\nHost: x\r\n{LAST}\r\n\r\n".encode() for method in ("GET", "HEAD")
    ]

    for each in sent * 2:
        answer = await told(front, each)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: " in answer
        assert answer == await told(general, each)


async def test_what_comes_in_pieces_or_together_is_answered_alike(pair: tuple[Daemon, Daemon]) -> None:
    front, general = pair
    whole, last, url = request(), request(LAST), f"GET /ping/{PING_ID}/fail HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    bad, other = request(body=b"{"), b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    for pieces in (
        (whole, whole, last), (whole * 2 + last,), (whole[:9], whole[9:60], whole[60:-4], whole[-4:] + last),
        (url * 3 + last,), (url + other + whole + last,), (whole, bad, whole, last),
        (whole * 200 + last,), (b"\r\n" + last,), (b"P", b"O", last[2:]), (last.replace(b"Host: x\r\n", b""),),
    ):  # fmt: skip
        assert await told(front, *pieces) == await told(general, *pieces), pieces

    assert await stored(front) == await stored(general)


async def test_a_ping_counts_whatever_nonsense_follows_it(daemon: Daemon) -> None:
    answer = await daemon.talk(request() + b"nonsense\r\n\r\n")

    assert b" 202 " in answer
    assert b" 400 " in answer
    assert len(await daemon.pings()) == 1


async def test_one_that_hangs_up_leaves_its_ping_stored_and_its_neighbours_their_answers(daemon: Daemon) -> None:
    _, gone = await asyncio.open_connection("127.0.0.1", daemon.port)
    gone.write(request())
    await gone.drain()
    gone.transport.abort()

    assert b" 202 " in await daemon.talk(request(LAST))


async def test_a_key_that_is_revoked_opens_no_door_from_then_on(daemon: Daemon) -> None:
    assert b" 202 " in await daemon.talk(request(LAST))

    await daemon.runner.run(keys.revoke, keys.RevokeKey(daemon.project_id, "cron"))

    assert b" 401 " in await daemon.talk(request(LAST))


def test_plain_pings_are_read_and_whatever_could_mean_two_things_is_not() -> None:
    for plain in (request(), request(LAST), b"GET /ping/a/b HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert read_head(plain.partition(b"\r\n\r\n")[0] + b"\r\n\r\n") is not None, plain
    odd = [request("Content-Length: 52", "content-length: 52"), request("X: a\x00"), request("Content-Length: 9" * 9)]
    for other in (*MALFORMED.values(), *odd):
        assert read_head(other.partition(b"\r\n\r\n")[0] + b"\r\n\r\n") is None, other
