"""HTML as an HTTP answer: compressed, never kept, and under a strict content security policy (reliability.md 3.3)."""

import zlib
from typing import TypeVar

import zstandard
from aiohttp import web

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_SMALL = 600
_GZIP = 31

Answer = TypeVar("Answer", bound=web.StreamResponse)


def dressed(answer: Answer) -> Answer:
    """Add the headers that every page has."""
    answer.headers.update(HEADERS)
    answer.headers["Server"] = "seestackd"
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def html(request: web.BaseRequest, text: str, status: int = 200) -> web.Response:
    """Return HTML in the best encoding that the browser takes."""
    body = text.encode("utf-8", "replace")
    headers = {"Content-Type": "text/html; charset=utf-8", "Vary": "Accept-Encoding"}
    accepted = request.headers.get("Accept-Encoding", "")
    if len(body) > _SMALL and "zstd" in accepted:
        body = zstandard.ZstdCompressor(level=6).compress(body)
        headers["Content-Encoding"] = "zstd"
    elif len(body) > _SMALL and "gzip" in accepted:
        squeeze = zlib.compressobj(5, wbits=_GZIP)
        body = squeeze.compress(body) + squeeze.flush()
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, status=status, headers=headers)
