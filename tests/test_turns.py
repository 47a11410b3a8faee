"""The event loop's short turns, with real sockets."""

import asyncio
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from seestackd.turns import MAX_EVENTS, FewAtATime, run

PAIRS = MAX_EVENTS + 50


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    with ExitStack() as stack:
        made = [socket.socketpair() for _ in range(PAIRS)]
        for pair in made:
            for end in pair:
                stack.enter_context(end)
                end.setblocking(False)
        yield made


def test_all_ready_connections_get_their_turn_a_few_at_a_time(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    with FewAtATime() as selector:
        for near, far in pairs:
            selector.register(near, selectors.EVENT_READ)
            far.send(b"x")
        turns = [[key.fd for key, _ in selector.select(0)] for _ in range(2)]
        assert [len(turn) for turn in turns] == [MAX_EVENTS, MAX_EVENTS]
        assert set(turns[0]) | set(turns[1]) == {near.fileno() for near, _ in pairs}


def test_only_what_was_asked_for_is_told(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    with FewAtATime() as selector:
        (reads, other), (writes, _), (both, third) = pairs[:3]
        selector.register(reads, selectors.EVENT_READ)
        selector.register(writes, selectors.EVENT_WRITE)
        selector.register(both, selectors.EVENT_READ | selectors.EVENT_WRITE)
        assert {key.fileobj: events for key, events in selector.select(0)} == {writes: 2, both: 2}
        other.close()
        third.send(b"x")
        assert {key.fileobj: events for key, events in selector.select(0)} == {reads: 1, writes: 2, both: 3}


def test_what_is_due_runs_between_two_turns(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    seen: list[int | str] = []

    async def scenario() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def read(number: int) -> None:
            pairs[number][0].recv(1)
            if not seen:
                loop.call_soon(seen.append, "due")
            seen.append(number)
            if len(seen) == PAIRS + 1:
                done.set()

        for number, (near, far) in enumerate(pairs):
            loop.add_reader(near, read, number)
            far.send(b"x")
        await done.wait()
        for near, _ in pairs:
            loop.remove_reader(near)

    run(scenario(), use_uvloop=False)
    assert seen.index("due") == MAX_EVENTS
