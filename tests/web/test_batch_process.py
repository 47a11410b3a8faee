"""Large batches are read in a process of their own: the same answers, and no harm when it dies."""

import asyncio
import gzip
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from seestackd.errors import Busy
from seestackd.web.batch_messages import FORMS, REPLAY, REQUESTS, Form
from seestackd.web.batch_process import BatchProcesses
from seestackd.web.batch_worker import giving_way
from seestackd.web.bodies import Bodies
from seestackd.web.gathered import Gathered, Memory
from seestackd.web.gzipped import whole
from seestackd.web.refusal import Refusal
from tests.rows import rows
from tests.web.conftest import Daemon

LIMIT = 1024 * 1024
MEMORY = Memory()
EVENT = {"eventType": "click", "eventData": '{"user_id":"u1","password":"x y"}', "url": "https://a.example/?token=abc"}
EVENTS = [
    {**EVENT, "timestampMillis": 1000.7},
    {**EVENT, "eventType": "jsError", "url": None},
    {**EVENT, "url": "é\ud83d"},
]
BODY = json.dumps({"fingerprint": "fp", "sessionId": "s", "events": EVENTS[:2]}).encode()
REQUEST = {
    "traceId": "t", "direction": "outbound", "method": "get", "host": "h", "path": "/a?token=abc", "statusCode": 200,
    "durationMs": 1500.5, "timestamp": "2026-03-31T12:00:00.123Z", "userId": "ü",
}  # fmt: skip
ASKED: list[tuple[Form[Any], bytes, bool]] = [
    (REPLAY, BODY, False),
    (REPLAY, gzip.compress(BODY), True),
    (REPLAY, BODY, True),
    (REPLAY, gzip.compress(b" " * (LIMIT + 1)), True),
    (REPLAY, b"{", False),
    (REPLAY, b"[]", False),
    (REPLAY, json.dumps({"fingerprint": "fp", "sessionId": " ", "events": [{}, 7]}).encode(), False),
    (REPLAY, json.dumps({"fingerprint": "fp", "sessionId": "s", "events": EVENTS}).encode(), False),
    (REPLAY, BODY.replace(b"fp", rb"\u0000"), False),
    (REQUESTS, json.dumps({"requests": [REQUEST, {**REQUEST, "responseSize": 2**63 - 1}]}).encode(), False),
    (REQUESTS, json.dumps({"requests": []}).encode(), False),
]


@asynccontextmanager
async def a_process() -> AsyncIterator[BatchProcesses]:
    process = BatchProcesses()
    try:
        yield process
    finally:
        process.close()


async def read(process: BatchProcesses, body: bytes = BODY, form: Form[Any] = REPLAY, zipped: bool = False) -> Any:
    gathered = Gathered(MEMORY, 10)
    try:
        for at in range(0, len(body), 100):
            gathered.add(body[at : at + 100])
        return await process.read(form, gathered, zipped, LIMIT)
    finally:
        gathered.close(read=True)


def here(form: Form[Any], raw: bytes, zipped: bool) -> Any:
    """What the same body comes to without a process: a batch, or what it is refused with."""
    try:
        return form.read(whole(raw, zipped, LIMIT))
    except Refusal as refusal:
        return vars(refusal)


def gives_way(pid: int) -> bool:
    """Whether a process has asked to be alarmed, and so to yield."""
    (caught,) = re.findall(r"SigCgt:\t(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(caught, 16) >> (signal.SIGALRM - 1) & 1)


def children() -> set[int]:
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in found if b"batch_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@rows("small", [0, 7, 10**6])
def test_a_body_in_pieces_is_whole_again_also_in_memory_that_held_a_longer_one(small: int) -> None:
    memory = Memory()
    for filler in (b"i" * 100_000, b"j" * 1000):
        body = Gathered(memory, small)
        for piece in (b"ab", b"cdefgh", b"", filler):
            body.add(piece)

        assert body.whole() == b"abcdefgh" + filler
        assert os.pread(body.descriptor(), body.size, 0) == b"abcdefgh" + filler
        assert (body.whole(), body.size) == (b"abcdefgh" + filler, 8 + len(filler))
        body.close(read=True)
    memory.close()


async def test_what_it_answers_is_what_the_same_body_comes_to_without_it() -> None:
    found = []
    async with a_process() as process:
        for form, raw, zipped in ASKED:
            try:
                found.append(await read(process, raw, form, zipped))
            except Refusal as refusal:
                found.append(vars(refusal))

    assert found == [here(*each) for each in ASKED]
    assert {type(each) is dict for each in found} == {True, False}
    assert [form.number for form in FORMS] == [0, 1]


async def test_it_shows_no_secret_and_is_stopped_by_nobody_but_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEESTACKD_SECRET", "hush")
    async with a_process() as process:
        await read(process)
        (pid,) = children()
        shown = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, number)
        again = await read(process)

        assert (again.fingerprint, children()) == ("fp", {pid})
        assert b"hush" not in shown
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert children() == set()


