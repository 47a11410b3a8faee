"""HTTP itself, spoken by hand: framing, keep-alive, deadlines, and requests that are none."""

import asyncio
import json
import logging
import re
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from seestackd.store.interface import Transaction
from seestackd.web.server import WebSettings
from tests.rows import rows
from tests.web.conftest import SECRET, Daemon, Prepared, listening

BODY = b'{"slug":"nightly","status":"success","durationMs":1}'
CANARY = "canary-3f9a"


def request(*headers: str, body: bytes = BODY, line: str = "POST /ingest/v1/heartbeat HTTP/1.1") -> bytes:
    head = [line, "Host: x", f"X-SeeStack-Key: {SECRET}", "Content-Type: application/json", *headers]
    if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


LAST = "Connection: close"


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def document(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    return json.loads(body)  # type: ignore[no-any-return]


MALFORMED = {
    "not http": b"hello there\r\n\r\n",
    "bad method": b"P\x01ST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "control character in the key": f"POST / HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {CANARY}\x01\r\n\r\n".encode(),
    "space after the key's name": f"POST / HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key : {CANARY}\r\n\r\n".encode(),
    "NUL in the key": f"POST / HTTP/1.1\r\nHost: x\r\nX-AllStak-Key: {CANARY}\0\r\n\r\n".encode(),
    "bare line feed in a header": f"POST / HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {CANARY}\n bad\r\n\r\n".encode(),
    "long header": f"POST / HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {CANARY}{'k' * 9000}\r\n\r\n".encode(),
    "long line": f"POST /{CANARY}{'p' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "200 headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"h%d: 1\r\n" % n for n in range(200)) + b"\r\n",
    "length twice": request("Content-Length: 5", "Content-Length: 6"),
    "length and chunked": request("Content-Length: 52", "Transfer-Encoding: chunked"),
    "signed length": request("Content-Length: +52"),
    "negative length": request("Content-Length: -1"),
    "unknown transfer encoding": request("Transfer-Encoding: canary-3f9a"),
    "version 9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "another scheme": f"GET ftp://x/ping/{SECRET}/nightly HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "another scheme and no server": request(line="POST file:///ingest/v1/heartbeat HTTP/1.1"),
    "no server in the target": request(line="POST http:///ingest/v1/heartbeat HTTP/1.1"),
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 40,
}


