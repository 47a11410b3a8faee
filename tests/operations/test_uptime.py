"""Uptime of a month and of the last days, from what is stored; the report that sums it up."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from seestackd.core.alerts import Routing
from seestackd.core.uptime import Uptime
from seestackd.operations import blind, uptime
from seestackd.operations.reports import tell_month
from seestackd.store.interface import Transaction
from seestackd.store.sqlite import uptime as statements
from tests.operations.place import Place, a_place

HOUR = 3_600_000
DAY = 24 * HOUR
FIRST, NEXT = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp() * 1000) for month in (10, 11))


def month_of(place: Place, at: int) -> uptime.Month:
    found: uptime.Month = place.do(uptime.month, uptime.MonthOf(place.project, 2026, 10), at)
    return found


def broken(place: Place, slug: str, at: int, lasting: int) -> None:
    place.failed(at, slug)
    place.success(at + lasting, slug)


@pytest.fixture
def october(place: Place) -> Place:
    """Three jobs since the first of October: one was down for three hours, one for one, one never."""
    for slug, tags in (("backup", ("db",)), ("dump", ("db", "prod")), ("mail", ())):
        place.add(slug, "40d", at=FIRST, tags=tags)
    broken(place, "backup", FIRST + DAY, 2 * HOUR)
    broken(place, "backup", FIRST + 3 * DAY, HOUR)
    broken(place, "dump", FIRST + 2 * DAY, HOUR)
    return place


def test_a_month_names_those_that_were_down_longest_first(october: Place) -> None:
    found = month_of(october, NEXT + DAY)

    assert [(line.monitor.slug, line.uptime) for line in found.monitors] == [
        ("backup", Uptime(2, 3 * HOUR, 31 * DAY)),
        ("dump", Uptime(1, HOUR, 31 * DAY)),
        ("mail", Uptime(0, 0, 31 * DAY)),
    ]
    assert found.total == Uptime(3, 4 * HOUR, 93 * DAY)


def test_a_month_is_summed_up_by_tag(october: Place) -> None:
    assert month_of(october, NEXT).tags == {"db": Uptime(3, 4 * HOUR, 62 * DAY), "prod": Uptime(1, HOUR, 31 * DAY)}


def test_blind_time_counts_for_nobody(october: Place) -> None:
    october.do(lambda tx, window, at: tx.blind.open(*window), (FIRST + DAY, FIRST + DAY + HOUR, "asleep"), NEXT)

    assert month_of(october, NEXT).monitors[0].uptime == Uptime(2, 2 * HOUR, 31 * DAY - HOUR)


def test_a_month_that_goes_on_counts_as_far_as_it_went(october: Place) -> None:
    assert month_of(october, FIRST + 5 * DAY).total == Uptime(3, 4 * HOUR, 15 * DAY)


def test_a_monitor_that_came_later_is_not_in_the_month(october: Place) -> None:
    october.add("late", "1d", at=NEXT)

    assert "late" not in [line.monitor.slug for line in month_of(october, NEXT + DAY).monitors]


def test_an_incident_over_two_months_counts_in_both(place: Place) -> None:
    place.add("backup", "40d", at=FIRST)
    broken(place, "backup", NEXT - HOUR, 3 * HOUR)
    november: uptime.Month = place.do(uptime.month, uptime.MonthOf(place.project, 2026, 11), NEXT + DAY)

    assert month_of(place, NEXT + DAY).total == Uptime(1, HOUR, 31 * DAY)
    assert november.total == Uptime(1, 2 * HOUR, DAY)


def test_days_tell_on_which_it_was_down(october: Place) -> None:
    backup = october.read(lambda tx: tx.monitors.by_slug(october.project, "backup"))
    found: uptime.Days = october.do(uptime.last_days, uptime.DaysOf(backup.id, 4), FIRST + 4 * DAY - 1)

    assert [day.down_ms for _, _, day in found.days] == [0, 2 * HOUR, 0, HOUR]
    assert found.total == Uptime(2, 3 * HOUR, 4 * DAY - 1)


def test_stretches_are_read_along_an_index_that_holds_them_whole(place: Place) -> None:
    def plans(tx: Transaction) -> list[str]:
        execute = tx.uptime._execute  # type: ignore[attr-defined]
        values = {"of": 1, "since": 0, "until": 9}
        found = []
        for statement in (statements._OF_ALL, statements._OF_ONE):
            found += [row[3] for row in execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()]
        found += [row[3] for row in execute(f"EXPLAIN QUERY PLAN {statements._PUBLIC}", (1,)).fetchall()]
        return found

    steps = [step for step in place.read(plans) if "incidents" in step or "monitors " in step]
    assert len(steps) == 5
    assert all("USING COVERING INDEX" in step or "USING INDEX monitors_public" in step for step in steps), steps


# The report


@pytest.fixture
def reported(tmp_path: Path, october: Place) -> Place:
    """The same jobs, with reports wanted since October."""
    october.route(Routing(default_channels=("ops",), monthly_report=("boss", "ops")))
    october.do(tell_month, None, FIRST + 4 * DAY)
    return october


def reports(place: Place) -> list[str]:
    return [channel for kind, channel in place.told if kind == "report"]


def test_the_month_is_told_to_every_channel_that_wants_it(reported: Place) -> None:
    assert reported.do(tell_month, None, NEXT + 9 * HOUR) == "2026-10"

    assert reports(reported) == ["boss", "ops"]
    facts = reported.facts("report")
    assert (facts["month"], facts["monitors"], facts["troubled"], facts["incidents"]) == ("2026-10", 3, 2, 3)
    assert facts["lines"][0] == {"slug": "backup", "incidents": 2, "down_ms": 3 * HOUR, "share": 1 - 3 / (31 * 24)}
    assert [one["tag"] for one in facts["tags"]] == ["db", "prod"]


def test_nobody_is_told_unless_it_is_set(october: Place) -> None:
    for at in (FIRST + DAY, NEXT + 10 * HOUR, NEXT + DAY):
        october.do(tell_month, None, at)

    assert reports(october) == []


def test_the_month_is_told_once_over_restarts(reported: Place, tmp_path: Path) -> None:
    reported.do(tell_month, None, NEXT + 9 * HOUR)
    with a_place(tmp_path, Routing(monthly_report=("boss", "ops"))) as again:
        assert again.do(tell_month, None, NEXT + 10 * HOUR) is None
        assert reports(again) == ["boss", "ops"]


def test_the_month_is_told_once_when_the_clock_is_set_back_over_the_first(reported: Place) -> None:
    for at in (NEXT + 9 * HOUR, NEXT - HOUR, NEXT + 9 * HOUR):
        reported.do(tell_month, None, at)

    assert reports(reported) == ["boss", "ops"]


def test_a_clock_that_has_just_made_a_great_step_tells_nothing(reported: Place) -> None:
    reported.do(blind.clock_stepped, blind.ClockStepped(NEXT + 10 * HOUR - FIRST), NEXT + 10 * HOUR)

    assert reported.do(tell_month, None, NEXT + 10 * HOUR) is None
    assert reported.do(tell_month, None, NEXT + 11 * HOUR) == "2026-10"


def test_a_report_that_is_wanted_from_today_says_nothing_of_last_month(october: Place) -> None:
    october.do(tell_month, None, NEXT + DAY)
    october.route(Routing(monthly_report=("ops",)))
    october.do(tell_month, None, NEXT + 2 * DAY)

    assert reports(october) == []
