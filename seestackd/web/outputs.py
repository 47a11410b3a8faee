"""Reading what a job printed out of a request's body: of any size and type, in bounded memory."""

import asyncio
import zlib

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from seestackd.core.output import Output
from seestackd.web.errors import Refusal, of_status

MAX_INFLATED = 64 * 1024 * 1024
"""How many bytes a compressed body may grow to; the rest of a larger one is left out."""

_STEP = 256 * 1024
_GZIP = 31  # zlib's window bits for a gzip header


async def read_output(request: web.Request, timeout: float) -> Output:
    """Return the body as an output; raises Refusal when it does not arrive within `timeout` seconds or is ill framed.

    What cannot be inflated is left out with a note: the ping counts all the same.
    """
    output = Output()
    # Every taker is told of the end by an empty piece.
    take = _taker(request, output)
    try:
        async with asyncio.timeout(timeout):
            while piece := await request.content.readany():
                await take(piece)
            await take(b"")
    except TimeoutError:
        raise of_status(408, closes=True) from None
    except RequestPayloadError:
        raise Refusal(400, "BAD_REQUEST", "The body is not framed as HTTP asks for", closes=True) from None
    return output


def _taker(request: web.Request, output: Output) -> "_Plain | _Gzip | _Nothing":
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return _Plain(output)
    return _Gzip(output) if encoding in ("gzip", "x-gzip") else _Nothing(output)


class _Plain:
    def __init__(self, output: Output) -> None:
        self._output = output

    async def __call__(self, piece: bytes) -> None:
        self._output.add(piece)


class _Nothing:
    """Reads a body that is compressed in a way unknown to us, and keeps none of it."""

    def __init__(self, output: Output) -> None:
        self._output = output

    async def __call__(self, piece: bytes) -> None:
        if piece:
            self._output.note = "[output left out: send it plain, or with Content-Encoding: gzip]"


class _Gzip:
    """Inflates step by step, so that neither memory nor the other connections suffer from a bomb."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    async def __call__(self, piece: bytes) -> None:
        if self._output.note:
            return
        try:
            if not piece and self._begun and not self._member.eof:
                raise zlib.error("it ends too early")
            self._begun = True
            await self._inflate(piece)
        except zlib.error:
            self._output.note = "[the rest is left out: not valid gzip]"

    async def _inflate(self, piece: bytes) -> None:
        full = False
        while piece or full:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            content = self._member.decompress(piece, _STEP)
            self._output.add(content)
            if self._output.size > MAX_INFLATED:
                self._output.note = f"[the rest is left out: more than {MAX_INFLATED} bytes when inflated]"
                return
            full = len(content) == _STEP
            piece = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            await asyncio.sleep(0)