@rows("sent", MALFORMED.values())
async def test_what_is_no_http_gets_json_and_is_neither_echoed_nor_logged(
    daemon: Daemon, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    caplog.set_level(logging.DEBUG)

    answer = await daemon.talk(sent)

    assert statuses(answer) == [400]
    error = document(answer)["error"]
    assert error == {"code": "BAD_REQUEST", "message": "The request is not valid HTTP"}
    for place in (answer.decode(), caplog.text):
        assert CANARY not in place
        assert SECRET not in place
        assert "Traceback" not in place
    assert await daemon.nothing_stored()


async def test_a_bad_chunk_is_refused(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    answer = await daemon.talk(request(LAST, "Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n"))

    assert statuses(answer)[0] == 400
    assert "Traceback" not in caplog.text
    assert await daemon.nothing_stored()


async def test_chunks_are_put_together(daemon: Daemon) -> None:
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (10, BODY[:10], len(BODY) - 10, BODY[10:])

    assert statuses(await daemon.talk(request(LAST, "Transfer-Encoding: chunked", body=chunks))) == [202]


async def test_pipelined_requests_are_answered_in_order(daemon: Daemon) -> None:
    wrong = request(body=b'{"slug":"weekly","status":"success","durationMs":1}')

    answer = await daemon.talk(request() + wrong + request(body=b"{") + request(LAST))

    assert statuses(answer) == [202, 404, 400, 202]


async def test_a_connection_lives_on_after_an_error(daemon: Daemon) -> None:
    unknown = request(line="GET /nowhere HTTP/1.1", body=b"")
    keyless = request().replace(SECRET.encode(), b"wrong")
    wrong_type = request().replace(b"application/json", b"text/plain")

    answer = await daemon.talk(unknown + keyless + wrong_type + request(LAST))

    assert statuses(answer) == [404, 401, 415, 202]


async def test_a_client_that_waits_for_100_continue_is_told_to_go_on(daemon: Daemon) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    head, body = request("Expect: 100-continue")[: -len(BODY)], BODY
    writer.write(head)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
    writer.write(body)
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 202 ")
    writer.close()


async def test_another_expectation_fails_in_json(daemon: Daemon) -> None:
    answer = await daemon.talk(request(LAST, "Expect: miracles"))

    assert statuses(answer) == [417]
    assert document(answer)["success"] is False


async def test_http_1_0_is_served(daemon: Daemon) -> None:
    assert statuses(await daemon.talk(request(line="POST /ingest/v1/heartbeat HTTP/1.0"))) == [202]


async def test_a_huge_announced_body_is_refused_before_it_comes(daemon: Daemon) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    writer.write(request("Content-Length: 99999999999", body=b""))
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_a_head_that_does_not_end_is_cut_off(impatient: Daemon) -> None:
    for begun in (b"", b"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\n"):
        assert await impatient.talk(begun) == b""


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (request(), [202]),
        (request() + request(), [202, 202]),
        (request() + request()[:40], [202]),
        (request() + request()[:-5], [202]),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", [200]),
        (request() + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", [202, 200]),
        (request()[:-5], []),
        (b"GET /livez HTTP/1.1\r\n", []),
        (b"", []),
    ],
)
async def test_who_has_no_more_to_say_is_answered_and_then_hung_up_on(
    daemon: Daemon, sent: bytes, answered: list[int]
) -> None:
    """As `nc -N` and `socat` do: they close their half as soon as they have sent what they had."""
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(3):
        raw = await reader.read()
    writer.close()

    assert [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", raw)] == answered


async def test_a_stop_does_not_wait_for_who_has_been_silent_for_long(prepared: Prepared, tmp_path: Path) -> None:
    """Pings of a restart wait as long as a stop takes, and half-open connections are cheap to make."""
    async with AsyncExitStack() as stack:
        patient = await stack.enter_async_context(listening(prepared, tmp_path, WebSettings(shutdown_timeout=1)))
        _, silent = await asyncio.open_connection("127.0.0.1", patient.port)
        _, begun = await asyncio.open_connection("127.0.0.1", patient.port)
        begun.write(b"GET /docs HTTP/1.1\r\n")
        await asyncio.sleep(1.1)
        async with asyncio.timeout(0.7):
            await stack.aclose()
    silent.close()
    begun.close()


async def test_a_stop_hears_out_who_has_just_begun(prepared: Prepared, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        hearing = await stack.enter_async_context(listening(prepared, tmp_path, WebSettings(shutdown_timeout=1)))
        reader, writer = await asyncio.open_connection("127.0.0.1", hearing.port)
        sent = request()
        writer.write(sent[:20])
        await asyncio.sleep(0.05)
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0.1)
        writer.write(sent[20:])
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 202 ")
        await stopping
    writer.close()


async def test_a_head_that_does_not_end_on_a_kept_connection_is_cut_off(impatient: Daemon) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
    writer.write(request())
    await reader.readuntil(b"}")
    await asyncio.sleep(0.15)
    writer.write(request())
    await reader.readuntil(b"}")
    writer.write(b"POST /ingest")
    async with asyncio.timeout(2):
        assert await reader.read() == b""
    writer.close()


async def test_a_head_begun_during_an_answer_is_cut_off_after_it(impatient: Daemon) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction, command: None, at: int) -> None:
        writing.set()
        go_on.wait(5)

    held = asyncio.ensure_future(impatient.runner.run(hold, None))
    await asyncio.to_thread(writing.wait, 5)
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
    # Its content type makes it one that aiohttp answers.
    writer.write(
        request("Content-Type: application/json; charset=utf-8").replace(b"Content-Type: application/json\r\n", b"")
    )
    await asyncio.sleep(0.05)
    writer.write(b"POST /ingest")
    await asyncio.sleep(0.25)
    go_on.set()
    await held

    async with asyncio.timeout(2):
        assert statuses(await reader.read()) == [202]
    writer.close()


async def test_a_body_that_does_not_end_is_answered_408(impatient: Daemon) -> None:
    answer = await impatient.talk(request()[:-5])

    assert statuses(answer) == [408]
    assert document(answer) == {
        "ok": False,
        "code": "REQUEST_TIMEOUT",
        "message": "The request did not arrive in time",
    }
    assert b"connection: close" in answer.lower()
    assert await impatient.nothing_stored()


async def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_no_trace(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    writer.write(request()[:-5])
    await writer.drain()
    writer.transport.abort()
    assert (await daemon.send("/livez", method="GET")).status == 200

    assert caplog.text == ""
    assert await daemon.nothing_stored()


async def test_a_ping_is_stored_even_when_its_client_has_hung_up(daemon: Daemon) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    writer.write(request())
    await writer.drain()
    writer.transport.abort()

    async with asyncio.timeout(5):
        while not await daemon.pings():
            await asyncio.sleep(0.01)


async def test_no_answer_names_the_software_behind_it(daemon: Daemon) -> None:
    for sent in (request(LAST), request(LAST, line="GET /nowhere HTTP/1.1"), b"nonsense\r\n\r\n"):
        answer = (await daemon.talk(sent)).lower()
        assert b"server: seestackd\r\n" in answer
        assert b"aiohttp" not in answer
