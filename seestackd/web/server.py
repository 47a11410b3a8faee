"""The aiohttp application and the sockets it listens on."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from seestackd.clock import Clock
from seestackd.feed import Feed
from seestackd.runner import MAX_BATCH, Runner
from seestackd.web.api.routes import add_api
from seestackd.web.api.service import Channels, Service
from seestackd.web.auth import KeyTable
from seestackd.web.badges import Badges
from seestackd.web.bodies import Bodies
from seestackd.web.complaints import Complaints
from seestackd.web.cors import Cors
from seestackd.web.crowd import PER_ADDRESS, Crowd
from seestackd.web.errors import Answers
from seestackd.web.express import Express
from seestackd.web.health import Check, Liveness, Readiness
from seestackd.web.ingest import Ingest
from seestackd.web.listener import Entrance, WebRunner
from seestackd.web.metrics import Metrics, Standing
from seestackd.web.pages.routes import add_pages
from seestackd.web.pages.site import Dashboard, Site
from seestackd.web.ping_urls import PingDefaults, PingUrls
from seestackd.web.protocol import Door, Lost
from seestackd.web.proxies import Proxies
from seestackd.web.reference import add_documentation
from seestackd.web.routes import add_public, add_routes
from seestackd.web.status import Status

BACKLOG = 1024
ACCEPTED_AT_ONCE = 32
"""Several such turns are under way before connections can be counted, so it is a fraction of `crowd.RESERVED`."""

_OUTPUT_TIMEOUTS = 4  # outputs may be larger than what SDKs send, and the key is known before they are read


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Limits of the listener; times in seconds. `max_body_bytes` counts after decompression and is at least 1 MiB.

    X-Forwarded-For is believed of `trusted_proxies` (addresses and networks) only. Without `most_connections` the
    limit of descriptors decides. With `fast_front` plain pings are answered without aiohttp.
    """

    max_body_bytes: int = 8 * 1024 * 1024
    cors_origins: tuple[str, ...] = ()
    head_timeout: float = 5.0
    body_timeout: float = 15.0
    keepalive_timeout: float = 75.0
    shutdown_timeout: float = 10.0
    fast_front: bool = True
    trusted_proxies: tuple[str, ...] = ()
    most_connections: int | None = None
    strangers_per_address: int = PER_ADDRESS
    created_by_ping: PingDefaults = field(default_factory=PingDefaults)


def create_app(
    runner: Runner,
    keys: KeyTable,
    clock: Clock,
    settings: WebSettings,
    check: Check | None = None,
    channels: Channels | None = None,
    standing: Callable[[], Standing] = Standing,
    feed: Feed | None = None,
    dashboard: Dashboard | None = None,
) -> WebRunner:
    """Return the web edge, not yet listening: `await setup()`, then `start_sites`; `await cleanup()` stops it.

    `keys` must be loaded before the first request. What is in flight at the stop is answered within `shutdown_timeout`.
    `check` is what /livez and /readyz ask; without it there is no /readyz. `channels` knows the channels that exist,
    `standing` what metrics say of configuration and backups. `feed` tells of changes; without one the
    status page is as old as it may be. Without `dashboard` there are no pages.
    """
    answers = Answers(clock)
    bodies = Bodies(settings.max_body_bytes, settings.body_timeout)
    proxies = Proxies(settings.trusted_proxies)
    complaints = Complaints()
    app = web.Application(client_max_size=settings.max_body_bytes)
    ping_urls = PingUrls(runner, keys, proxies, settings.created_by_ping, settings.body_timeout * _OUTPUT_TIMEOUTS)
    readiness = None if check is None else Readiness(check)
    cors = Cors(settings.cors_origins)
    ingest = Ingest(runner, keys, bodies, answers, cors, proxies)
    express = Express(runner, keys, answers, cors, proxies, ping_urls, complaints)
    metrics = Metrics(runner, keys, answers, clock, standing, complaints)
    add_routes(app, ingest, ping_urls, Liveness(check), readiness, metrics)
    add_api(app, Service(runner, keys, bodies, answers, proxies, channels or Channels(), clock.now), cors)
    add_documentation(app)
    add_public(app, Status(runner, answers, clock, feed), Badges(runner, answers, clock))
    site = None if dashboard is None else add_pages(app, runner, proxies, dashboard, clock.now)

    app.on_cleanup.append(partial(_close, bodies))
    door = _door(answers, complaints, proxies, settings, None if site is None else site.lost)
    front = express if settings.fast_front else None
    return WebRunner(
        app,
        Entrance(door, settings.keepalive_timeout, front, _below(app, site), lambda: runner.queued >= 2 * MAX_BATCH),
        access_log=None,
        auto_decompress=False,
        shutdown_timeout=settings.shutdown_timeout,
    )


def _below(app: web.Application, site: Site | None) -> str:
    """Return the path to take off requests, empty where it is that of a route of ours: the proxy has to do it there."""
    prefix = "" if site is None else site.gate.prefix
    own = {resource.canonical.split("/")[1] for resource in app.router.resources()}
    return "" if prefix.split("/")[1:2] and prefix.split("/")[1] in own else prefix


async def _close(bodies: Bodies, app: web.Application) -> None:
    bodies.close()


def _door(answers: Answers, complaints: Complaints, proxies: Proxies, settings: WebSettings, lost: Lost | None) -> Door:
    def shed(count: int) -> None:
        complaints.note("crowded", None, count)

    crowd = Crowd(proxies, shed, settings.most_connections, settings.strangers_per_address)
    return Door(answers, crowd, complaints, settings.head_timeout, lost)


class Roomy(socket.socket):
    """A listening socket in which no fewer may wait once an event loop takes it over.

    Who comes when it is full is heard only when their machine tries again, a second later.
    """

    def listen(self, backlog: int = BACKLOG, /) -> None:
        super().listen(max(backlog, BACKLOG))

    @classmethod
    def of(cls, listening: socket.socket) -> "Roomy":
        """Return the socket as one of these; the given one is closed."""
        return cls(fileno=listening.detach())


def bind(host: str, port: int) -> socket.socket:
    """Return a TCP socket bound to a numeric address (IPv4 or IPv6); port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return Roomy.of(socket.create_server((host, port), family=family, backlog=BACKLOG))


async def start_sites(runner: WebRunner, sockets: Iterable[socket.socket]) -> None:
    """Listen on sockets that are bound already, whether TCP, unix or inherited."""
    # asyncio accepts so many at a time; uvloop has a way of its own, and asks no object how many may wait.
    at_once = ACCEPTED_AT_ONCE if isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop) else BACKLOG
    for listening in sockets:
        listening.setblocking(False)
        await web.SockSite(runner, listening, backlog=at_once).start()
