"""Who gets a connection: the list of all, the timer that looks after them, and their end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from seestackd.web.express import Express
from seestackd.web.front import Front
from seestackd.web.protocol import Connection, Door
from seestackd.web.turn import Turn

_HEAR_OUT_S = 1.0
"""Who connects or begins a request is expected to say the whole of it within this time; a stop waits no longer."""
_HEAR_OUT_STEP = 0.005
_HEAR_OUT_STEPS = round(_HEAR_OUT_S / _HEAR_OUT_STEP)
_LOOKS_PER_HEAD = 8
# With what the writer's queue takes after that, whoever is refused learns of it within a second.
MOST_WAIT_S = 0.4
# Hanging up on thousands at once would hold reports up, so one look takes up to so many turns, seconds apart.
_TURNS, _TURN_S, _FEWEST = 120, 0.005, 50


@dataclass(frozen=True, slots=True)
class Entrance:
    """How connections begin: at aiohttp's door, or in front of it. `keepalive_timeout` in seconds.

    `below` is the path of the public address, such as /mon, which a proxy may take off a request or leave there.
    `is_full` tells whether pings had better wait before they go to the writer.
    """

    door: Door
    keepalive_timeout: float
    express: Express | None = None
    below: str = ""
    is_full: Callable[[], bool] = bool


class Listener(web.Server):
    """Makes a `Connection` for every client, or a `Front`, which makes one when it is needed."""

    def __init__(self, inner: web.Server, entrance: Entrance) -> None:
        make = _without(entrance.below, inner.request_factory) if entrance.below else inner.request_factory
        super().__init__(inner.request_handler, request_factory=make, **inner._kwargs)
        self._express = entrance.express
        self._door = entrance.door
        self.head_timeout = entrance.door.head_timeout
        self.keepalive_timeout = entrance.keepalive_timeout
        self.turn = Turn(self._loop, entrance.is_full, MOST_WAIT_S)
        self._fronts: set[Front] = set()
        self._looking: asyncio.TimerHandle | None = None
        self._unseen: list[Front] = []
        self._share = _FEWEST

    def __call__(self) -> Any:
        return self.general() if self._express is None else Front(self._express, self, self._loop)

    def general(self) -> Connection:
        """Return a connection on which aiohttp reads the requests."""
        return Connection(self, self._door, loop=self._loop, **self._kwargs)

    def opened(self, front: Front, transport: asyncio.Transport, address: str) -> None:
        """Count a connection in."""
        self.connection_made(cast("RequestHandler", front), transport)
        self._fronts.add(front)
        self._door.crowd.arrive(front, address)
        if self._looking is None:
            self._look_soon()

    def vouched(self, front: Front) -> None:
        """Note that a client has shown a good key."""
        self._door.crowd.vouch(front)

    def was_slow(self, address: str) -> None:
        """Note that a client has not said in time what it wants."""
        self._door.complaints.note("slow_head", address)

    def closed(self, front: Front) -> None:
        """Count a connection out."""
        self.connection_lost(cast("RequestHandler", front))
        self._fronts.discard(front)
        self._door.crowd.leave(front)

    def _look_soon(self) -> None:
        self._looking = self._loop.call_later(self.head_timeout / _LOOKS_PER_HEAD, self._look)

    def _look(self) -> None:
        """One timer for all: most connections are gone before a timer of their own would ring."""
        self._looking = None
        if not self._unseen:
            self._unseen = list(self._fronts)
            self._share = max(_FEWEST, len(self._unseen) // _TURNS + 1)
        now = self._loop.time()
        for front in self._unseen[-self._share :]:
            front.look(now)
        del self._unseen[-self._share :]
        if self._unseen:
            self._looking = self._loop.call_later(_TURN_S, self._look)
        elif self._fronts:
            self._look_soon()


class WebRunner(web.AppRunner):
    """Serves an application through a `Listener`."""

    __slots__ = ("_entrance",)

    def __init__(self, app: web.Application, entrance: Entrance, **options: Any) -> None:
        super().__init__(app, keepalive_timeout=entrance.keepalive_timeout, **options)
        self._entrance = entrance

    async def cleanup(self) -> None:
        """Accept nobody any more, hear out who has connected already, answer what is in flight, and end.

        A client that was accepted has left the backlog: the next process would not hear its ping.
        """
        for site in list(self.sites):
            await site.stop()
        for _ in range(_HEAR_OUT_STEPS):
            if not self._is_owed_a_request():
                break
            await asyncio.sleep(_HEAR_OUT_STEP)
        await super().cleanup()
        self._entrance.door.complaints.close()

    def _is_owed_a_request(self) -> bool:
        since = asyncio.get_running_loop().time() - _HEAR_OUT_S + self._entrance.door.head_timeout
        connections = self.server.connections if self.server is not None else []
        return any(isinstance(each, Connection | Front) and each.owes_until > since for each in connections)

    async def _make_server(self) -> web.Server:
        return Listener(await super()._make_server(), self._entrance)


def _without(below: str, make: Any) -> Any:
    """Return a maker of requests that knows nothing of the path before their own."""

    def made(message: Any, *rest: Any) -> web.BaseRequest:
        path = message.url.raw_path
        if path == below or path.startswith(f"{below}/"):
            url = message.url.with_path(path[len(below) :] or "/", encoded=True, keep_query=True, keep_fragment=True)
            message = message._replace(url=url, path=str(url))
        return cast("web.BaseRequest", make(message, *rest))

    return made
