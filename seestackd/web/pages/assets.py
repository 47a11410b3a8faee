"""Styles and scripts, named by their content so that browsers may keep them for ever."""

import hashlib
import mimetypes
import zlib
from importlib import resources
from importlib.resources.abc import Traversable

from aiohttp import web

_KEPT = "public, max-age=31536000, immutable"
_GZIP = 31
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
SERVED = tuple(_TYPES)


class Assets:
    """Every file of `static/` that browsers ask for, in memory; each is compressed once, when it is first asked for."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._files: dict[str, tuple[str, bytes]] = {}
        self._zipped: dict[str, bytes] = {}
        self._add(resources.files("seestackd.web") / "static", "")

    def named(self, name: str) -> str:
        """Return the name under which a file is served; raises KeyError for one that does not exist."""
        return self._names[name]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer `/static/…`."""
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        kind, plain = self._files[name]
        headers = {"Cache-Control": _KEPT, "Vary": "Accept-Encoding", "Server": "seestackd", "Content-Type": kind}
        headers["X-Content-Type-Options"] = "nosniff"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self._squeezed(name, plain), headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=plain, headers=headers)

    def _add(self, folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                self._add(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(SERVED):
                stem, _, ending = entry.name.rpartition(".")
                body = entry.read_bytes()
                name = f"{prefix}{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}"
                kind = _TYPES.get(f".{ending}") or mimetypes.guess_type(name)[0] or "application/octet-stream"
                self._names[f"{prefix}{entry.name}"] = name
                self._files[name] = (kind, body)

    def _squeezed(self, name: str, plain: bytes) -> bytes:
        if name not in self._zipped:
            self._zipped[name] = zlib.compress(plain, 9, wbits=_GZIP)
        return self._zipped[name]
