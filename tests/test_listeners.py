"""Who waits while one process takes a listening socket over from another."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from seestackd.listeners import listeners
from seestackd.systemd import Inherited
from seestackd.web.server import ACCEPTED_AT_ONCE


@pytest.fixture(params=["bound here", "held by systemd"])
def listening(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    held = [Inherited("http", socket.create_server(("127.0.0.1", 0), backlog=1024))]
    with listeners("127.0.0.1:0", held if request.param == "held by systemd" else []) as (taken,), taken:
        yield taken
    for one in held:
        one.socket.close()


def test_nobody_is_turned_away_while_the_event_loop_takes_over_those_who_wait(listening: socket.socket) -> None:
    with ExitStack() as waiting:
        for _ in range(ACCEPTED_AT_ONCE + 10):
            waiting.enter_context(socket.create_connection(listening.getsockname(), timeout=5))
        listening.listen(ACCEPTED_AT_ONCE)  # as asyncio does when it begins to serve
        waiting.enter_context(socket.create_connection(listening.getsockname(), timeout=0.8))
