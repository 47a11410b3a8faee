"""Is it alive, is it ready: for load balancers, containers and people."""

import json
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from seestackd.web.errors import answer

_ALIVE = b'{"status":"ok"}'
_STUCK = b'{"status":"stuck"}'
_READY = b'{"status":"ready"}'
_UNCACHED = {"Cache-Control": "no-store"}
ASK_AGAIN_S = 10
LIVE_WITHIN_S = 60.0


class Check(Protocol):
    """The daemon's look at itself."""

    async def troubles(self) -> Mapping[str, str]: ...
    def stuck(self, seconds: float) -> bool: ...


class Liveness:
    """Answers /livez: 200, or 503 while the self-check, if there is one, says that only a new process helps."""

    def __init__(self, check: Check | None) -> None:
        self._check = check

    async def livez(self, request: web.Request) -> web.Response:
        """Answer whether the process is of any use. What it waits for from others is no reason to replace it."""
        hangs = self._check is not None and self._check.stuck(LIVE_WITHIN_S)
        return answer(503, _STUCK, _UNCACHED) if hangs else answer(200, _ALIVE)


class Readiness:
    """Answers /readyz with what the self-check finds: part -> reason."""

    def __init__(self, check: Check) -> None:
        self._check = check

    async def readyz(self, request: web.Request) -> web.Response:
        """Answer 200, or 503 with the reasons."""
        reasons = await self._check.troubles()
        if not reasons:
            return answer(200, _READY, _UNCACHED)
        body = json.dumps({"status": "not ready", "reasons": dict(reasons)}, ensure_ascii=False).encode()
        return answer(503, body, {**_UNCACHED, "Retry-After": str(ASK_AGAIN_S)})
