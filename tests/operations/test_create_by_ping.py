"""A monitor made by its first ping: when it is made, how many may be, and what a repeated ping is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.monitor import HOUR_MS, Monitor, State, Status, new_monitor
from seestackd.core.pings import PingKind
from seestackd.errors import Conflict, NotFound, TooMany
from seestackd.feed import Feed
from seestackd.operations import keys, monitors
from seestackd.operations.pings import Recorded, RecordPing, archived_pings, record, record_or_count
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore
from tests.clocks import SetClock
from tests.stores import new_store

NOW = 1_775_000_000_000


class Project:
    """A project in a real store, and operations on it one by one."""

    def __init__(self, store: SqliteStore) -> None:
        self.clock = SetClock(NOW)
        self.runner = Runner(store, self.clock, Feed(), on_broken=lambda: None)
        self.id = self.runner.call(keys.ensure_project, keys.EnsureProject()).id

    def ping(self, slug: str, kind: PingKind = PingKind.SUCCESS, *, create: bool = True, **fields: Any) -> Recorded:
        new = new_monitor(slug, "1d", source="ping") if create else None
        command = RecordPing(self.id, slug, kind, create=new, ping_id=f"id-of-{slug}" if create else "", **fields)
        return self.runner.call(record, command)

    def add(self, slug: str, source: str = "cli") -> Monitor:
        new = new_monitor(slug, "1d", source=source)
        return self.runner.call(monitors.add, monitors.AddMonitor(self.id, new, f"id-of-{slug}"))

    def change(self, operation: Any, slug: str) -> None:
        self.runner.call(operation, monitors.MonitorNamed(self.id, slug))

    def state(self, slug: str) -> State:
        def load(tx: Transaction, command: None, at: int) -> State:
            monitor = tx.monitors.by_slug(self.id, slug)
            assert monitor is not None
            return tx.monitors.load_state(monitor.id, for_update=False)

        return self.runner.read_now(load, None)

    def has(self, slug: str) -> bool:
        return any(view.monitor.slug == slug for view in self.runner.read_now(monitors.listed, self.all))

    @property
    def all(self) -> monitors.ListMonitors:
        return monitors.ListMonitors(self.id, archived=True)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    store = new_store(tmp_path / "seestackd.db")
    yield Project(store)
    store.close()


def test_the_first_ping_makes_the_monitor_and_is_its_first_run(project: Project) -> None:
    first = project.ping("backup")
    second = project.ping("backup")

    assert (first.created, second.created) == (True, False)
    assert first.monitor_uid == second.monitor_uid
    assert project.state("backup").status is Status.HEALTHY
    assert project.state("backup").expected_at == NOW + 24 * HOUR_MS


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (PingKind.FAILED, Status.FAILED),
        (PingKind.START, Status.PENDING),
        (PingKind.LOG, Status.PENDING),
    ],
)
def test_any_kind_of_ping_may_be_the_first(project: Project, kind: PingKind, status: Status) -> None:
    assert project.ping("backup", kind).created
    assert project.state("backup").status is status
    assert len(project.state("backup").open_runs) == (1 if kind is PingKind.START else 0)


def test_without_the_wish_nothing_is_made(project: Project) -> None:
    with pytest.raises(NotFound, match="No cron monitor found with slug: backup"):
        project.ping("backup", create=False)

    assert not project.has("backup")


def test_sixty_are_made_within_an_hour_and_the_next_when_it_is_over(project: Project) -> None:
    for number in range(60):
        project.ping(f"job-{number}")
    project.clock.at = NOW + HOUR_MS
    with pytest.raises(TooMany, match="60 monitors were made by ping within the hour") as refused:
        project.ping("one-more")
    assert refused.value.retry_after > 0

    project.clock.at += 1

    assert project.ping("one-more").created


def test_monitors_made_by_hand_do_not_count_for_the_hour(project: Project) -> None:
    for number in range(70):
        project.add(f"job-{number}")

    assert project.ping("backup").created


def test_a_project_with_a_thousand_monitors_gets_no_more_by_ping(project: Project) -> None:
    def fill(tx: Transaction, command: None, at: int) -> None:
        for number in range(1_000):
            new = new_monitor(f"job-{number}", "1d")
            monitors.add(tx, monitors.AddMonitor(project.id, new, f"id-{number}"), at)

    project.runner.call(fill, None)

    with pytest.raises(TooMany, match="add this one with: seestackd monitor add backup"):
        project.ping("backup")
    assert project.ping("job-7").created is False
    project.change(monitors.remove, "job-8")
    assert project.ping("backup").created


def test_an_archived_monitor_is_not_made_anew(project: Project) -> None:
    project.ping("backup")
    project.change(monitors.archive, "backup")

    with pytest.raises(Conflict, match="the monitor backup is archived and is not made anew"):
        project.ping("backup")


def test_pings_of_an_archived_monitor_are_counted_whether_they_create_or_not(project: Project) -> None:
    monitor = project.add("backup")
    project.change(monitors.archive, "backup")
    new = new_monitor("backup", "1d", source="ping")

    plain = RecordPing(project.id, "backup", PingKind.SUCCESS)
    creating = RecordPing(project.id, "backup", PingKind.SUCCESS, create=new, ping_id="another")
    unknown = RecordPing(project.id, "other", PingKind.SUCCESS)

    assert isinstance(project.runner.call(record_or_count, plain), NotFound)
    assert isinstance(project.runner.call(record_or_count, creating), Conflict)
    assert isinstance(project.runner.call(record_or_count, unknown), NotFound)
    assert project.runner.read_now(archived_pings, monitor.id) == 2


def test_once_back_its_pings_are_recorded_again(project: Project) -> None:
    project.add("backup")
    project.change(monitors.archive, "backup")
    project.change(monitors.unarchive, "backup")

    assert project.ping("backup").created is False
    assert project.state("backup").status is Status.HEALTHY


def test_a_repeat_of_the_ping_that_made_it_is_told_created_again(project: Project) -> None:
    first = project.ping("backup", key="run-1")

    again = project.ping("backup", key="run-1")

    assert (again.created, again.repeated) == (True, True)
    assert (again.monitor_uid, again.ping_id) == (first.monitor_uid, first.ping_id)


def test_a_repeat_of_a_later_ping_is_not(project: Project) -> None:
    project.ping("backup")
    project.clock.at += 1
    project.ping("backup", key="run-1")

    again = project.ping("backup", key="run-1")

    assert (again.created, again.repeated) == (False, True)


def test_a_monitor_made_anew_under_an_old_name_knows_no_old_keys(project: Project) -> None:
    project.ping("backup", key="run-1")
    project.change(monitors.remove, "backup")

    assert project.ping("backup", key="run-1").repeated is False
    assert project.state("backup").status is Status.HEALTHY


def test_a_ping_id_of_a_removed_monitor_reaches_no_namesake(project: Project) -> None:
    project.add("backup")
    sent_to = RecordPing(project.id, "backup", PingKind.SUCCESS, ping_id="id-of-an-older-one")

    with pytest.raises(NotFound):
        project.runner.call(record, sent_to)
    assert project.state("backup").status is Status.PENDING
