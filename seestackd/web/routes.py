"""Every URL on one screen."""

from aiohttp import web

from seestackd.web.badges import Badges
from seestackd.web.health import Liveness, Readiness
from seestackd.web.ingest import Ingest
from seestackd.web.metrics import Metrics
from seestackd.web.ping_urls import PingUrls
from seestackd.web.status import Status


def add_public(app: web.Application, status: Status, badges: Badges) -> None:
    """Register what everybody may see."""
    for method in ("GET", "HEAD"):
        app.router.add_route(method, "/status", status.status)
        app.router.add_route(method, r"/badge/{token}/{kind:m|t}/{name:.+}.{form:svg|json}", badges.badge)


def add_routes(
    app: web.Application,
    ingest: Ingest,
    ping_urls: PingUrls,
    liveness: Liveness,
    readiness: Readiness | None,
    metrics: Metrics,
) -> None:
    """Register all paths. Those of ingest and pings take every method, to answer the wrong ones themselves."""
    add = app.router.add_route
    add("*", "/ingest/v1/heartbeat", ingest.heartbeat)
    add("*", "/ingest/v1/http-requests", ingest.http_requests)
    add("*", "/ingest/v1/replay", ingest.replay)
    add("*", "/ping/{rest:.*}", ping_urls.ping)
    add("GET", "/metrics", metrics.metrics)
    add("HEAD", "/metrics", metrics.metrics)
    add("GET", "/livez", liveness.livez)
    add("HEAD", "/livez", liveness.livez)
    if readiness is not None:
        add("GET", "/readyz", readiness.readyz)
        add("HEAD", "/readyz", readiness.readyz)
