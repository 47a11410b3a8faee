"""Judging silence in a real store: many monitors, long outages, bounded batches."""

import logging
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from seestackd.core.monitor import NewMonitor, Rules
from seestackd.core.pings import PingKind
from seestackd.core.schedule import parse_schedule
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.monitors import AddMonitor, MonitorNamed, add, archive, remove, unarchive
from seestackd.operations.pings import RecordPing, record
from seestackd.store.interface import Transaction
from tests.core.world import DAY, HOUR, MINUTE, SECOND, t
from tests.operations.place import Place


def add_many(place: Place, schedules: list[str], at: int) -> None:
    def add_all(tx: Transaction, command: list[str], now: int) -> None:
        for number, schedule in enumerate(command):
            new = NewMonitor(f"job-{number}", f"job-{number}", parse_schedule(schedule), Rules(grace_ms=5 * MINUTE))
            add(tx, AddMonitor(place.project, new, f"id-{number}"), now)

    place.do(add_all, schedules, at)


def ping_many(place: Place, numbers: list[int], at: int) -> None:
    def ping_all(tx: Transaction, command: list[int], now: int) -> None:
        for number in command:
            record(tx, RecordPing(place.project, f"job-{number}", PingKind.SUCCESS), now)

    place.do(ping_all, numbers, at)


def blind(place: Place, since: int, until: int) -> None:
    place.do(lambda tx, window, at: tx.blind.open(*window), (since, until, "not running"), until)


def incidents(place: Place) -> list[Any]:
    found: list[Any] = place.read(lambda tx: tx.incidents.listed(open_only=False, limit=10_000))
    return found


def slugs_by_id(place: Place) -> dict[int, str]:
    return {monitor.id: monitor.slug for monitor in place.read(lambda tx: tx.monitors.in_project(place.project))}


def test_1000_minute_jobs_after_30_blind_days_are_judged_in_bounded_batches(place: Place) -> None:
    numbers = list(range(1000))
    add_many(place, ["* * * * *"] * 1000, t("00:00"))
    ping_many(place, numbers, t("00:01:02"))
    blind(place, t("00:01:30"), t("00:01:30", day=30))
    batches = 0
    while True:
        judged = place.do(judge_due, JudgeDue(), t("00:01:50", day=30))
        batches += 1
        assert judged.monitors == 1, "a batch ends when its 1000 slots are judged"
        if not judged.more or batches == 5:
            break

    state = place.state("job-0")
    row = place.read(lambda tx: tx.slots.latest(1, 1))[0]
    assert (row.outcome, row.count, row.more, row.first_at) == ("unknown", 1000, True, t("00:02"))
    assert state.expected_at is not None
    assert t("23:56", day=29) <= state.expected_at <= t("00:02", day=30)
    assert (place.told, place.read(lambda tx: tx.blind.recent(1))[0].unknown) == ([], 5000)


@pytest.mark.long
def test_all_1000_minute_jobs_after_30_blind_days_are_watched_again(place: Place) -> None:
    add_many(place, ["* * * * *"] * 1000, t("00:00"))
    ping_many(place, list(range(1000)), t("00:01:02"))
    blind(place, t("00:01:30"), t("00:01:30", day=30))
    place.judge(t("00:01:50", day=30))
    assert place.told == []

    place.judge(t("00:20", day=30))
    assert Counter(kind for kind, _ in place.told) == {"missed": 1000}


@pytest.mark.parametrize("schedule", ["*/10 * * * *", "10m"])
def test_a_blind_window_of_10_minutes_excuses_and_hides_nothing_in_a_real_store(place: Place, schedule: str) -> None:
    """40 phases at once; the 200 of the page are in tests/core/test_blind.py."""
    random = Random(9)
    for phase in range(40):
        place.add(f"job-{phase}", schedule, at=t("00:00") + phase, grace="2m")
    since = t("03:00") + random.randrange(10 * MINUTE)
    until = since + 10 * MINUTE
    dead = set(range(0, 40, 4))
    blind(place, since, until)
    for number in range(1, 27):
        at = t("00:00") + number * 10 * MINUTE + 10 * SECOND
        if since <= at < until:
            continue
        if at - 10 * MINUTE < until <= at:
            place.judge(until + 20 * SECOND)
        place.judge(at)
        ping_many(place, [job for job in range(40) if job not in dead or at < since], at)
    place.judge(t("04:30"))

    names = slugs_by_id(place)
    assert {names[each.monitor_id] for each in incidents(place)} == {f"job-{number}" for number in dead}
    assert all(each.opened_at <= until + 22 * MINUTE + 10 * SECOND for each in incidents(place))


