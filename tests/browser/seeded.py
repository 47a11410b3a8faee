"""A house full of jobs with a past, at fixed times: for pictures, and for looking at every page in a browser."""

import json
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seestackd.core.alerts import Routing
from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import new_monitor, new_rules
from seestackd.core.pings import PingKind
from seestackd.core.replay import ReplayEvent, pack
from seestackd.core.telemetry import HttpRequest
from seestackd.feed import Feed
from seestackd.operations import keys, maintenance, monitors, replay, telemetry
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.lanes import ClaimLane, claim_lane
from seestackd.operations.outbox import AckDead, SettleDelivery, ack_dead, settle_delivery
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.web.auth import KeyTable
from seestackd.web.metrics import Standing
from seestackd.web.pages.site import Dashboard
from seestackd.web.server import WebSettings, bind, create_app, start_sites
from tests.clocks import SetClock

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = int(datetime(2026, 11, 23, 5, 40, tzinfo=UTC).timestamp() * 1000)
EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>'
HOSTILE = f"{EVIL} \x1b[31mred\x1b[0m \u202egnp.exe\0 {'w' * 100_000}"


@dataclass(frozen=True)
class Job:
    """A job: slug, name, schedule, usual duration (ms), tags, and how often it fails."""

    slug: str
    name: str
    schedule: str
    takes: int
    tags: tuple[str, ...] = ()
    fails: float = 0.0
    grace: str = "15m"


JOBS = (
    Job("nightly-backup", "Nightly backup", "0 3 * * *", 12 * MINUTE, ("db", "prod")),
    Job("etl-orders", "Order import", "30 * * * *", 62_000, ("shop", "prod"), 0.06),
    Job("vacuum-db", "Vacuum database", "0 4 * * 0", 41 * MINUTE, ("db",)),
    Job("sync-photos", "Sync photos", "*/20 * * * *", 44_000, ("web",), 0.01),
    Job("send-invoices", "Send invoices", "0 8 * * 1-5", 95_000, ("shop",)),
    Job("renew-certs", "Renew certificates", "12h", 9_000, ("web", "prod")),
    Job("rotate-logs", "Rotate logs", "@daily", 3_000, ()),
    Job("search-index", "Search index", "15 */2 * * *", 7 * MINUTE, ("shop", "prod"), 0.04),
    Job("newsletter", "Newsletter", "0 10 * * 2", 4 * MINUTE, ("shop",)),
    Job("warehouse", "Warehouse report", "0 6 * * *", 22 * MINUTE, ("shop",)),
)


class _Past:
    def __init__(self, runner: Runner, clock: SetClock) -> None:
        self.runner, self.clock = runner, clock
        self.project = runner.call(keys.ensure_project, keys.EnsureProject()).id

    def at(self, instant: int) -> None:
        """Let time pass, judging on the way as the daemon does."""
        while (due := self.runner.read_now(lambda tx, _, at: tx.monitors.next_wake(), None)) and due <= instant:
            self.clock.at = max(due, self.clock.at)
            self.runner.call(judge_due, JudgeDue())
        self.clock.at = max(instant, self.clock.at)

    def ping(self, slug: str, kind: str, **said: object) -> None:
        self.runner.call(record, RecordPing(self.project, slug, PingKind(kind), **said))  # type: ignore[arg-type]

    def add(self, job: Job) -> None:
        new = new_monitor(
            job.slug, job.schedule, name=job.name, timezone="Europe/Berlin", tags=job.tags,
            rules=new_rules(grace=job.grace, max_runtime="2h", public=bool(job.tags)),
        )  # fmt: skip
        self.runner.call(monitors.add, monitors.AddMonitor(self.project, new, f"{job.slug:x<22}"))

    def deliver(self, channel: str, ok: bool) -> None:
        for row in self.runner.call(claim_lane, ClaimLane(channel, "me", 30_000, digest=50)).rows:
            settled = SettleDelivery(row.id, "me", 30_000, ok, 400, error="HTTP 404", status=404, hopeless=not ok)
            self.runner.call(settle_delivery, settled)


