"""A receiver that stands in for the real services: it keeps what Apprise's plugins send there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

# What each service answers to a message it has taken.
_ANSWERS = {"/slack": "ok", "/opsgenie": '{"requestId": "r-1"}', "/telegram": '{"ok": true, "result": {}}'}


@dataclass
class Services:
    """Requests as (method, path with query, fields of the body)."""

    port: int = 0
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> dict[str, Any]:
        return self.requests[-1][2]

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        fields = json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
        self.requests.append((request.method, request.path_qs, fields))
        answer = next((text for path, text in _ANSWERS.items() if request.path.startswith(path)), "{}")
        return web.Response(text=answer, content_type="application/json" if answer != "ok" else "text/plain")


@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    stand_in = Services()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand_in.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stand_in.port = runner.addresses[0][1]
    try:
        yield stand_in
    finally:
        await runner.cleanup()
