"""Request bodies: read in time, of a bounded size, inflated, and only then handed to a parser."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from seestackd.errors import Busy
from seestackd.web.batch_messages import Batch, Form
from seestackd.web.batch_process import BatchProcesses, NoProcess
from seestackd.web.errors import Refusal, of_status
from seestackd.web.gathered import Gathered, Memory
from seestackd.web.gzipped import inflated, whole

Parsed = TypeVar("Parsed")

SMALL = 64 * 1024
"""Documents up to this size (inflated) are parsed on the event loop, larger ones on a thread."""

SMALL_BATCH = 16 * 1024
"""Batches up to this size (inflated) are parsed on the event loop, larger ones in a process of their own."""

MOST_HELD = 64 * 1024 * 1024
"""So many bytes of large batches may be here at a time, and one batch more; whoever sends more is told to wait."""

_RETRY_AFTER_S = 1  # what is held is read within less


class Bodies:
    """Reads bodies of at most `limit` bytes, counted after decompression, within `timeout` seconds."""

    def __init__(self, limit: int, timeout: float, most_held: int = MOST_HELD) -> None:
        self._limit = limit
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="parse")
        self._processes = BatchProcesses()
        self._memory = Memory()
        self._most_held = most_held
        self._held = 0

    async def parsed(self, request: web.Request, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Return `parse(body)`; raises Refusal for what cannot be read (408, 413, 415, 400) and what `parse` raises."""
        zipped = _is_gzip(request)
        raw = await self._read(request)
        if len(raw) <= SMALL:
            body = inflated(raw, SMALL) if zipped else raw
            if body is not None:
                return parse(body)
        return await self._on_thread(raw, zipped, parse)

    async def batch(self, request: web.Request, form: Form[Batch]) -> Batch:
        """Return the batch in a body, as `parsed` does; raises Busy too, when too much is here already."""
        zipped, held, was_read = _is_gzip(request), 0, False
        body = Gathered(self._memory, SMALL_BATCH)
        try:
            async with self._in_time(request):
                while piece := await request.content.readany():
                    held += len(piece)
                    self._hold(len(piece), held)
                    body.add(piece)
            batch = await self._batch(form, body, zipped)
            was_read = True
            return batch
        finally:
            self._held -= held
            body.close(read=was_read)

    def close(self) -> None:
        """End the threads and the process."""
        self._threads.shutdown(wait=True)
        self._processes.close()
        self._memory.close()

    def _hold(self, count: int, of_this: int) -> None:
        self._held += count
        if of_this > self._limit:
            raise of_status(413)
        if of_this > SMALL_BATCH and self._held - of_this > self._most_held:
            raise Busy("Too many batches at once; please retry", retry_after=_RETRY_AFTER_S)

    async def _batch(self, form: Form[Batch], body: Gathered, zipped: bool) -> Batch:
        if body.size <= SMALL_BATCH:
            raw = body.whole()
            plain = inflated(raw, SMALL_BATCH) if zipped else raw
            if plain is not None:
                return form.read(plain)
        try:
            return await self._processes.read(form, body, zipped, self._limit)
        except NoProcess:
            return await self._on_thread(body.whole(), zipped, form.read)

    async def _read(self, request: web.Request) -> bytes:
        if request.content.is_eof() and request.content.exception() is None:
            # All of it is here already, as of nearly every heartbeat: nothing to wait for, nothing to time.
            raw = request.content.read_nowait()
            if len(raw) > self._limit:
                raise of_status(413)
            return raw
        async with self._in_time(request):
            return await request.read()

    @asynccontextmanager
    async def _in_time(self, request: web.Request) -> AsyncIterator[None]:
        if (request.content_length or 0) > self._limit:
            raise of_status(413)
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            # Or aiohttp would wait for the rest before it closes.
            request.content.feed_eof()
            raise of_status(408, closes=True) from None
        except RequestPayloadError:
            raise Refusal(400, "BAD_REQUEST", "The body is not framed as HTTP asks for", closes=True) from None

    async def _on_thread(self, raw: bytes, zipped: bool, parse: Callable[[bytes], Parsed]) -> Parsed:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: parse(whole(raw, zipped, self._limit)))


def _is_gzip(request: web.Request) -> bool:
    """Say whether the body is compressed; raises Refusal for types and encodings other than JSON and gzip."""
    kind = request.headers.get("Content-Type")
    if kind is not None and kind != "application/json" and kind.split(";")[0].strip().lower() != "application/json":
        raise of_status(415)
    encoding = request.headers.get("Content-Encoding")
    if encoding is None:
        return False
    word = encoding.strip().lower()
    if word in ("gzip", "x-gzip"):
        return True
    if word in ("", "identity"):
        return False
    raise of_status(415)
