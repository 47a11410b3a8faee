"""A project in a real store whose clock says what a test sets: jobs report, silence is judged, incidents followed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seestackd.core.alerts import Routing
from seestackd.core.incidents import Incident, OutboxRow
from seestackd.core.monitor import Monitor, State, new_monitor, new_rules
from seestackd.core.pings import PingKind
from seestackd.feed import Feed
from seestackd.operations import incidents, keys, maintenance, monitors
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.followups import FollowedUp, FollowUp, follow_up
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore
from tests.clocks import SetClock
from tests.core.world import t
from tests.stores import new_store


class Place:
    """Everything a test does happens at the instant it names; the operations are those of the daemon."""

    def __init__(self, store: SqliteStore, routing: Routing) -> None:
        self.clock = SetClock(t("00:00"))
        self.runner = Runner(store, self.clock, Feed(), on_broken=lambda: None)
        self.route(routing)
        self.project = self.runner.call(keys.ensure_project, keys.EnsureProject()).id
        self._numbers = iter(range(1, 100_000))

    def route(self, routing: Routing) -> None:
        self.runner.route(routing)

    def do(self, operation: Any, command: Any, at: int) -> Any:
        self.clock.at = at
        return self.runner.call(operation, command)

    def add(self, slug: str = "backup", schedule: str = "0 * * * *", at: int = t("00:30"), **more: Any) -> Monitor:
        """Watch a job; grace is 5 minutes unless given."""
        plain = {name: more.pop(name) for name in ("timezone", "channels", "tags") if name in more}
        new = new_monitor(slug, schedule, rules=new_rules(**{"grace": "5m", **more}), **plain)
        added: Monitor = self.do(monitors.add, monitors.AddMonitor(self.project, new, f"id-{slug}"), at)
        return added

    def ping(self, kind: str, at: int, slug: str = "backup", **more: Any) -> None:
        said = {"message": f"report {next(self._numbers)}", **more}
        self.do(record, RecordPing(self.project, slug, PingKind(kind), **said), at)

    def failed(self, at: int, slug: str = "backup", **more: Any) -> None:
        self.ping("failed", at, slug, **more)

    def success(self, at: int, slug: str = "backup", **more: Any) -> None:
        self.ping("success", at, slug, **more)

    def judge(self, at: int) -> None:
        while self.do(judge_due, JudgeDue(), at).more:
            pass

    def follow(self, at: int) -> FollowedUp:
        followed: FollowedUp = self.do(follow_up, FollowUp(), at)
        return followed

    def follow_until(self, at: int) -> None:
        """Act whenever something is due, up to `at`."""
        while (due := self.read(lambda tx: tx.incidents.next_action())) is not None and due <= at:
            self.follow(max(due, self.clock.at))
        self.clock.at = at

    def named(self, slug: str = "backup") -> monitors.MonitorNamed:
        return monitors.MonitorNamed(self.project, slug)

    def pause(self, at: int, slug: str = "backup", until: int | None = None) -> None:
        self.do(monitors.pause, monitors.PauseMonitor(self.project, slug, until), at)

    def ack(self, at: int, by: str = "ann") -> Incident:
        acked: Incident = self.do(incidents.acknowledge, incidents.AckIncident(self.incident.id, by), at)
        return acked

    def silence(self, at: int, until: int) -> Incident:
        silenced: Incident = self.do(incidents.silence, incidents.SilenceIncident(self.incident.id, until), at)
        return silenced

    def maintain(self, at: int, starts_at: int, ends_at: int, slugs: tuple[str, ...] = ()) -> str:
        command = maintenance.AddMaintenance(self.project, "work", starts_at, ends_at, slugs=slugs)
        return str(self.do(maintenance.add, command, at).uid)

    # What is seen of it

    def read(self, query: Any) -> Any:
        return self.runner.read_now(lambda tx, command, at: query(tx), None)

    def state(self, slug: str = "backup") -> State:
        def load(tx: Transaction) -> State:
            monitor = tx.monitors.by_slug(self.project, slug)
            assert monitor is not None
            return tx.monitors.load_state(monitor.id, for_update=False)

        state: State = self.read(load)
        return state

    @property
    def incident(self) -> Incident:
        """The newest incident."""
        newest: Incident = self.read(lambda tx: tx.incidents.listed(open_only=False, limit=1))[0]
        return newest

    @property
    def rows(self) -> list[OutboxRow]:
        """Every alert, oldest first."""
        found: list[OutboxRow] = self.read(lambda tx: tx.outbox.listed(1000))
        return found[::-1]

    @property
    def told(self) -> list[tuple[str, str]]:
        """(kind, channel) of every alert, oldest first, but for what was taken back."""
        return [(row.alert.kind.value, row.alert.channel) for row in self.rows if row.state != "superseded"]

    def since(self, count: int) -> list[tuple[str, str]]:
        """What has been told after the first `count` alerts."""
        return self.told[count:]

    def facts(self, kind: str) -> dict[str, Any]:
        """The facts of the newest alert of a kind."""
        return dict(next(row.alert.facts for row in reversed(self.rows) if row.alert.kind.value == kind))


@contextmanager
def a_place(folder: Path, routing: Routing) -> Iterator[Place]:
    """A place of its own whose store is closed in the end; in a folder that has one, the same after a restart."""
    path = folder / "seestackd.db"
    store = SqliteStore.open(path) if path.exists() else new_store(path)
    try:
        yield Place(store, routing)
    finally:
        store.close()
