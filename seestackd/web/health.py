"""Is it alive, is it ready: for load balancers, containers and people."""

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from seestackd.web.errors import answer

Troubles = Callable[[], Awaitable[Mapping[str, str]]]
Stuck = Callable[[], bool]

_ALIVE = b'{"status":"ok"}'
_STUCK = b'{"status":"stuck"}'
_READY = b'{"status":"ready"}'
_UNCACHED = {"Cache-Control": "no-store"}
ASK_AGAIN_S = 10


class Liveness:
    """Answers /livez: 200, or 503 while `stuck` says that only a new process helps."""

    def __init__(self, stuck: Stuck) -> None:
        self._stuck = stuck

    async def livez(self, request: web.Request) -> web.Response:
        """Answer whether the process is of any use. What it waits for from others is no reason to replace it."""
        return answer(503, _STUCK, _UNCACHED) if self._stuck() else answer(200, _ALIVE)


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
