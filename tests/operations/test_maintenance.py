"""Windows are planned, refused with the reason, listed and called off (semantics.md 5)."""

from typing import Any

import pytest

from seestackd.core.maintenance import Window
from seestackd.errors import Invalid, NotFound
from seestackd.operations import maintenance, managed
from seestackd.operations.listings import OfProject
from seestackd.operations.maintenance import AddMaintenance, ListMaintenance, RemoveMaintenance
from tests.core.world import DAY, HOUR, MINUTE, t
from tests.operations.place import Place

NOW = t("12:00")


def plan(place: Place, at: int = NOW, **fields: Any) -> Window:
    window: Window = place.do(maintenance.add, AddMaintenance(place.project, **{"title": "work", **fields}), at)
    return window


def listed(place: Place, at: int) -> list[str]:
    return [window.title for window in place.do(maintenance.listed, ListMaintenance(place.project), at)]


def call_off(place: Place, uid: str, at: int) -> None:
    place.do(maintenance.remove, RemoveMaintenance(place.project, uid), at)


def test_windows_are_listed_until_they_are_over_and_recurring_ones_always(place: Place) -> None:
    plan(place, title="once", starts_at=t("13:00"), ends_at=t("14:00"))
    plan(place, title="weekly", schedule="0 2 * * 0", duration="2h", timezone="Europe/Berlin")

    assert listed(place, t("13:59")) == ["once", "weekly"]
    assert listed(place, t("14:00")) == ["weekly"]


def test_a_window_that_has_begun_can_still_be_planned(place: Place) -> None:
    assert plan(place, starts_at=t("11:00"), ends_at=t("12:30")).coming(NOW) == (t("11:00"), t("12:30"))


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({}, "start", "give a start and an end, or a schedule and a duration"),
        ({"starts_at": t("13:00")}, "start", "give a start and an end"),
        ({"starts_at": t("13:00"), "ends_at": t("13:00")}, "end", "the end is not after the start"),
        ({"starts_at": t("10:00"), "ends_at": t("11:00")}, "end", "lies in the past"),
        ({"starts_at": t("13:00"), "ends_at": t("13:01", 30)}, "end", "at most 30 days; pause the monitor"),
        ({"schedule": "0 2 * * 0"}, "duration", "say how long the window lasts, for example 2h"),
        ({"schedule": "0 2 * * 0", "duration": "0"}, "duration", "more than nothing"),
        ({"schedule": "0 2 * * 0", "duration": "31d"}, "duration", "at most 30 days"),
        ({"schedule": "0 2 * * 0", "duration": "soon"}, "duration", '"soon" is not a duration'),
        ({"schedule": "0 2 * * *", "duration": "24h"}, "duration", "the next window begins before this one ends"),
        ({"schedule": "0,30 2 * * 0", "duration": "45m"}, "duration", "the next window begins before"),
        ({"schedule": "1h", "duration": "5m"}, "schedule", "recurs by the calendar"),
        ({"schedule": "0 2 30 2 *", "duration": "5m"}, "schedule", ""),
        ({"schedule": "0 2 * * 0", "duration": "1h", "timezone": "Berlin"}, "timezone", ""),
        ({"schedule": "0 2 * * 0", "duration": "1h", "starts_at": t("13:00")}, "schedule", "not a start and an end"),
        ({"title": " ", "starts_at": t("13:00"), "ends_at": t("14:00")}, "title", "1-200 printable characters"),
        ({"title": "a\nb", "starts_at": t("13:00"), "ends_at": t("14:00")}, "title", "printable"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_the_reason(
    place: Place, fields: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as error:
        plan(place, **fields)

    assert error.value.field == field
    assert reason in error.value.message
    assert listed(place, NOW) == []


def test_a_window_for_an_unknown_monitor_is_refused(place: Place) -> None:
    with pytest.raises(NotFound, match="No cron monitor found with slug: gone"):
        plan(place, starts_at=t("13:00"), ends_at=t("14:00"), slugs=("gone",))


def test_a_window_that_follows_itself_without_overlap_is_taken(place: Place) -> None:
    assert plan(place, schedule="0 2 * * *", duration="23h59m").coming(t("02:00")) == (t("02:00"), t("01:59", 1))


def test_a_window_is_called_off_by_the_beginning_of_its_uid(place: Place) -> None:
    first = plan(place, starts_at=t("13:00"), ends_at=t("14:00"))
    plan(place, at=NOW + DAY, title="other", starts_at=t("13:00", 1), ends_at=t("14:00", 1))
    call_off(place, first.uid[:10], NOW)

    assert listed(place, NOW) == ["other"]


def test_what_means_no_window_or_several_is_refused(place: Place) -> None:
    plan(place, starts_at=t("13:00"), ends_at=t("14:00"))
    plan(place, starts_at=t("15:00"), ends_at=t("16:00"))

    with pytest.raises(Invalid, match="2 windows begin with 0; give more of it"):
        call_off(place, "0", NOW)
    for nothing in ("", "zzz"):
        with pytest.raises(NotFound, match="list them with: seestackd maintenance ls"):
            call_off(place, nothing, NOW)


def test_nobody_hears_of_a_job_that_is_silent_during_maintenance(place: Place) -> None:
    place.add(schedule="0 * * * *", at=t("00:30"))
    place.maintain(t("00:40"), t("00:50"), t("02:30"))
    place.judge(t("02:40"))
    assert place.told == []

    place.judge(t("03:05"))
    assert place.told == [("missed", "ops")]


@pytest.mark.parametrize("way", ["by the command line", "by the API"])
def test_a_job_is_missed_by_its_own_deadline_again_when_the_window_is_called_off(place: Place, way: str) -> None:
    place.add(schedule="1h", at=t("00:30"))
    place.success(t("01:00"))
    uid = place.maintain(t("01:10"), t("01:30"), t("00:00", 20))
    place.judge(t("02:05"))
    assert place.state().deadline_at == t("00:05", 20)

    if way == "by the API":
        place.do(managed.remove_window, OfProject(place.project, uid), t("03:00"))
    else:
        call_off(place, uid, t("03:00"))
    assert place.state().deadline_at == t("03:01")
    place.judge(t("03:01"))
    assert place.told == [("missed", "ops")]


def test_a_run_is_given_its_own_limit_again_when_the_window_is_called_off(place: Place) -> None:
    place.add(schedule="0 1 * * *", at=t("00:30"), max_runtime="1h")
    place.ping("start", t("01:00"))
    uid = place.maintain(t("01:10"), t("01:30"), t("20:00"))
    place.judge(t("02:00"))
    assert place.state().deadline_at == t("20:05")

    call_off(place, uid, t("03:00"))
    place.judge(t("03:01"))
    assert place.told == [("overrun", "ops")]


def test_calling_a_window_off_changes_nothing_for_those_it_did_not_hold(place: Place) -> None:
    place.add("covered", "1h", at=t("00:30"))
    place.add("other", "1h", at=t("00:30"))
    uid = place.maintain(t("00:40"), t("05:00"), t("06:00"), slugs=("covered",))
    before = place.state("covered"), place.state("other")
    call_off(place, uid, t("00:50"))

    assert (place.state("covered"), place.state("other")) == before
    assert before[0].deadline_at == t("00:30") + HOUR + 5 * MINUTE