def _lived(past: _Past, begin_at: int, hostile: bool) -> None:
    chance = random.Random(7)
    for job in JOBS:
        past.add(job)
    events: list[tuple[int, Job, str]] = []
    found = past.runner.read_now(lambda tx, _, at: tx.monitors.in_project(past.project), None)
    schedules = {monitor.slug: monitor.schedule for monitor in found}
    for job in JOBS:
        schedule = schedules[job.slug]
        slots = (
            range(begin_at + HOUR, NOW, schedule.interval_ms)
            if schedule.interval_ms
            else schedule.slots_between(begin_at, NOW, 1000)
        )
        for slot in slots:
            begin = slot + chance.randint(1_000, 20_000)
            if job.slug == "nightly-backup" and slot > NOW - DAY:
                continue  # the one that did not run
            if begin > NOW - 10_000:
                continue
            took = round(job.takes * chance.uniform(0.93, 1.12))
            failed = chance.random() < job.fails or (job.slug == "etl-orders" and slot > NOW - 2 * HOUR)
            events.append((begin, job, "start"))
            if begin + took < NOW and not (job.slug == "warehouse" and slot > NOW - DAY):
                events.append((begin + took, job, "failed" if failed else "success"))
    for at, job, kind in sorted(events, key=lambda event: event[0]):
        past.at(at)
        said = {"exit_code": 1, "message": "Database connection refused", "host": "web-2"} if kind == "failed" else {}
        past.ping(job.slug, kind, **said)
        past.deliver("slack-ops", True)
        past.deliver("mail-oncall", at < NOW - 5 * HOUR)
    past.at(NOW - 20 * MINUTE)
    past.runner.call(lambda tx, window, at: tx.blind.open(*window), (NOW - 2 * DAY, NOW - 2 * DAY + 2 * HOUR, "asleep"))
    plan = maintenance.AddMaintenance(past.project, "Move to the new rack", NOW + DAY, NOW + DAY + HOUR)
    past.runner.call(maintenance.add, plan)
    if hostile:
        past.clock.at = NOW - 10 * MINUTE
        _hostile_requests(past)
        past.add(Job("hostile", f"{EVIL}{'w' * 130}", "1h", 0, ("evil",)))
        past.ping("hostile", "failed", message=HOSTILE, output=HOSTILE, host=EVIL, source=EVIL)
        past.runner.call(keys.create, keys.CreateKey(past.project, EVIL, Scope.READ, make_secret(b"\x07" * 32)))
    past.at(NOW)


def _hostile_requests(past: _Past) -> None:
    """Requests and a session that come from somebody who means harm."""
    request = HttpRequest(
        NOW - MINUTE, "t" * 32, False, "POST", "evil.example", f"/{EVIL}", 500, 900, 1, 1, False, EVIL, EVIL
    )
    far = request._replace(outbound=True, at=0, duration_ms=2**40)
    past.runner.call(telemetry.store, telemetry.StoreRequests(past.project, (request, far)))
    said = json.dumps({"x": 9, "y": 9, "message": HOSTILE, "target": EVIL, "url": EVIL})
    kinds = ("snapshot", "click", "network_request", "console", "error", "navigation")
    events = [
        ReplayEvent(NOW - MINUTE + number * 1_000, kind, said, f"javascript:alert(1)//{EVIL}")
        for number, kind in enumerate(kinds)
    ]
    past.runner.call(replay.store, replay.StoreReplay(past.project, "f-evil", "s-evil", pack(events)))


def lived(folder: Path, *, days: int = 8, hostile: bool = False) -> Path:
    """Live some days in a new database; returns its file."""
    begin_at = NOW - days * DAY
    clock = SetClock(begin_at)
    store = SqliteStore.open(folder / "lived.db")
    try:
        runner = Runner(store, clock, Feed(), on_broken=lambda: None)
        runner.route(Routing(default_channels=("slack-ops", "mail-oncall"), timezone="Europe/Berlin"))
        past = _Past(runner, clock)
        runner.call(keys.create, keys.CreateKey(past.project, "prod-cron", Scope.INGEST, make_secret(b"\x05" * 32)))
        _lived(past, begin_at, hostile)
    finally:
        store.close()
    return folder / "lived.db"


@asynccontextmanager
async def served(file: Path, folder: Path, *, quiet: bool = False) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve a copy of a database whose time stands still: the address, and the path of every page that is shown.

    `quiet` leaves away the hints about a missing password and undelivered alerts.
    """
    clock, feed = SetClock(NOW), Feed()
    store = SqliteStore.open(shutil.copy(file, folder / "served.db"))
    runner = Runner(store, clock, feed, on_broken=lambda: None)
    runner.route(Routing(default_channels=("slack-ops", "mail-oncall"), timezone="Europe/Berlin"))
    if quiet:
        runner.call(
            lambda tx, _, at: [ack_dead(tx, AckDead(row.id), at) for row in tx.outbox.listed(500, "dead")], None
        )
    runner.start()
    table = KeyTable(runner, feed, clock)
    await table.load()
    standing = Standing(True, NOW - DAY, True, NOW - 4 * HOUR)
    dashboard = Dashboard(
        feed, local_only=True, timezone="Europe/Berlin", channels=lambda: ("mail-oncall", "slack-ops"),
        standing=lambda: standing,
        **({"user_header": "X-User", "user_header_from": ("127.0.0.1",)} if quiet else {}),
    )  # fmt: skip
    edge = create_app(runner, table, clock, WebSettings(shutdown_timeout=1), feed=feed, dashboard=dashboard)
    await edge.setup()
    listener = bind("127.0.0.1", 0)
    await start_sites(edge, [listener])
    paths = sorted(
        {route.resource.canonical for route in edge.app.router.routes() if route.method == "GET" and route.resource}
    )
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", paths
    finally:
        await edge.cleanup()
        await table.close()
        await runner.stop()
        store.close()
