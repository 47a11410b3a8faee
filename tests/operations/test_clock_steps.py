"""Steps of the wall clock through many monitors and their ledgers, in a real store."""

from dataclasses import replace
from typing import Any

from seestackd.operations.blind import (
    ClockStepped,
    Hear,
    Listen,
    clock_stepped,
    hear,
    listen,
)
from seestackd.store.interface import BlindWindow
from tests.core.world import DAY, HOUR, t
from tests.operations.place import Place

TEN_YEARS = 3653 * DAY


def ear(place: Place, at: int, boot: str = "boot-1", boot_at: int | None = None) -> Hear:
    return Hear("local", at - t("00:00") if boot_at is None else boot_at, boot)


def begin(place: Place, at: int, inherited: bool = False, **more: Any) -> tuple[bool, BlindWindow | None]:
    begun: tuple[bool, BlindWindow | None] = place.do(listen, Listen(ear(place, at, **more), inherited), at)
    return begun


def stamp(place: Place, at: int) -> None:
    place.do(hear, ear(place, at), at)


def step(place: Place, at: int, by: int) -> None:
    place.do(clock_stepped, ClockStepped(by), at)


def windows(place: Place) -> list[tuple[int, int, str]]:
    return [(w.started_at, w.ended_at, w.cause) for w in place.read(lambda tx: tx.blind.recent(99))]


def outcomes(place: Place) -> dict[int, str]:
    return {row.first_at: row.outcome.value for row in place.read(lambda tx: tx.slots.latest(1, 99))}


def test_elapsed_time_goes_on_over_a_step_for_intervals_runs_and_reminders(place: Place) -> None:
    place.add("backup", "1h")
    place.judge(t("01:35"))
    reminded_at = place.incident.next_action_at
    step(place, t("03:40"), 2 * HOUR)

    assert place.state().expected_at == t("02:30") + 2 * HOUR
    assert reminded_at is not None
    assert place.incident.next_action_at == reminded_at + 2 * HOUR


def test_two_hours_back_judge_no_slot_again_and_hide_no_failure(place: Place) -> None:
    place.add()
    for hour in (1, 2, 3):
        place.success(t(f"{hour:02}:00:10"))
    step(place, t("01:10"), -2 * HOUR)
    place.judge(t("02:30"))
    assert place.told == []

    place.failed(t("02:40"))
    assert place.told == [("failed", "ops")]
    assert set(outcomes(place).values()) == {"on_time"}


def test_ten_years_ahead_and_back_leave_no_trace(place: Place) -> None:
    place.add()
    place.add("daily", "1d")
    place.success(t("01:00:10"))
    step(place, t("01:10") + TEN_YEARS, TEN_YEARS)
    place.judge(t("01:11") + TEN_YEARS)
    place.success(t("01:12") + TEN_YEARS)
    step(place, t("01:13"), -TEN_YEARS)
    assert set(outcomes(place)) == {t("01:00")}, "slots of a time that has not come have no outcome"

    place.judge(t("02:05"))
    assert place.told == [("missed", "ops")]
    assert place.state("daily").expected_at == t("00:30", day=1)
    assert all(ended_at <= t("01:13") for _, ended_at, _ in windows(place)), "no window lies in the future"


def test_a_restart_after_such_a_clock_still_knows_its_gap(place: Place) -> None:
    place.add()
    begin(place, t("00:40"))
    step(place, t("00:50") + TEN_YEARS, TEN_YEARS)
    place.success(t("00:51") + TEN_YEARS)
    step(place, t("00:52"), -TEN_YEARS)
    stamp(place, t("00:53"))
    begin(place, t("01:03"))

    assert (t("00:53"), t("01:03"), "not running") in windows(place)


def test_slots_that_the_clock_jumped_over_are_unknown(place: Place) -> None:
    place.add()
    place.success(t("01:00:10"))
    step(place, t("03:30"), 2 * HOUR)
    place.judge(t("03:31"))

    row = place.read(lambda tx: tx.slots.latest(1, 1))[0]
    assert (row.first_at, row.last_at, row.outcome) == (t("02:00"), t("03:00"), "unknown")
    assert place.told == []


def test_what_is_shifted_is_woken_for(place: Place) -> None:
    place.add("backup", "1h")
    step(place, t("00:35"), -5 * HOUR)
    state = place.state()

    assert state.deadline_at is not None
    assert place.read(lambda tx: tx.monitors.next_wake()) <= state.deadline_at
    assert replace(state) == state
