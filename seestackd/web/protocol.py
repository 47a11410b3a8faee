"""aiohttp's connection handling with what it lacks: a deadline for headers, and JSON where it would answer on its own.

A protocol error quotes the line it stumbled over, key and all: its text is neither answered nor logged.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from seestackd.web.complaints import Complaints
from seestackd.web.crowd import Crowd
from seestackd.web.errors import Answers, of_status
from seestackd.web.hardening import harden

_VERSIONS = (HttpVersion11, HttpVersion10)
_SERVERS = re.compile("https?://[^/?#]", re.IGNORECASE)

Lost = Callable[[web.BaseRequest], web.Response | None]
"""Returns the page for a path that nobody serves, or None for the answer in JSON."""


@dataclass(frozen=True, slots=True)
class Door:
    """What every connection leans on; `head_timeout` in seconds."""

    answers: Answers
    crowd: Crowd
    complaints: Complaints
    head_timeout: float
    lost: Lost | None = None


def _is_ours(message: RawRequestMessage) -> bool:
    """Tell whether a request is one of a version that is read here, to a path or to a server's (RFC 9112, 3.2)."""
    target = message.path
    return message.version in _VERSIONS and (
        target.startswith("/") or "://" not in target or _SERVERS.match(target) is not None
    )


def vouch(request: web.BaseRequest) -> None:
    """Note that the client of a request has shown a good key: its connection is no stranger's any more."""
    connection = request.protocol
    if isinstance(connection, Connection):
        connection.vouch()


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_address", "_door", "_head_deadline", "_vouched")

    def __init__(self, manager: web.Server, door: Door, **options: Any) -> None:
        super().__init__(manager, **options)
        self._door = door
        self._address = ""
        self._vouched = False
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if isinstance(peer, tuple) else ""
        self._expect_head()
        self._door.crowd.arrive(self, self._address)

    @property
    def busy(self) -> bool:
        """Whether a request of it is being answered."""
        return self._current_request is not None or bool(self._messages)

    def vouch(self) -> None:
        """Note that the client has shown a good key."""
        if not self._vouched:
            self._vouched = True
            self._door.crowd.vouch(self)

    def shed(self) -> None:
        """Hang up at once."""
        transport = self.transport
        self._forget_head()
        self.force_close()
        if transport is not None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        seen, no_body_due = self._request_count, self._has_whole_bodies()
        super().data_received(data)
        if self._request_count != seen:
            self._forget_head()
            self._refuse_what_is_not_for_us()
        elif self._head_deadline is None and no_body_due:
            # No body is due, and yet bytes came: the first part of another request's head.
            self._expect_head()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it: whether the connection stays
        """Answer what a client has asked that has no more to say, and only then hang up."""
        super().eof_received()
        begins = self._waiter is None and self._request_count > 0
        if not (self.busy or begins) or not self._has_whole_bodies():
            return False
        self.close()
        return True

    def _has_whole_bodies(self) -> bool:
        """Tell whether the body of the last request that came is here; also when none has come."""
        if self._messages:
            return self._messages[-1][1].is_eof()
        return self._current_request is None or self._current_request.content.is_eof()

    def _refuse_what_is_not_for_us(self) -> None:
        """Take HTTP/1.0 and 1.1 alone, and http and https: the parser lets pass what is framed or meant otherwise."""
        for index, (message, _) in enumerate(self._messages):
            if not isinstance(message, _ErrInfo) and not _is_ours(message):
                self._messages[index] = (_ErrInfo(400, BadHttpMessage("version or scheme"), ""), EMPTY_PAYLOAD)

    @property
    def owes_until(self) -> float:
        """By when the client has to have sent the head that it owes, having connected or begun one; 0 without."""
        return 0.0 if self._head_deadline is None else self._head_deadline.when()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_head()
        self._door.crowd.leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer an error in JSON and close; only our own mistakes are logged."""
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= 500:
            self.logger.error("A request could not be answered", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer had begun already")
        return self._door.answers.error(of_status(status, closes=True))

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            page = (
                self._door.lost(request)
                if resp.status == HTTPStatus.NOT_FOUND and self._door.lost is not None
                else None
            )
            resp = page or self._door.answers.in_place_of(resp)
        if resp.status >= 400:
            self._door.complaints.note(str(resp.status), self._address)
        if not resp.prepared:
            harden(resp.headers)
        return await super().finish_response(request, resp, start_time)

    def _expect_head(self) -> None:
        self._head_deadline = self._loop.call_later(self._door.head_timeout, self._give_up)

    def _forget_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _give_up(self) -> None:
        self._head_deadline = None
        if self.busy:
            # Another request is still being answered: nobody waits for this one yet.
            self._expect_head()
            return
        self._door.complaints.note("slow_head", self._address)
        self.force_close()
