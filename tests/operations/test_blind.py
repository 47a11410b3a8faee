"""What the daemon learns at its start, and whom it tells of a time in which nobody could be heard (semantics.md 6)."""

from itertools import pairwise

import pytest

from seestackd.core.alerts import Routing
from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS
from seestackd.operations.blind import Blinded, ClockStepped, Hear, Listen, blinded, clock_stepped, hear, listen
from seestackd.operations.blind import tell_blind as tell
from seestackd.store.interface import BlindWindow
from tests.core.world import t
from tests.operations.place import Place

SECOND = 1_000
AGO = t("06:00")
BOOT, LATER_BOOT = "boot-1", "boot-2"


def heard(place: Place, at: int, boot_at: int = HOUR_MS, boot: str = BOOT) -> None:
    place.do(hear, Hear("local", boot_at, boot), at)


def starts(
    place: Place, at: int, boot_at: int = HOUR_MS, boot: str = LATER_BOOT, *, inherited: bool = False
) -> tuple[bool, BlindWindow | None]:
    found: tuple[bool, BlindWindow | None] = place.do(listen, Listen(Hear("local", boot_at, boot), inherited), at)
    return found


def span(found: tuple[bool, BlindWindow | None]) -> tuple[int, int] | None:
    window = found[1]
    return None if window is None else (window.started_at, window.ended_at)


# What a start learns


def test_a_first_start_has_missed_nothing(place: Place) -> None:
    assert starts(place, AGO) == (False, None)


def test_nothing_could_be_heard_since_the_last_stamp(place: Place) -> None:
    heard(place, AGO)

    assert span(starts(place, AGO + HOUR_MS)) == (AGO, AGO + HOUR_MS)


def test_a_ping_after_the_last_stamp_was_heard(place: Place) -> None:
    place.add(schedule="1d")
    heard(place, AGO)
    place.success(AGO + 7 * SECOND)

    assert span(starts(place, AGO + HOUR_MS)) == (AGO + 7 * SECOND, AGO + HOUR_MS)


@pytest.mark.parametrize(("gap", "blind"), [(30 * SECOND, False), (31 * SECOND, True)])
def test_pings_wait_half_a_minute_in_a_socket_held_open(place: Place, gap: int, blind: bool) -> None:
    heard(place, AGO)

    listened_before, window = starts(place, AGO + gap, inherited=True)

    assert listened_before
    assert (window is not None) is blind


def test_every_gap_is_blind_without_a_socket_held_open(place: Place) -> None:
    heard(place, AGO)

    assert span(starts(place, AGO + 2 * SECOND)) == (AGO, AGO + 2 * SECOND)


def test_a_clock_put_back_while_it_was_away_hides_no_gap(place: Place) -> None:
    """An hour passed since the stamp, and the wall clock, put back by three hours, says two hours earlier."""
    heard(place, AGO, boot_at=HOUR_MS)

    found = starts(place, AGO - 2 * HOUR_MS, boot_at=2 * HOUR_MS, boot=BOOT)

    assert span(found) == (AGO - 3 * HOUR_MS, AGO - 2 * HOUR_MS)


def test_pings_of_the_time_before_a_step_back_hide_no_gap(place: Place) -> None:
    place.add(schedule="1d")
    place.success(AGO + 3650 * DAY_MS)
    heard(place, AGO)

    assert span(starts(place, AGO + HOUR_MS)) == (AGO, AGO + HOUR_MS)


def test_an_interval_keeps_its_elapsed_time_through_a_step_while_it_was_away(place: Place) -> None:
    place.add(schedule="4h", at=AGO)
    expected_at = place.state().expected_at
    assert expected_at is not None
    heard(place, AGO, boot_at=HOUR_MS)

    starts(place, AGO + 2 * DAY_MS + MINUTE_MS, boot_at=HOUR_MS + MINUTE_MS, boot=BOOT)

    assert place.state().expected_at == expected_at + 2 * DAY_MS


def test_a_board_that_boots_in_the_past_and_is_set_right_counts_the_time_it_was_off(place: Place) -> None:
    """Without a clock of its own it wakes years ago; its monitors must not be silent for years once that is mended."""
    place.add(schedule="4h", at=AGO)
    heard(place, AGO)
    place.do(listen, Listen(Hear("local", 5 * SECOND, LATER_BOOT), False), AGO - 3650 * DAY_MS)
    awake = AGO + HOUR_MS
    place.do(clock_stepped, ClockStepped(3650 * DAY_MS + HOUR_MS - MINUTE_MS), awake)

    assert AGO + 4 * HOUR_MS <= (place.state().expected_at or 0) <= AGO + 5 * HOUR_MS
    place.judge(AGO + 6 * HOUR_MS)
    assert place.told == [("missed", "ops")]


