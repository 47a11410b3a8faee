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
from seestackd.web.cors import Cors

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


def add_api(app: web.Application, service: Service, cors: Cors) -> None:
    """Register the API; HEAD is answered wherever GET is, OPTIONS everywhere."""
    taken: dict[str, list[str]] = {}
    for route in ROUTES:
        handler = cors.managing(service.serving(route))
        methods = [route.method, "HEAD"] if route.method == "GET" else [route.method]
        for method in methods:
            app.router.add_route(method, route.full_path, handler)
        taken.setdefault(route.full_path, []).extend(methods)
    for path, methods in taken.items():
        app.router.add_route("OPTIONS", path, cors.managing_preflight(methods))
