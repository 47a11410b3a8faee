"""Is it alive, is it ready: for load balancers, containers and people."""

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from seestackd.web.errors import answer

Troubles = Callable[[], Awaitable[Mapping[str, str]]]

_ALIVE = b'{"status":"ok"}'
_READY = b'{"status":"ready"}'
_UNCACHED = {"Cache-Control": "no-store"}
ASK_AGAIN_S = 10


async def livez(request: web.Request) -> web.Response:
    """Answer that requests are answered."""
    return answer(200, _ALIVE)


class Readiness:
    """Answers /readyz with what the self-check finds: part -> reason."""

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles

    async def readyz(self, request: web.Request) -> web.Response:
        """Answer 200, or 503 with the reasons."""
        reasons = await self._troubles()
        if not reasons:
            return answer(200, _READY, _UNCACHED)
        body = json.dumps({"status": "not ready", "reasons": dict(reasons)}, ensure_ascii=False).encode()
        return answer(503, body, {**_UNCACHED, "Retry-After": str(ASK_AGAIN_S)})