# Commits that fail


@pytest.mark.parametrize(("lasted", "blind"), [(30 * SECOND, False), (31 * SECOND, True)])
def test_commits_may_fail_for_half_a_minute(place: Place, lasted: int, blind: bool) -> None:
    window = place.do(blinded, Blinded(AGO, AGO + lasted, "commits failed"), AGO + lasted)

    assert (window is not None) is blind


# Whom it tells


def blind_for(place: Place, since: int, lasting: int) -> int:
    """The daemon was away for so long; returns when it was back."""
    heard(place, since)
    starts(place, since + lasting)
    return since + lasting


def test_a_short_window_that_cost_nothing_is_not_told(place: Place) -> None:
    back = blind_for(place, AGO, 9 * MINUTE_MS)
    place.do(tell, None, back + 5 * MINUTE_MS)

    assert place.told == []


def test_ten_minutes_are_told_once_to_every_default_channel(place: Place) -> None:
    place.route(Routing(default_channels=("ops", "mail")))
    back = blind_for(place, AGO, 10 * MINUTE_MS)
    for minutes in (0, 1, 2, 90):
        place.do(tell, None, back + minutes * MINUTE_MS)

    assert sorted(place.told) == [("blind", "mail"), ("blind", "ops")]
    assert (place.facts("blind")["started_at"], place.facts("blind")["ended_at"]) == (AGO, back)


def test_a_run_that_could_not_be_heard_makes_a_short_window_worth_telling(place: Place) -> None:
    place.add(schedule="0 * * * *", at=AGO - 2 * HOUR_MS)
    place.success(AGO - HOUR_MS)
    back = blind_for(place, AGO - MINUTE_MS, 2 * MINUTE_MS)
    place.judge(AGO + 6 * MINUTE_MS)
    place.do(tell, None, back + 10 * MINUTE_MS)

    assert place.told == [("blind", "ops")]
    assert (place.facts("blind")["unknown"], place.facts("blind")["slugs"]) == (1, ["backup"])


def test_a_daemon_that_restarts_all_day_tells_at_most_once_an_hour(place: Place) -> None:
    at, told_at = AGO, []
    for _ in range(96):
        at = blind_for(place, at, 11 * MINUTE_MS) + 2 * MINUTE_MS
        before = len(place.told)
        place.do(tell, None, at)
        told_at += [at] * (len(place.told) - before)

    assert len(told_at) == pytest.approx(96 * 13 / 60, abs=3)
    assert all(later - earlier >= HOUR_MS for earlier, later in pairwise(told_at))


def test_more_windows_within_the_hour_than_it_looks_at_do_not_make_it_tell_again(place: Place) -> None:
    back = blind_for(place, AGO, 15 * MINUTE_MS)
    place.do(tell, None, back + MINUTE_MS)
    at = back + MINUTE_MS
    for _ in range(25):
        at = blind_for(place, at, MINUTE_MS)
    at = blind_for(place, at, 11 * MINUTE_MS)
    place.do(tell, None, at + MINUTE_MS)

    assert place.told == [("blind", "ops")]


def test_a_notice_of_a_time_that_never_was_silences_none(place: Place) -> None:
    """Told while the clock was ten years ahead, then it was put back: the hour counts as elapsed time."""
    ahead = AGO + 3650 * DAY_MS
    back = blind_for(place, ahead, 15 * MINUTE_MS)
    place.do(tell, None, back + MINUTE_MS)
    now = AGO + HOUR_MS
    place.do(clock_stepped, ClockStepped(now - back - 2 * MINUTE_MS), now)
    again = blind_for(place, now + HOUR_MS, 15 * MINUTE_MS)
    place.do(tell, None, again + 2 * MINUTE_MS)

    assert place.told == [("blind", "ops"), ("blind", "ops")]


# Steps


@pytest.mark.parametrize(("step", "recorded", "blind"), [(2_000, 0, 0), (2_001, 1, 0), (30_000, 1, 0), (30_001, 1, 1)])
def test_steps_are_recorded_from_two_seconds_and_blind_from_thirty(
    place: Place, step: int, recorded: int, blind: int
) -> None:
    place.do(clock_stepped, ClockStepped(-step), AGO)
    place.do(clock_stepped, ClockStepped(step), AGO)

    found = place.read(lambda tx: tx.behind.execute("SELECT count(*) FROM clock_steps").fetchone()[0])
    assert found == 2 * recorded
    assert len(place.read(lambda tx: tx.blind.recent(10))) == 2 * blind
