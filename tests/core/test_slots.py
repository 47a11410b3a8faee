"""The slots of calendar schedules: looking ahead and back, far away, from several threads, in bounded memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.schedule import Schedule, parse_schedule
from seestackd.core.slots import SlotWindows
from seestackd.errors import Invalid
from tests.rows import rows

BERLIN = "Europe/Berlin"
MINUTE, DAY = 60_000, 86_400_000


def at(text: str) -> int:
    """The instant of an ISO time, UTC unless it has an offset, in ms."""
    instant = datetime.fromisoformat(text)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1_000)


def test_day_of_month_and_weekday_both_restricted_mean_either() -> None:
    slots = parse_schedule("0 0 13 * 5").slots_between(at("2027-01-31"), at("2027-02-28T23:00"), 99)
    assert [datetime.fromtimestamp(slot / 1_000, UTC).day for slot in slots] == [5, 12, 13, 19, 26]


def test_day_of_month_and_weekday_mean_both_when_one_begins_with_a_star() -> None:
    slots = parse_schedule("0 0 */2 * 5").slots_between(at("2027-01-31"), at("2027-02-28T23:00"), 99)
    assert [datetime.fromtimestamp(slot / 1_000, UTC).day for slot in slots] == [5, 19]


def test_weekdays_0_and_7_are_sunday() -> None:
    sunday = at("2027-02-07T03:00")
    assert [parse_schedule(f"0 3 * * {day}").next_after(at("2027-02-01")) for day in ("0", "7", "sun")] == [sunday] * 3


def test_oncalendar_keeps_a_zone_of_its_own() -> None:
    assert parse_schedule("03:00 Asia/Tokyo", BERLIN).next_after(at("2027-01-01")) == at("2027-01-01T03:00+09:00") + DAY


def test_slots_are_looked_up_strictly_after_and_not_later_than() -> None:
    daily, slot = parse_schedule("0 3 * * *"), at("2027-05-05T03:00")
    assert (daily.next_after(slot - 1), daily.next_after(slot)) == (slot, slot + DAY)
    assert (daily.newest_at_or_before(slot - 1), daily.newest_at_or_before(slot)) == (slot - DAY, slot)
    assert (daily.previous_before(slot), daily.previous_before(slot + 1)) == (slot - DAY, slot)


def test_slots_between_begin_after_the_first_end_with_the_last_and_stop_at_the_limit() -> None:
    daily, slot = parse_schedule("0 3 * * *"), at("2027-05-05T03:00")
    assert daily.slots_between(slot, slot + 2 * DAY, 99) == [slot + DAY, slot + 2 * DAY]
    assert daily.slots_between(slot, slot + 99 * DAY, 3) == [slot + DAY, slot + 2 * DAY, slot + 3 * DAY]
    assert daily.slots_between(slot, slot + DAY - 1, 99) == []
    assert daily.slots_between(slot, slot - DAY, 99) == []
    assert daily.slots_between(slot, slot + 99 * DAY, 0) == []


def test_a_leap_day_on_a_sunday_is_found_28_years_ahead_and_behind() -> None:
    rare = parse_schedule("0 0 29 2 */7")
    assert rare.next_after(at("2004-03-01")) == at("2032-02-29")
    assert rare.newest_at_or_before(at("2031-01-01")) == at("2004-02-29")
    assert rare.newest_at_or_before(at("2033-01-01")) == at("2032-02-29")


def test_an_oncalendar_expression_of_past_years_never_comes_again() -> None:
    past = parse_schedule("2020-01-01 04:00")
    assert past.next_after(at("2019-06-01")) == past.newest_at_or_before(at("2021-01-01")) == at("2020-01-01T04:00")
    with pytest.raises(LookupError):
        past.next_after(at("2027-01-01"))


def test_an_interval_has_no_slots() -> None:
    with pytest.raises(TypeError, match="no slots"):
        parse_schedule("30m").next_after(0)


@rows("expression", ["* * * * *", "30 2 * * *", "0 0 29 2 *", "03:00", "*:*:*"])
@rows("zone", ["UTC", BERLIN, "Pacific/Apia", "America/New_York"])
@rows("instant", ["0001-01-01", "1899-12-31", "1970-01-01", "2199-12-31", "9899-12-31", "9998-12-31"])
def test_a_clock_far_away_gets_an_answer_or_a_lookup_error(expression: str, zone: str, instant: str) -> None:
    schedule, now = parse_schedule(expression, zone), at(instant)
    newest = schedule.newest_at_or_before(now)
    assert newest is None or newest <= now
    try:
        assert schedule.next_after(now) > now
    except LookupError:
        assert now > at("2190-01-01")
    for beyond in (-(2**63), 2**63 - 1):
        assert schedule.newest_at_or_before(beyond) is None
    with pytest.raises(LookupError):
        schedule.next_after(2**63 - 1)


def test_answers_stay_right_when_the_clock_leaps_away_and_back() -> None:
    schedule = parse_schedule("30 2 * * *", BERLIN)
    expected = schedule.next_after(at("2027-03-28"))
    for leap in range(1, 100):
        schedule.next_after(at("2027-03-28") + leap * 91 * DAY)
    assert schedule.next_after(at("2027-03-28")) == expected == at("2027-03-28T01:00")


def test_threads_that_share_a_schedule_get_the_same_answers_as_one() -> None:
    shared = parse_schedule("*/7 1-5 * * *", BERLIN)
    instants = [at("2027-03-20") + step * 37 * MINUTE for step in range(250)]
    alone = SlotWindows(shared._slots()._slots)
    expected = [alone.around(instant) for instant in instants]

    def ask(order: int) -> bool:
        asked = list(zip(instants, expected, strict=True))[::order]
        return all((shared.newest_at_or_before(now), shared.next_after(now)) == pair for now, pair in asked)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, [1, -1, 3, -5] * 3))


def test_memory_of_a_schedule_is_bounded() -> None:
    schedule = parse_schedule("* * * * *", BERLIN)
    for day in range(20):
        schedule.next_after(at("2027-01-01") + day * DAY)
    assert sum(map(len, schedule._slots()._runs)) <= SlotWindows.RUNS * SlotWindows.RUN_LENGTH


numbers = st.integers(0, 31)
fields = st.one_of(
    st.sampled_from(["*", "*", "*", "*/2", "*/5", "1-5", "0", "1,3", "L", "mon#2", "5/7"]),
    st.builds("{}-{}".format, numbers, numbers),
    st.builds(str, numbers),
)
cron_lines = st.builds("{} {} {} {} {}".format, fields, fields, fields, fields, fields)
calendars = st.sampled_from(["hourly", "Mon..Fri 03:00", "*-*-1,15 02:30", "*:0/7", "Sun 02:15:30", "*-*~1 23:59"])
zones = st.sampled_from([BERLIN, "UTC", "Australia/Lord_Howe", "America/Santiago", "Antarctica/Casey", "Africa/Cairo"])
instants = st.integers(at("2020-01-01"), at("2035-12-31"))


def accepted(text: str, zone: str) -> Schedule | None:
    try:
        return parse_schedule(text, zone)
    except Invalid:
        return None


@given(st.one_of(cron_lines, calendars), zones, instants)
def test_looking_back_agrees_with_looking_ahead(text: str, zone: str, now: int) -> None:
    schedule = accepted(text, zone)
    if schedule is None:
        return
    assert schedule.describe()
    newest = schedule.newest_at_or_before(now)
    if newest is not None:
        assert newest <= now < schedule.next_after(newest)
        assert schedule.next_after(newest - 1) == newest
        assert schedule.slots_between(newest - 1, now, 5) == [newest]
    assert schedule.previous_before(now + 1) == newest
    ahead = schedule.slots_between(now, now + 40 * DAY, 20)
    assert ahead == sorted(set(ahead))
    assert ahead == list(steps(schedule, now, ahead[-1] if ahead else now))


def steps(schedule: Schedule, now: int, until: int) -> Iterator[int]:
    while now < until:
        now = schedule.next_after(now)
        yield now
