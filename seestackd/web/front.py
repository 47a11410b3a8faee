"""Connections as they begin: plain pings are answered at once, anything else goes to aiohttp with all its bytes."""

import asyncio
from typing import Any, Protocol

from seestackd.errors import Busy
from seestackd.operations.pings import RecordPing
from seestackd.web.express import Express
from seestackd.web.heads import MAX_BODY, Head, begins_well
from seestackd.web.turn import Turn


class Server(Protocol):
    """What a connection needs of the listener: its limits (seconds), its list of connections, aiohttp's handler."""

    turn: Turn
    head_timeout: float
    keepalive_timeout: float

    def opened(self, front: "Front", transport: asyncio.Transport, address: str) -> None: ...
    def vouched(self, front: "Front") -> None: ...
    def was_slow(self, address: str) -> None: ...
    def closed(self, front: "Front") -> None: ...
    def general(self) -> asyncio.Protocol: ...


class Front(asyncio.Protocol):
    """One client's connection, until it asks for something else than pings."""

    _task_handler = None  # aiohttp's server looks for one at the end of a connection

    def __init__(self, express: Express, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._express = express
        self._server = server
        self._turn = server.turn
        self._loop = loop
        self._transport: Any = None
        self._remote = ""
        self._waiting = b""
        self._head: Head | None = None
        self._command: RecordPing | None = None
        self._deadline = 0.0
        self._spoke = self._closing = self._owes_body = self._ended = self._put_off = False
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if isinstance(peer, tuple) else peer or ""
        self._deadline = self._loop.time() + self._server.head_timeout
        self._server.opened(self, self._transport, self._remote)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._transport = None
        self._waiting = b""
        self._note_answered()
        self._server.closed(self)

    def eof_received(self) -> bool:
        """Answer what a client has asked that has no more to say (`nc -N` and its like), and only then hang up."""
        self._ended = True
        return self._head is not None or self._put_off

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._closing and self._spoke and self._head is None and not self._waiting:
            return
        if self._waiting:
            data = self._waiting + data
        if self._head is None:
            if self._turn.takes():
                self._read(data)
                return
            self._put_off = True
            self._turn.wait(self._go_on)
        self._waiting = data
        if len(data) > MAX_BODY:
            self._transport.pause_reading()

    @property
    def busy(self) -> bool:
        """Whether a ping of it is being recorded."""
        return self._head is not None

    def shed(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def owes_until(self) -> float:
        """By when the client has to have sent a request that it owes, having connected or begun one; 0 without."""
        return self._deadline if self._head is None and (not self._spoke or self._waiting) else 0.0

    def look(self, now: float) -> None:
        """Close a connection that has been silent for too long; a body that is not whole by now is left to aiohttp."""
        if self._head is not None or self._transport is None:
            return
        if self._owes_body:
            self._hand_over(self._waiting)
        elif now >= self._deadline:
            if self._waiting or not self._spoke:
                self._server.was_slow(self._remote)
            self._transport.close()

    def close(self) -> None:
        """Take no more requests."""
        self._closing = True
        if self._head is None and self._transport is not None:
            self._transport.close()

    async def shutdown(self, timeout: float | None = None) -> None:
        """Answer what is in flight, for at most `timeout` seconds, then close."""
        self._closing = True
        if self._head is not None and self._transport is not None:
            self._answered = self._loop.create_future()
            await asyncio.wait([self._answered], timeout=timeout)
        if self._transport is not None:
            self._transport.close()

    def _read(self, data: bytes, late: bool = False) -> None:
        self._owes_body = False
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            self._wait_or_hand_over(data, begins_well(data))
            return
        head = self._express.head(data[:end])
        if head is None:
            self._hand_over(data)
            return
        size = end + head.length
        if len(data) < size:
            self._waiting, self._owes_body = data, True
            return
        command = self._express.command(head, data[end:size], self._remote)
        if command is None:
            self._hand_over(data)
            return
        if not self._spoke:
            self._spoke = True
            self._server.vouched(self)
        self._head, self._command, self._waiting = head, command, data[size:]
        try:
            if late:
                self._express.refuse(command)
            self._express.post(command, self._tell)
        except Busy as busy:
            self._tell(None, busy)

    def _wait_or_hand_over(self, data: bytes, waits: bool) -> None:
        if not waits:
            self._hand_over(data)
            return
        if self._spoke and not self._waiting:
            self._deadline = self._loop.time() + self._server.head_timeout
        self._waiting = data

    def _tell(self, result: object, error: BaseException | None) -> None:
        head, command, transport = self._head, self._command, self._transport
        self._head = self._command = None
        if transport is None or head is None or command is None:
            return
        transport.write(self._express.answer(head, command, self._remote, result, error))
        self._note_answered()
        if head.closes or self._closing or (self._ended and not self._waiting):
            transport.close()
            return
        self._deadline = self._loop.time() + self._server.keepalive_timeout
        if self._waiting:
            self._loop.call_soon(self._go_on)

    def _go_on(self, late: bool = False) -> None:
        """Read what came while an answer was due, or while others had their turn."""
        self._put_off = False
        if self._waiting and self._head is None and self._transport is not None and not self._transport.is_closing():
            data, self._waiting = self._waiting, b""
            self._transport.resume_reading()
            self._read(data, late)
            if self._ended and not self.busy and self._transport:
                self._transport.close()

    def _note_answered(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def _hand_over(self, data: bytes) -> None:
        transport, self._transport, self._waiting = self._transport, None, b""
        self._server.closed(self)
        general = self._server.general()
        general.connection_made(transport)
        transport.set_protocol(general)
        general.data_received(data)
        if self._ended and not general.eof_received():
            transport.close()
