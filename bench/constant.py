"""The ceiling: aiohttp reading a body and answering a constant 202. `python -m bench.constant PORT [uvloop]`."""

import asyncio
import sys

from aiohttp import web

_BODY = b'{"ok":true,"monitorId":"00000000-0000-7000-8000-000000000000"}'
_PATHS = ("/ingest/v1/heartbeat", "/ingest/v1/http-requests", "/ingest/v1/replay")


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202, body=_BODY, content_type="application/json")


def _loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def main() -> None:
    app = web.Application()
    for path in _PATHS:
        app.router.add_post(path, _answer)
    port, loop = int(sys.argv[1]), _loop(sys.argv[2] if len(sys.argv) > 2 else "asyncio")
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
