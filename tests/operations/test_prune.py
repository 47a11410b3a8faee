"""What is old goes, in small steps; what is still needed stays, and reading ends where the past was cut off."""

from pathlib import Path
from typing import Any

import pytest

from seestackd.core.monitor import Monitor, new_monitor
from seestackd.core.pings import PingKind
from seestackd.core.retention import Kind
from seestackd.core.telemetry import HttpRequest
from seestackd.feed import Feed
from seestackd.operations import keys, monitors, pings, telemetry
from seestackd.operations.listings import ListHistory, heard
from seestackd.operations.outbox import AckDead, QueueTest, ack_dead, queue_test
from seestackd.operations.upkeep import KEPT_MS, Forgotten, Upkeep, hold_after_step, prune
from seestackd.runner import Runner
from seestackd.store.listings import Page
from tests.clocks import SetClock
from tests.stores import new_store

DAY_MS = 86_400_000
BEGAN = 1_700_000_000_000


class House(SetClock):
    """A store with one monitor and a clock of the test's own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(BEGAN)
        self.store = new_store(folder / "seestackd.db")
        self.runner = Runner(self.store, self, Feed(), on_broken=lambda: None)  # type: ignore[arg-type]
        project = self.runner.call(keys.ensure_project, keys.EnsureProject())
        self.project_id = project.id
        new = new_monitor("nightly", "1d")
        self.monitor: Monitor = self.runner.call(monitors.add, monitors.AddMonitor(project.id, new, "p" * 22))

    def ping(self, kind: PingKind = PingKind.SUCCESS, **more: Any) -> None:
        self.runner.call(pings.record, pings.RecordPing(self.project_id, "nightly", kind, **more))

    def prune(self, limit: int = 500) -> Forgotten:
        return self.runner.call(prune, Upkeep(0, "", limit))

    def count(self, table: str) -> int:
        return int(self.sql(f"SELECT count(*) FROM {table}"))

    def sql(self, statement: str, *values: object) -> Any:
        def asked(tx: Any, command: None, at: int) -> Any:
            row = tx.behind.execute(statement, values).fetchone()
            return row[0] if row else None

        return self.runner.call(asked, None)


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = House(tmp_path)
    yield made
    made.store.close()


def test_pings_go_after_90_days_with_their_outputs_and_runs(house: House) -> None:
    for _ in range(5):
        house.ping(output="all well")
        house.at += DAY_MS
    house.at = BEGAN + 92 * DAY_MS + 1

    assert house.prune() == Forgotten(6, False)
    assert [house.count(table) for table in ("pings", "outputs", "runs")] == [2, 2, 2]


def test_reading_ends_where_the_past_was_cut_off(house: House) -> None:
    for _ in range(5):
        house.ping()
        house.at += DAY_MS
    house.at = BEGAN + 92 * DAY_MS + 1
    house.prune()

    lines, _ = house.runner.read_now(heard, ListHistory(house.project_id, house.monitor.uid, 0, house.at, Page(0, 50)))
    assert len(lines) == 2
    house.ping()
    assert house.count("pings") == 3


def test_the_newest_ping_stays_so_that_its_number_does_not_come_again(house: House) -> None:
    house.ping()
    house.at += 200 * DAY_MS
    house.prune()
    house.ping()

    assert house.sql("SELECT max(id) FROM pings") == 2


def test_no_step_deletes_more_than_it_may(house: House) -> None:
    for _ in range(25):
        house.ping(PingKind.LOG)
    house.at += 91 * DAY_MS

    steps = [house.prune(limit=10) for _ in range(3)]

    assert [(step.rows, step.more) for step in steps] == [(10, True), (10, True), (4, False)]


def test_alerts_given_up_stay_until_somebody_has_seen_them(house: House) -> None:
    for _ in range(3):
        row = house.runner.call(queue_test, QueueTest("ops"))
    house.sql("UPDATE outbox SET state = 'dead' WHERE id = 1")
    house.sql("UPDATE outbox SET state = 'delivered' WHERE id = 2")
    house.sql("INSERT INTO attempts (outbox_id, at, duration_ms, result) VALUES (2, 1, 1, 'delivered')")
    house.runner.call(queue_test, QueueTest("ops"))
    house.at += 91 * DAY_MS

    assert house.prune().rows == 1
    assert (house.count("outbox"), house.count("attempts")) == (3, 0)
    assert house.sql("SELECT state FROM outbox WHERE id = ?", row) == "pending"
    house.runner.call(ack_dead, AckDead(1))
    assert house.prune().rows == 1


def test_what_must_stay_does_not_keep_what_follows_it_from_going(house: House) -> None:
    for _ in range(12):
        house.runner.call(queue_test, QueueTest("ops"))
    house.sql("UPDATE outbox SET state = iif(id <= 6, 'dead', 'delivered')")
    house.at += 91 * DAY_MS

    steps = [house.prune(limit=3) for _ in range(4)]

    assert sum(step.rows for step in steps) == 5
    assert house.sql("SELECT count(*) FROM outbox WHERE state = 'delivered'") == 1


def test_slots_and_blind_windows_stay_for_400_days(house: House) -> None:
    for day in range(3):
        slot = (house.monitor.id, BEGAN + day * DAY_MS, BEGAN + day * DAY_MS, 1, "ok", "", BEGAN, 0)
        house.sql(
            "INSERT INTO slots (monitor_id, first_at, last_at, count, outcome, reason, judged_at, more)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *slot,
        )
        house.sql(
            "INSERT INTO blind_windows (started_at, ended_at, cause, unknown, slugs) VALUES (?, ?, '', 0, '[]')",
            *slot[1:3],
        )
    house.at = BEGAN + 401 * DAY_MS + 1

    assert house.prune() == Forgotten(4, False)
    assert (house.count("slots"), house.count("blind_windows")) == (1, 1)


def test_what_is_young_stays(house: House) -> None:
    for _ in range(3):
        house.ping()
    house.at += 89 * DAY_MS

    assert house.prune() == Forgotten(0, False)
    assert house.count("pings") == 3


def test_nothing_goes_while_the_clock_is_in_doubt(house: House) -> None:
    for _ in range(3):
        house.ping()
    house.at += 91 * DAY_MS
    house.runner.call(lambda tx, command, at: hold_after_step(tx, at), None)

    assert house.prune() == Forgotten(0, False, waits=True)


def test_each_kind_is_kept_as_long_as_the_settings_say(house: House) -> None:
    house.ping()
    house.ping()
    house.ping()
    house.at += 3 * DAY_MS
    kept = {**KEPT_MS, Kind.PINGS: 2 * DAY_MS}
    house.runner.call(prune, Upkeep(0, "", kept=kept))
    assert (house.count("pings"), house.count("runs"), house.count("slots") > 0) == (1, 1, True)

    house.runner.call(prune, Upkeep(0, "", kept={**kept, Kind.LEDGER: DAY_MS}))
    assert house.count("slots") == 0


def test_requests_from_a_clock_that_is_years_ahead_go_by_their_arrival(house: House) -> None:
    ahead = HttpRequest(BEGAN + 9999 * DAY_MS, "t", False, "GET", "shop", "/", 200, 5, 0, 0, False, None, None)
    for _ in range(4):
        house.runner.call(telemetry.store, telemetry.StoreRequests(house.project_id, (ahead,) * 5))
        house.runner.call(lambda tx, command, at: tx.rollups.advance(100, at), None)
        house.at += DAY_MS
    house.at = BEGAN + 16 * DAY_MS + 3_600_000

    steps = [house.prune(limit=4) for _ in range(4)]

    assert sum(step.rows for step in steps) == 15
    assert house.sql("SELECT min(id) FROM http_requests") == 16
