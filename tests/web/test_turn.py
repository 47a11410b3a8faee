"""Requests have their turns on either event loop, and a ping is answered on both as fast as the writer takes it."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from seestackd.runner import MAX_BATCH
from seestackd.web.server import WebSettings
from seestackd.web.turn import MOST, Turn
from tests.web.conftest import Daemon, Prepared, listening
from tests.web.test_protocol import LAST, request

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def on_loop(request: pytest.FixtureRequest) -> Callable[..., None]:
    def run(main: Callable[[], object]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(main())  # type: ignore[arg-type]

    return run


def test_those_beyond_a_turn_go_on_in_the_next_ones_in_their_order(on_loop: Callable[..., None]) -> None:
    async def scenario() -> None:
        turn = Turn(asyncio.get_running_loop(), lambda: False, 60)
        went_on: list[tuple[int, bool]] = []
        taken = [turn.takes() for _ in range(MOST + 1)]
        for number in range(2 * MOST + 1):
            turn.wait(lambda late, number=number: went_on.append((number, late)))  # type: ignore[misc]
        while len(went_on) <= 2 * MOST:
            before = len(went_on)
            await asyncio.sleep(0)
            assert len(went_on) - before <= MOST
        assert taken == [True] * MOST + [False]
        assert went_on == [(number, False) for number in range(2 * MOST + 1)]
        assert turn.takes()

    on_loop(scenario)


def test_nobody_goes_on_while_the_writer_has_enough_unless_it_took_too_long(on_loop: Callable[..., None]) -> None:
    async def scenario() -> None:
        full, went_on = [True], []
        turn = Turn(asyncio.get_running_loop(), lambda: bool(full), 0.05)
        assert turn.takes()
        await asyncio.sleep(0.01)
        assert not turn.takes()
        turn.wait(went_on.append)
        await asyncio.sleep(0.01)
        assert not went_on
        await asyncio.sleep(0.06)
        assert went_on == [True]
        turn.wait(went_on.append)
        full.clear()
        await asyncio.sleep(0.02)
        assert went_on == [True, False]
        assert turn.takes()

    on_loop(scenario)


def test_pings_of_many_clients_are_all_answered_in_the_order_they_came(
    on_loop: Callable[..., None], prepared: Prepared, tmp_path: Path
) -> None:
    async def one(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request() * 3)
        answered = await reader.readuntil(b"}")
        writer.write(request() + request(LAST))
        try:
            return answered + await reader.read()
        finally:
            writer.close()

    async def scenario() -> None:
        async with listening(prepared, tmp_path, WebSettings(shutdown_timeout=1)) as daemon:
            answers = await asyncio.gather(*(one(daemon.port) for _ in range(40)))
            assert {answer.count(b"HTTP/1.1 202 ") for answer in answers} == {5}

    on_loop(scenario)


async def hold(daemon: Daemon) -> threading.Event:
    """Have the writer wait for the event, and too much wait for the writer."""
    go_on = threading.Event()
    for number in range(2 * MAX_BATCH + 1):
        daemon.runner.post(lambda tx, go_on, at: go_on.wait(20), go_on, lambda result, error: None)
        if number == 0:
            await asyncio.sleep(0.05)
    return go_on


@pytest.mark.parametrize("held_s", [0.05, 1.0])
async def test_who_has_to_wait_and_has_no_more_to_say_is_answered_before_the_hanging_up(
    prepared: Prepared, tmp_path: Path, held_s: float
) -> None:
    async with listening(prepared, tmp_path, WebSettings(shutdown_timeout=1)) as daemon:
        go_on = await hold(daemon)
        # The first request of a turn is still taken.
        first = asyncio.create_task(daemon.talk(request(LAST)))
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
        writer.write(request())
        writer.write_eof()
        await asyncio.sleep(held_s)
        go_on.set()
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()

        assert (await first).startswith(b"HTTP/1.1 202 ")
        assert answer.count(b"HTTP/1.1 ") == 1, "then it is hung up on"
        taken = answer.startswith(b"HTTP/1.1 202 ")
        assert taken or answer.startswith(b"HTTP/1.1 503 "), answer
        assert not (taken and held_s > 0.5), "it had to wait for too long"
        assert len(await daemon.pings()) == 1 + taken
