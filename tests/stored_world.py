"""The same life as tests/core/world.py, lived in a real SQLite file through the real operations."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from seestackd.core.alerts import Routing
from seestackd.core.incidents import Incident
from seestackd.core.monitor import NewMonitor, Rules, SlotEntry, State
from seestackd.core.pings import PingKind
from seestackd.core.runs import Run
from seestackd.core.schedule import parse_schedule
from seestackd.feed import Feed
from seestackd.operations import blind, keys, maintenance, monitors
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore
from tests.clocks import SetClock
from tests.core.world import MINUTE, t
from tests.stores import new_store


class StoredWorld:
    """One monitor in a store of its own; close it in the end."""

    slug = "backup"

    def __init__(self, path: Path, schedule: str, at: int, **rules: Any) -> None:
        self.path = path
        self.clock = SetClock(at)
        self._numbers = count()
        self._open(new_store(self.path))
        self.project = self._do(keys.ensure_project, keys.EnsureProject(), at).id
        new = NewMonitor(self.slug, self.slug, parse_schedule(schedule), Rules(**{"grace_ms": 5 * MINUTE, **rules}))
        self.monitor = self._do(monitors.add, monitors.AddMonitor(self.project, new, "ping-id"), at)

    def _open(self, store: SqliteStore) -> None:
        self.store = store
        self.runner = Runner(self.store, self.clock, Feed(), on_broken=lambda: None)
        self.runner.route(Routing(default_channels=("mail",)))

    def close(self) -> None:
        self.store.close()

    def restart(self) -> None:
        """End the process and begin a new one that knows what the file knows."""
        self.close()
        self._open(SqliteStore.open(self.path))

    def _do(self, operation: Any, command: Any, at: int) -> Any:
        self.clock.at = at
        return self.runner.call(operation, command)

    # What happens to it

    def ping(self, kind: str, at: int, **said: Any) -> None:
        key = f"key-{next(self._numbers)}" if said.pop("keyed", False) else None
        happened_at = said.pop("happened_at", None)
        command = RecordPing(
            self.project, self.slug, PingKind(kind), key=key, own_at=happened_at, sent_at=at, **said
        )  # fmt: skip
        self._do(record, command, at)

    def success(self, at: int, **said: Any) -> None:
        self.ping("success", at, **said)

    def failed(self, at: int, **said: Any) -> None:
        self.ping("failed", at, **said)

    def start(self, at: int, **said: Any) -> None:
        self.ping("start", at, **said)

    def log(self, at: int, **said: Any) -> None:
        self.ping("log", at, **said)

    def judge(self, at: int) -> None:
        while self._do(judge_due, JudgeDue(), at).more:
            pass

    def until(self, at: int) -> "StoredWorld":
        while (due := self.state.deadline_at) is not None and due <= at:
            self.judge(due)
        return self

    def pause(self, at: int, until: int | None = None) -> None:
        self._do(monitors.pause, monitors.PauseMonitor(self.project, self.slug, until), at)

    def resume(self, at: int) -> None:
        self._do(monitors.resume, monitors.MonitorNamed(self.project, self.slug), at)

    def reschedule(self, at: int, schedule: str) -> None:
        wanted = monitors.EditMonitor(self.project, self.slug, schedule=parse_schedule(schedule))
        self._do(monitors.edit, wanted, at)

    def change_rules(self, at: int, **rules: Any) -> None:
        monitor = self.read(lambda tx: tx.monitors.by_id(self.monitor.id))
        wanted = monitors.EditMonitor(self.project, self.slug, rules=replace(monitor.rules, **rules))
        self._do(monitors.edit, wanted, at)

    def maintain(self, starts_at: int, ends_at: int) -> None:
        command = maintenance.AddMaintenance(self.project, "work", starts_at, ends_at)
        self._do(maintenance.add, command, self.clock.at)

    def deaf(self, since: int, until: int) -> None:
        self._do(lambda tx, window, at: tx.blind.open(*window), (since, until, "not running"), until)

    def step(self, at: int, by: int) -> None:
        self._do(blind.clock_stepped, blind.ClockStepped(by), at)

    # What is seen of it

    def read(self, query: Any) -> Any:
        return self.runner.read_now(lambda tx, command, at: query(tx), None)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the file itself."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement).fetchall()

    @property
    def state(self) -> State:
        found: State = self.read(lambda tx: tx.monitors.load_state(self.monitor.id, for_update=False))
        return found

    @property
    def status(self) -> str:
        return self.state.status.value

    @property
    def entries(self) -> list[SlotEntry]:
        found: list[SlotEntry] = self.read(lambda tx: tx.slots.latest(self.monitor.id, 100_000))
        return found[::-1]

    @property
    def runs(self) -> dict[int, Run]:
        def load(tx: Transaction) -> list[Run]:
            return tx.runs.latest(self.monitor.id, 100_000)

        return {run.id: run for run in self.read(load)}

    @property
    def incident(self) -> Incident | None:
        found: Incident | None = self.read(lambda tx: tx.incidents.open_for(f"monitor:{self.monitor.id}"))
        return found

    @property
    def kinds(self) -> list[str]:
        return [kind for (kind,) in self.rows("SELECT kind FROM outbox WHERE kind != 'blind' ORDER BY id")]


def stored_monitor(path: Path, schedule: str = "0 * * * *", at: int = t("00:30"), **rules: Any) -> StoredWorld:
    """A monitor created at `at` that has not reported yet; grace is 5 minutes unless given."""
    return StoredWorld(path, schedule, at, **rules)
