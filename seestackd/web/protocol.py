"""aiohttp's connection handling with what it lacks: a deadline for headers, and JSON where it would answer on its own.

A protocol error quotes the line it stumbled over, key and all: its text is neither answered nor logged.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from seestackd.web.errors import Answers, of_status

# Together the second within which those who have connected are expected to speak.
_HEAR_OUT_STEPS = 50
_HEAR_OUT_STEP = 0.02

Lost = Callable[[web.BaseRequest], web.Response | None]
"""Returns the page for a path that nobody serves, or None for the answer in JSON."""


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_answers", "_head_deadline", "_head_timeout", "_lost")

    def __init__(
        self, manager: web.Server, answers: Answers, head_timeout: float, lost: Lost | None, **options: Any
    ) -> None:
        super().__init__(manager, **options)
        self._answers = answers
        self._lost = lost
        self._head_timeout = head_timeout
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        seen = self._request_count
        super().data_received(data)
        if self._request_count != seen:
            self._forget_head()
        elif self._head_deadline is None and self._waiter is not None and not self._waiter.done():
            # Idle, and yet bytes came: the first part of another request's head.
            self._expect_head()

    @property
    def owes_request(self) -> bool:
        """Whether the client has connected, or begun another request, and not yet sent the whole head of it."""
        return self._head_deadline is not None

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_head()
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
        return self._answers.error(of_status(status, closes=True))

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            page = self._lost(request) if resp.status == HTTPStatus.NOT_FOUND and self._lost is not None else None
            resp = page or self._answers.in_place_of(resp)
        return await super().finish_response(request, resp, start_time)

    def _expect_head(self) -> None:
        self._head_deadline = self._loop.call_later(self._head_timeout, self._give_up)

    def _forget_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _give_up(self) -> None:
        self._head_deadline = None
        self.force_close()


class Listener(web.Server):
    """Makes a `Connection` for every client."""

    def __init__(self, inner: web.Server, answers: Answers, head_timeout: float, lost: Lost | None) -> None:
        super().__init__(inner.request_handler, request_factory=inner.request_factory, **inner._kwargs)
        self._answers = answers
        self._lost = lost
        self._head_timeout = head_timeout

    def __call__(self) -> Connection:
        return Connection(self, self._answers, self._head_timeout, self._lost, loop=self._loop, **self._kwargs)


class WebRunner(web.AppRunner):
    """Serves an application through a `Listener`."""

    __slots__ = ("_answers", "_head_timeout", "_lost")

    def __init__(
        self,
        app: web.Application,
        answers: Answers,
        head_timeout: float,
        *,
        lost: Lost | None = None,
        **options: Any,
    ) -> None:
        super().__init__(app, **options)
        self._answers = answers
        self._lost = lost
        self._head_timeout = head_timeout

    async def cleanup(self) -> None:
        """Accept nobody any more, hear out who has connected already, answer what is in flight, and end.

        A client that was accepted has left the backlog: the next process would not hear its ping.
        """
        for site in list(self.sites):
            await site.stop()
        for _ in range(_HEAR_OUT_STEPS):
            await asyncio.sleep(_HEAR_OUT_STEP)
            connections = self.server.connections if self.server is not None else []
            if not any(isinstance(connection, Connection) and connection.owes_request for connection in connections):
                break
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        return Listener(await super()._make_server(), self._answers, self._head_timeout, self._lost)
