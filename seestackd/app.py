"""Wiring: builds every part, and owns the order in which they start and stop."""

import asyncio
import functools
import logging
import os
import secrets
import signal
import socket
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from seestackd import turns
from seestackd.backups import Backups
from seestackd.clock import Clock
from seestackd.core.keys import RANDOM_BYTES, Scope, make_secret
from seestackd.delivery.apprise_sender import AppriseSender
from seestackd.delivery.deadman import Deadman
from seestackd.delivery.declared import channels_of, rule_policy
from seestackd.delivery.rule_channels import RuleChannels
from seestackd.delivery.worker import Delivery
from seestackd.emergency import Emergency
from seestackd.errors import Invalid
from seestackd.feed import Feed
from seestackd.listeners import is_local, listeners, shown
from seestackd.monitors_file import Configuration
from seestackd.opening import broken, store_to_serve_from
from seestackd.operations.alert_rules import targets as rule_targets
from seestackd.operations.keys import CreateKey, EnsureProject, all_keys, create, ensure_project
from seestackd.reload import Configured
from seestackd.runner import Runner
from seestackd.scheduler import Chore, Patience, Scheduler
from seestackd.selfcheck import SelfCheck
from seestackd.settings import Settings
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.ballast import Ballast
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.systemd import Inherited, Notifier, feed_watchdog, inherited_sockets, watchdog_seconds
from seestackd.web.api.service import Channels
from seestackd.web.auth import KeyTable
from seestackd.web.listener import WebRunner
from seestackd.web.metrics import Standing
from seestackd.web.pages.site import Dashboard
from seestackd.web.ping_urls import PingDefaults
from seestackd.web.server import WebSettings, create_app, start_sites

log = logging.getLogger(__name__)

LINGER = (0.001,) * 5  # seconds; letting a connection in takes the event loop up to four turns
REFUSED_CONFIGURATION = "The configuration could not be reloaded, the old one stays; see the log."
FIRST_KEY_NAME = "first"
PING_KEY_NAME = "ping-urls"

AdminApp = Callable[[Runner, Configured], web.Application]
Read = Callable[[], Configuration]


@dataclass(frozen=True, slots=True)
class Started:
    """What a started daemon has to tell: where it listens, and the key of its first start."""

    addresses: tuple[str, ...]
    first_key: str | None


def serve(read: Read, admin: AdminApp, tell: Callable[[Started], None], *, attended: bool) -> None:
    """Run the daemon until SIGTERM or SIGINT; `tell` is called once it listens. SIGHUP has the configuration read anew.

    A first key is made only when `attended`: it is shown once, and nobody reads a key out of a journal.
    Raises what `store_to_serve_from` and `read` raise, and Invalid when the address cannot be listened on.
    """
    configuration = read()
    notifier, sockets = Notifier.from_environment(), inherited_sockets()
    with store_to_serve_from(configuration.settings) as store:
        start = _Start(configuration, read, store, admin, sockets, attended)
        turns.run(_until_stopped(start, tell, notifier), configuration.settings.server.uvloop)


@dataclass(frozen=True, slots=True)
class _Start:
    """What a start is made of."""

    configuration: Configuration
    read: Read
    store: SqliteStore
    admin: AdminApp
    inherited: list[Inherited]
    attended: bool


async def _until_stopped(start: _Start, tell: Callable[[Started], None], notifier: Notifier) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # One that comes before there is something to reload waits for that.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    async with _parts(start) as (started, check, configured):
        tell(started)
        loop.add_signal_handler(signal.SIGHUP, configured.begin_reload)
        notifier.ready(f"listening on {', '.join(started.addresses)}")
        watching = _watching(start.configuration.settings, notifier, check)
        await stop.wait()
        log.info("stopping")
        notifier.stopping()
        for task in watching:
            task.cancel()


def _watching(settings: Settings, notifier: Notifier, check: SelfCheck) -> "list[asyncio.Task[None]]":
    """Have the daemon watched: by itself, by the service manager, and by an outside service."""
    watching = [asyncio.create_task(check.watch_loop())]
    seconds = watchdog_seconds()
    if seconds is not None:
        fed = feed_watchdog(notifier, seconds, lambda: not check.stuck(seconds))
        watching.append(asyncio.create_task(fed))
    if settings.deadman.url:
        watching.append(asyncio.create_task(Deadman(settings.deadman.url, check.troubles).run()))
    return watching


