"""Every route of the management API."""

from aiohttp import web

from seestackd.web.api import (
    alert_rules,
    erasures,
    history,
    http_requests,
    incidents,
    keys,
    maintenance,
    monitors,
    notifications,
    projects,
    replay,
)
from seestackd.web.api.route import Route
from seestackd.web.api.service import Service

ROUTES: tuple[Route, ...] = (
    *monitors.ROUTES,
    *history.ROUTES,
    *incidents.ROUTES,
    *maintenance.ROUTES,
    *projects.ROUTES,
    *keys.ROUTES,
    *alert_rules.ROUTES,
    *notifications.ROUTES,
    *http_requests.ROUTES,
    *replay.ROUTES,
    *erasures.ROUTES,
)


def add_api(app: web.Application, service: Service) -> None:
    """Register the API; HEAD is answered wherever GET is."""
    for route in ROUTES:
        handler = service.serving(route)
        app.router.add_route(route.method, route.full_path, handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.full_path, handler)