def test_a_monitor_whose_deadline_has_moved_is_left_alone(place: Place) -> None:
    place.add()
    place.success(t("01:00:10"))

    assert place.do(judge_due, JudgeDue(), t("01:05")).monitors == 0
    assert place.told == []


def test_judging_says_when_to_look_again(place: Place) -> None:
    place.add()

    assert place.do(judge_due, JudgeDue(), t("01:00")).next_wake_at == t("01:05")
    assert place.do(judge_due, JudgeDue(), t("01:05")).next_wake_at == t("02:05")


def test_no_more_monitors_are_judged_at_once_than_asked_for(place: Place) -> None:
    add_many(place, ["0 * * * *"] * 7, t("00:30"))

    assert [place.do(judge_due, JudgeDue(limit=3), t("01:05")).monitors for _ in range(4)] == [3, 3, 1, 0]


def test_a_monitor_that_cannot_be_judged_keeps_no_other_from_it(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place.add("broken")
    place.add("well")
    with closing(sqlite3.connect(tmp_path / "seestackd.db")) as file:
        file.execute("UPDATE monitors SET timezone = 'Mars/Olympus' WHERE slug = 'broken'")
        file.commit()
    with caplog.at_level(logging.ERROR):
        place.judge(t("01:05"))

    assert place.told == [("missed", "ops")]
    assert "monitor 1 could not be judged" in caplog.text
    assert place.do(judge_due, JudgeDue(), t("01:05:30")).next_wake_at == t("01:06"), "it is tried again"


def test_a_ping_that_was_refused_makes_its_slot_unknown(place: Place) -> None:
    place.add()
    place.success(t("01:00:10"))
    place.do(judge_due, JudgeDue(refused={(place.project, "backup"): t("02:00:10")}), t("02:05"))

    assert place.read(lambda tx: tx.slots.latest(1, 1))[0].outcome == "unknown"
    assert place.told == []


def test_history_is_read_from_the_runs_that_were_heard(place: Place) -> None:
    place.add(grace="30m")
    for hour in range(1, 4):
        place.success(t(f"{hour:02}:00:20"))
    blind(place, t("04:02"), t("04:20"))
    place.judge(t("04:30"))

    assert place.told == [("missed", "ops")], "it is never later than 20 s: the window is no excuse"


def test_an_archived_monitor_is_not_judged_and_comes_back_with_its_history(place: Place) -> None:
    place.add()
    place.success(t("01:00:10"))
    place.do(archive, MonitorNamed(place.project, "backup"), t("01:30"))
    place.judge(t("05:30"))
    assert place.told == []

    place.do(unarchive, MonitorNamed(place.project, "backup"), t("05:40"))
    place.judge(t("06:05"))
    assert place.told == [("missed", "ops")]
    assert [row.outcome.value for row in place.read(lambda tx: tx.slots.latest(1, 9))] == ["missed", "on_time"]


def test_a_run_open_when_it_was_archived_ends_in_silence(place: Place) -> None:
    place.add()
    place.ping("start", t("01:00:10"))
    place.do(archive, MonitorNamed(place.project, "backup"), t("01:30"))
    place.judge(t("05:30"))

    assert (place.told, place.state().open_runs) == ([], ())


def test_a_monitor_that_was_removed_is_forgotten_by_the_judge(place: Place) -> None:
    place.add()
    place.do(remove, MonitorNamed(place.project, "backup"), t("00:40"))

    assert place.do(judge_due, JudgeDue(), t("09:00")).monitors == 0


def test_waking_comes_never_later_than_the_deadline(place: Place, tmp_path: Path) -> None:
    random = Random(4)
    place.add("a", "*/5 * * * *", grace="1m")
    place.add("b", "7m", max_runtime="10m")
    at = t("01:00")
    for _ in range(200):
        at += random.randrange(4 * MINUTE)
        place.ping(random.choice(["start", "success", "failed", "log"]), at, random.choice("ab"))
        if random.random() < 0.5:
            place.judge(at)
        with closing(sqlite3.connect(tmp_path / "seestackd.db")) as file:
            late = "SELECT * FROM monitor_state WHERE wake_at IS NULL OR wake_at > deadline_at"
            assert file.execute(late).fetchall() == []


def test_a_blind_window_of_two_months_ago_still_excuses_the_longest_wait(place: Place) -> None:
    place.add("yearly", "0 0 * * *", grace="30d", max_runtime="30d")
    place.success(t("00:00:10", day=1), "yearly", duration_ms=HOUR)
    blind(place, t("23:59", day=1), t("00:05", day=2))
    place.judge(t("00:00", day=2) + 60 * DAY)

    row = place.read(lambda tx: tx.slots.latest(1, 9))[-2]
    assert (row.first_at, row.outcome) == (t("00:00", day=2), "unknown")