@asynccontextmanager
async def _parts(start: _Start) -> AsyncIterator[tuple[Started, SelfCheck, Configured]]:
    """Start every part, what others lean on first; stop in the opposite order."""
    settings, clock, feed = start.configuration.settings, Clock(), Feed()
    async with AsyncExitStack() as stack:
        sockets = stack.enter_context(listeners(settings.server.listen, start.inherited))
        runner = Runner(start.store, clock, feed, functools.partial(broken, settings))
        runner.route(settings.routing)
        runner.start()
        stack.push_async_callback(runner.stop)
        first_key = await _first_start(runner, start.attended)
        addresses = tuple(shown(listening) for listening in sockets)
        by_rule = RuleChannels(feed, rule_policy(settings))
        by_rule.know(await runner.read(rule_targets, None))
        delivery = _delivery(settings, runner, feed, clock, by_rule, settings.server.public_url or addresses[0])
        swap = functools.partial(_swap, runner=runner, delivery=delivery, by_rule=by_rule)
        configured = Configured(start.configuration, start.read, runner, swap, clock)
        await configured.start()
        keys = KeyTable(runner, feed, clock)
        await keys.load()
        stack.push_async_callback(keys.close)
        await delivery.start()
        stack.push_async_callback(delivery.stop)
        unix_socket = stack.enter_context(_unix_socket(settings.socket_path))
        await stack.enter_async_context(_answering(start.admin(runner, configured), unix_socket))
        backups = Backups(settings.storage.path, clock, lambda: configured.settings.backup)
        scheduler = _scheduler(start, runner, feed, clock, configured, (keys.flush_uses, backups.due))
        check = SelfCheck(runner, scheduler, delivery, clock, settings.storage.path)
        channels = Channels(lambda: configured.settings.channels, by_rule.of_rule)
        standing = functools.partial(_standing, configured, backups)
        pages = _dashboard(settings, feed, configured, standing, all(map(is_local, sockets)))
        edge = create_app(runner, keys, clock, _web_settings(settings), check, channels, standing, feed, pages)
        await edge.setup()
        await scheduler.start()
        stack.callback(_emergency(runner, delivery, configured, clock).cancel)
        stack.push_async_callback(scheduler.stop)
        # Stamped once the listener has closed: until then pings are heard.
        stack.push_async_callback(scheduler.stamp)
        stack.push_async_callback(_close, edge, sockets)
        stack.push_async_callback(delivery.stop)  # which may take seconds: pings are still answered
        await start_sites(edge, sockets)
        yield Started(addresses, first_key), check, configured


def _scheduler(
    start: _Start, runner: Runner, feed: Feed, clock: Clock, configured: Configured, chores: tuple[Chore, ...]
) -> Scheduler:
    patience = Patience(settle_s=configured.settings.judge.settle_s)
    kept, most = (lambda: configured.settings.retention.kept_ms), (lambda: configured.settings.retention.most_bytes)
    return Scheduler(runner, feed, clock, bool(start.inherited), patience, chores, kept, most)


def _emergency(runner: Runner, delivery: Delivery, configured: Configured, clock: Clock) -> "asyncio.Task[None]":
    ballast = Ballast(configured.settings.storage.path)
    emergency = Emergency(runner, delivery, lambda: configured.settings.default_channels, clock, ballast)
    return asyncio.create_task(emergency.run())


def _standing(configured: Configured, backups: Backups) -> Standing:
    """Return what metrics say of the configuration, of backups and of the room kept for a full disk."""
    taken, ballast = backups.state, Ballast(configured.settings.storage.path).there
    return Standing(configured.ok, configured.applied_at, taken.trouble is None, taken.newest_at, ballast)


