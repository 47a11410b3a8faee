"""Request bodies: read in time, of a bounded size, inflated, and only then handed to a parser."""

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from seestackd.web.errors import Refusal, of_status

Parsed = TypeVar("Parsed")

SMALL = 64 * 1024
"""Bodies up to this size (inflated) are parsed on the event loop, larger ones on a thread (performance.md, batches)."""

_GZIP = 31  # zlib's window bits for a gzip header
_MAX_MEMBERS = 8  # each costs a copy of the rest, so thousands would take minutes


class Bodies:
    """Reads bodies of at most `limit` bytes, counted after decompression, within `timeout` seconds."""

    def __init__(self, limit: int, timeout: float) -> None:
        self._limit = limit
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="parse")

    async def parsed(self, request: web.Request, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Return `parse(body)`; raises Refusal for what cannot be read (408, 413, 415, 400) and what `parse` raises."""
        zipped = _is_gzip(request)
        raw = await self._read(request)
        if len(raw) <= SMALL:
            body = inflated(raw, SMALL) if zipped else raw
            if body is not None:
                return parse(body)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._parse_big, raw, zipped, parse)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    async def _read(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > self._limit:
            raise of_status(413)
        try:
            if request.content.is_eof():
                # All of it is here already, as of nearly every heartbeat: nothing to wait for, nothing to time.
                raw = request.content.read_nowait()
                if len(raw) > self._limit:
                    raise of_status(413)
                return raw
            async with asyncio.timeout(self._timeout):
                return await request.read()
        except TimeoutError:
            # Or aiohttp would wait for the rest before it closes.
            request.content.feed_eof()
            raise of_status(408, closes=True) from None
        except RequestPayloadError:
            raise Refusal(400, "BAD_REQUEST", "The body is not framed as HTTP asks for", closes=True) from None

    def _parse_big(self, raw: bytes, zipped: bool, parse: Callable[[bytes], Parsed]) -> Parsed:
        body = inflated(raw, self._limit) if zipped else raw
        if body is None:
            raise of_status(413)
        return parse(body)


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


def inflated(raw: bytes, limit: int) -> bytes | None:
    """Return the content of a gzip file, None when that exceeds `limit`; raises Refusal when it is damaged.

    Never holds more than `limit` + 1 bytes of content.
    """
    content = b""
    try:
        for _ in range(_MAX_MEMBERS):
            member = zlib.decompressobj(_GZIP)
            content += member.decompress(raw, limit + 1 - len(content))
            if len(content) > limit:
                return None
            raw = member.unused_data
            if member.eof and not raw:
                return content
    except zlib.error:
        pass
    raise Refusal(400, "MALFORMED_BODY", "The body is not valid gzip")
