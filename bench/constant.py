"""The ceiling: aiohttp reading a body and answering a constant 202."""

import sys

from aiohttp import web

_BODY = b'{"ok":true,"monitorId":"00000000-0000-7000-8000-000000000000"}'


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202, body=_BODY, content_type="application/json")


def main() -> None:
    app = web.Application()
    app.router.add_post("/ingest/v1/heartbeat", _answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