async def _close(edge: WebRunner, sockets: list[socket.socket]) -> None:
    """Take no more connections, answer those whose request is still on its way, then close.

    Closing at once would hang up on a client that has just been let in: its ping would be lost.
    """
    # Closing the server itself drops a connection that is just being let in (Python 3.11: Server._attach).
    loop = asyncio.get_running_loop()
    for listening in sockets:
        loop.remove_reader(listening)
    for seconds in LINGER:
        await asyncio.sleep(seconds)
    await edge.cleanup()


def _web_settings(settings: Settings) -> WebSettings:
    server, defaults = settings.server, settings.defaults
    return WebSettings(
        max_body_bytes=server.max_body_bytes,
        fast_front=server.fast_front,
        cors_origins=server.cors_origins,
        trusted_proxies=server.trusted_proxies,
        created_by_ping=PingDefaults(defaults.timezone, defaults.grace),
    )


def _dashboard(
    settings: Settings, feed: Feed, configured: Configured, standing: Callable[[], Standing], local: bool
) -> Dashboard:
    return Dashboard(
        feed,
        settings.server.public_url,
        local_only=local,
        timezone=settings.defaults.timezone,
        grace=settings.defaults.grace,
        user_header=settings.dashboard.user_header or None,
        user_header_from=settings.dashboard.user_header_from,
        warnings=lambda: () if configured.ok else (REFUSED_CONFIGURATION,),
        channels=lambda: sorted(configured.settings.channels),
        standing=standing,
        kept=lambda: configured.settings.retention.kept_ms,
    )


def _delivery(
    settings: Settings, runner: Runner, feed: Feed, clock: Clock, by_rule: RuleChannels, public_url: str
) -> Delivery:
    channels = ChainMap(channels_of(settings), by_rule)  # type: ignore[arg-type]  # it is only read
    owner = f"{socket.gethostname()}:{os.getpid()}"
    linked = settings.server.public_url is not None
    return Delivery(
        runner, feed, channels, AppriseSender(clock), clock, owner=owner, public_url=public_url, pages=linked
    )


def _swap(settings: Settings, *, runner: Runner, delivery: Delivery, by_rule: RuleChannels) -> None:
    """Have alerts go where the settings say now; what waits in the outbox goes there too."""
    runner.route(settings.routing)
    by_rule.policy = rule_policy(settings)
    delivery.channels = ChainMap(channels_of(settings), by_rule)  # type: ignore[arg-type]  # it is only read


async def _first_start(runner: Runner, attended: bool) -> str | None:
    """Make the project, its key for ping URLs, and a first key when there has never been one; returns that."""
    secret, for_urls = (make_secret(secrets.token_bytes(RANDOM_BYTES)) for _ in range(2))
    return await runner.run(_bootstrap, (secret if attended else None, for_urls))


def _bootstrap(tx: Transaction, fresh: tuple[str | None, str], at: int) -> str | None:
    secret, for_urls = fresh
    project = ensure_project(tx, EnsureProject(), at)
    scopes = {key.scope for key in all_keys(tx, None, at)}
    if Scope.PING not in scopes:
        create(tx, CreateKey(project.id, PING_KEY_NAME, Scope.PING, for_urls), at)
    if scopes - {Scope.PING}:
        return None
    if secret is None:
        log.warning("there is no key yet; create one with: seestackd key create NAME")
        return None
    create(tx, CreateKey(project.id, FIRST_KEY_NAME, Scope.INGEST, secret), at)
    return secret


@asynccontextmanager
async def _answering(app: web.Application, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the command line on a unix socket."""
    served = web.AppRunner(app, access_log=None, handle_signals=False, keepalive_timeout=30, shutdown_timeout=5)
    await served.setup()
    try:
        await web.SockSite(served, listener).start()
        yield
    finally:
        await served.cleanup()


@contextmanager
def _unix_socket(path: Path) -> Iterator[socket.socket]:
    """Listen on a unix socket of this user's alone; one left by a dead daemon is replaced, for we hold the lock.

    Raises Invalid when something else is in its place.
    """
    if path.exists() and not path.is_socket():
        raise Invalid(f"{path} is there and is no socket; name another path, or move it away", field="server.socket")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.setblocking(False)
        listener.bind(str(path))
        path.chmod(0o600)
        yield listener
        path.unlink(missing_ok=True)