async def test_a_batch_whose_process_dies_is_read_by_the_next_one() -> None:
    async with a_process() as process:
        await read(process)
        (first,) = children()
        os.kill(first, signal.SIGSTOP)
        waiting = [asyncio.create_task(read(process)) for _ in range(6)]
        await asyncio.sleep(0.05)
        # Who waits too long has a second one started, where there is a core for it.
        assert len(children()) == min(2, os.cpu_count() or 1)
        os.kill(first, signal.SIGKILL)

        assert {(await each).batch.count for each in waiting} == {2}
        assert children() & {first} == set()


async def test_it_works_at_rest_only_until_a_machine_without_rest_has_kept_a_batch_waiting() -> None:
    process = BatchProcesses(rest_within=0.2)
    try:
        await read(process)
        (first,) = children()
        assert (os.sched_getscheduler(first), gives_way(first)) == (os.SCHED_IDLE, True)
        # A process that gets no processor time looks like one that is stopped.
        os.kill(first, signal.SIGSTOP)

        assert (await read(process)).fingerprint == "fp"
        (second,) = children()
        assert second != first
        assert (os.sched_getscheduler(second), gives_way(second)) == (os.SCHED_OTHER, False)
    finally:
        process.close()


def test_at_rest_the_processor_is_yielded_again_and_again_while_a_batch_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The time limit of a test is an alarm too.
    limit, left = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    yields: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: yields.append(None))
    try:
        with giving_way():
            steps = 0
            while len(yields) < 3 and steps < 100_000_000:
                steps += 1
        assert len(yields) >= 3
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    finally:
        signal.signal(signal.SIGALRM, limit)
        signal.setitimer(signal.ITIMER_REAL, *left)


async def test_a_batch_that_ends_every_process_is_answered_busy_and_harms_no_other() -> None:
    fatal = replace(REPLAY, number=99)
    async with a_process() as process:
        fatally = asyncio.create_task(read(process, form=fatal))
        others = [await read(process) for _ in range(3)]
        with pytest.raises(Busy):
            await fatally

    assert [other.fingerprint for other in others] == ["fp"] * 3


@pytest.mark.parametrize("python", ["/bin/false", "/nonexistent"])
async def test_where_no_process_can_be_started_the_daemon_reads_by_itself(
    python: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    events = [{**EVENT, "eventData": "x" * 1000}] * 100

    answers = [
        await daemon.send("/ingest/v1/replay", {"fingerprint": "fp", "sessionId": "s", "events": events})
        for _ in range(2)
    ]

    assert [answer.status for answer in answers] == [202, 202]
    assert len(await daemon.events("fp")) == 200


async def test_who_sends_more_than_can_be_held_is_asked_to_wait() -> None:
    bodies = Bodies(LIMIT, 5.0, most_held=100_000)
    held = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        try:
            sent = await bodies.batch(request, REPLAY)
        except Busy as busy:
            return web.Response(status=503, headers={"Retry-After": str(busy.retry_after)})
        return web.Response(status=202, text=sent.fingerprint)

    async def slowly() -> AsyncIterator[bytes]:
        padded = BODY + b" " * 150_000
        yield padded[:-1]
        held.set()
        await gone.wait()
        yield padded[-1:]

    gone, app = asyncio.Event(), web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as client:
        slow = asyncio.create_task(client.post(url, data=slowly()))
        await held.wait()
        async with asyncio.timeout(5):
            while True:
                async with client.post(url, data=BODY + b" " * 70_000) as answer:
                    if answer.status == 503:
                        break
        small = await client.post(url, data=BODY)
        gone.set()
        taken = await slow
        after = await client.post(url, data=BODY + b" " * 70_000)
        assert [small.status, taken.status, after.status] == [202, 202, 202]
        assert answer.headers["Retry-After"] == "1"
    await runner.cleanup()
    bodies.close()
