"""What upkeep deletes, and when it keeps its hands off because the clock may be wrong (semantics.md 6)."""

import pytest

from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS
from seestackd.operations.blind import ClockStepped, Hear, Listen, clock_stepped, hear, listen
from seestackd.operations.upkeep import Upkeep, awaits_operator, confirm_clock, forget_old
from tests.core.world import t
from tests.operations.place import Place

START = t("06:00")


def forgets(place: Place, at: int, boot_at: int = 0, boot: str = "boot") -> bool:
    return bool(place.do(forget_old, Upkeep(boot_at, boot), at))


@pytest.fixture
def old(place: Place) -> int:
    """When the idempotency key of a ping at START has served its time."""
    place.add(schedule="1d", at=START - HOUR_MS)
    place.success(START, key="once")
    return START + 8 * DAY_MS + 1


def test_a_ping_s_idempotency_key_is_kept_for_eight_days(place: Place, old: int) -> None:
    assert not forgets(place, old - 1)
    assert forgets(place, old)
    assert not forgets(place, old)


def test_nothing_is_deleted_for_ten_minutes_after_a_great_step(place: Place, old: int) -> None:
    place.do(clock_stepped, ClockStepped(HOUR_MS + 1), old)

    assert not forgets(place, old + 10 * MINUTE_MS - 1)
    assert forgets(place, old + 10 * MINUTE_MS)


def test_a_step_of_an_hour_is_no_reason_to_wait(place: Place, old: int) -> None:
    place.do(clock_stepped, ClockStepped(HOUR_MS), old)

    assert forgets(place, old)


def test_a_wrong_jump_ahead_that_is_taken_back_within_ten_minutes_deletes_nothing(place: Place, old: int) -> None:
    ahead = 3650 * DAY_MS
    place.do(clock_stepped, ClockStepped(ahead), START + ahead)
    assert not forgets(place, START + ahead + 9 * MINUTE_MS)
    place.do(clock_stepped, ClockStepped(-ahead), START + 9 * MINUTE_MS)

    assert not forgets(place, START + 20 * MINUTE_MS)
    assert forgets(place, old), "what waited for the time ahead is over, too"


def starts_after(place: Place, absence: int, boot_at: int = HOUR_MS, boot: str = "boot") -> int:
    place.do(hear, Hear("local", 0, "boot before"), START)
    place.do(listen, Listen(Hear("local", boot_at, boot), False), START + absence)
    return START + absence


def test_after_a_week_s_absence_nothing_is_deleted_for_a_day_of_boot_time(place: Place, old: int) -> None:
    starts_after(place, 30 * DAY_MS, boot_at=HOUR_MS)
    at = START + 3650 * DAY_MS

    assert not forgets(place, at, boot_at=25 * HOUR_MS - 1)
    assert forgets(place, at, boot_at=25 * HOUR_MS)


def test_a_reboot_during_that_day_starts_it_again(place: Place, old: int) -> None:
    at = starts_after(place, 30 * DAY_MS, boot_at=DAY_MS)

    assert not forgets(place, at, boot_at=DAY_MS - 1, boot="next boot")
    assert forgets(place, at, boot_at=DAY_MS, boot="next boot")


def test_an_operator_who_confirms_the_clock_ends_the_wait(place: Place, old: int) -> None:
    at = starts_after(place, 30 * DAY_MS)
    assert place.do(awaits_operator, None, at)
    assert not forgets(place, at)

    assert place.do(confirm_clock, None, at) is True
    assert forgets(place, at)
    assert place.do(confirm_clock, None, at) is False


def test_a_week_s_absence_is_an_ordinary_one(place: Place, old: int) -> None:
    starts_after(place, 7 * DAY_MS)

    assert forgets(place, old)
