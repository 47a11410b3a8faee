"""Every page of the dashboard on one screen."""

from collections.abc import Callable

from aiohttp import web

from seestackd.runner import Runner
from seestackd.web.pages import (
    incidents,
    login,
    monitor,
    monitor_form,
    monitors,
    sessions,
    settings,
    summary,
    telemetry,
    timeline,
)
from seestackd.web.pages.assets import Assets
from seestackd.web.pages.gate import Gate
from seestackd.web.pages.live import Live
from seestackd.web.pages.login import Login
from seestackd.web.pages.page import Page
from seestackd.web.pages.site import Dashboard, Site
from seestackd.web.proxies import Proxies

_MONITOR = (
    Page("GET", "/m/{slug}", monitor.shown),
    Page("GET", "/m/{slug}/output/{number:[0-9]{1,18}}", monitor.output),
    Page("GET", "/m/{slug}/tip", monitor.tips),
    Page("POST", "/m/{slug}/ping", monitor.ping),
    Page("POST", "/m/{slug}/pause", monitor.pause),
    Page("POST", "/m/{slug}/resume", monitor.resume),
    Page("POST", "/m/{slug}/acknowledge", monitor.acknowledge),
    Page("POST", "/m/{slug}/silence", monitor.silence),
    Page("POST", "/m/{slug}/grace", monitor.apply_grace),
    Page("GET", "/m/{slug}/remove", monitor.removing),
    Page("POST", "/m/{slug}/remove", monitor.remove),
    Page("GET", "/m/{slug}/edit", monitor_form.edit),
    Page("POST", "/m/{slug}/edit", monitor_form.save),
)
_TELEMETRY = (
    Page("GET", "/http", telemetry.shown),
    Page("GET", "/http/trace/{trace}", telemetry.trace),
    Page("GET", "/sessions", sessions.listed),
    Page("GET", "/sessions/{name}", sessions.shown),
)


def pages(entry: Login, live: Live) -> tuple[Page, ...]:
    """Return every page; HEAD is answered wherever GET is."""
    return (
        Page("GET", "/", monitors.listed),
        *_MONITOR,
        Page("GET", "/monitors/new", monitor_form.new),
        Page("POST", "/monitors/new", monitor_form.create),
        Page("GET", "/monitors/preview", monitor_form.preview),
        Page("GET", "/live", live.stream),
        Page("GET", "/login", entry.form, open=True),
        Page("POST", "/login", entry.log_in, open=True),
        Page("POST", "/logout", login.log_out),
        Page("POST", "/preferences", login.prefer),
        Page("GET", "/timeline", timeline.timeline),
        Page("GET", "/i", incidents.listed),
        Page("GET", "/i/{number:[0-9]{1,18}}", incidents.shown),
        Page("POST", "/i/{number:[0-9]{1,18}}/ack", incidents.acknowledge),
        Page("GET", "/i/{number:[0-9]{1,18}}/silence", incidents.confirm_silence),
        Page("POST", "/i/{number:[0-9]{1,18}}/silence", incidents.silence),
        Page("POST", "/alerts/{number:[0-9]{1,18}}/resend", incidents.resend),
        Page("POST", "/alerts/{number:[0-9]{1,18}}/ack", incidents.dismiss),
        Page("GET", "/summary", summary.month),
        Page("GET", "/summary/{month:[0-9]{4}-[0-9]{2}}", summary.month),
        *_TELEMETRY,
        Page("GET", "/settings", settings.shown),
        Page("POST", "/keys", settings.make_key),
        Page("POST", "/keys/{id}/revoke", settings.revoke_key),
        Page("POST", "/channels/test", settings.test_channel),
        Page("POST", "/maintenance", settings.plan),
        Page("POST", "/maintenance/{id}/remove", settings.call_off),
    )


def add_pages(
    app: web.Application, runner: Runner, proxies: Proxies, dashboard: Dashboard, now: Callable[[], int]
) -> Site:
    """Register the pages; returns the site."""
    gate = Gate(
        runner,
        proxies,
        dashboard.public_url,
        local_only=dashboard.local_only,
        user_header=dashboard.user_header,
        user_header_from=dashboard.user_header_from,
    )
    assets = Assets()
    site = Site(runner, gate, assets, dashboard, now)
    live, entry = Live(dashboard.feed, monitors.rows_of(site)), Login()
    site.live = live
    for page in pages(entry, live):
        handler = site.serving(page)
        app.router.add_route(page.method, page.path, handler)
        if page.method == "GET" and page.path != "/live":
            app.router.add_route("HEAD", page.path, handler)
    for method in ("GET", "HEAD"):
        app.router.add_route(method, "/static/{name:.+}", assets.serve)

    async def end_streams(app: web.Application) -> None:
        await live.close()

    async def close(app: web.Application) -> None:
        entry.close()

    app.on_shutdown.append(end_streams)
    app.on_cleanup.append(close)
    return site
