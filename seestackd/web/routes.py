"""Every URL on one screen."""

from aiohttp import web

from seestackd.web.errors import answer
from seestackd.web.ingest import Ingest
from seestackd.web.ping_urls import PingUrls

_ALIVE = b'{"status":"ok"}'


async def _livez(request: web.Request) -> web.Response:
    return answer(200, _ALIVE)


def add_routes(app: web.Application, ingest: Ingest, ping_urls: PingUrls) -> None:
    """Register all paths. Those of ingest and pings take every method, to answer the wrong ones themselves."""
    add = app.router.add_route
    add("*", "/ingest/v1/heartbeat", ingest.heartbeat)
    add("*", "/ingest/v1/http-requests", ingest.http_requests)
    add("*", "/ingest/v1/replay", ingest.replay)
    add("*", "/ping/{rest:.*}", ping_urls.ping)
    add("GET", "/livez", _livez)
    add("HEAD", "/livez", _livez)
