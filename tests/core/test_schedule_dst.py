"""The nights in which the clock changes: cron lines run as Debian's cron runs them, OnCalendar as systemd does."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from seestackd.core.schedule import parse_schedule
from tests.rows import rows

BERLIN = "Europe/Berlin"
HOUR = 3_600_000


def at(text: str) -> int:
    """The instant of an ISO time, UTC unless it has an offset, in ms."""
    instant = datetime.fromisoformat(text)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1_000)


def starts_on(day: str, expression: str, zone: str = BERLIN) -> list[str]:
    """The slots of a local day, as local times."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    after = int(midnight.timestamp()) * 1_000 - 1
    slots = parse_schedule(expression, zone).slots_between(after, after + 30 * HOUR, 3_000)
    local = [datetime.fromtimestamp(slot / 1_000, ZoneInfo(zone)) for slot in slots]
    return [f"{time:%H:%M%z}"[:8] for time in local if f"{time:%Y-%m-%d}" == day]


@rows(
    ("expression", "spring", "autumn"),
    [
        ("30 2 * * *", ["03:00+02"], ["02:30+02"]),
        ("0 2 * * *", ["03:00+02"], ["02:00+02"]),
        (
            "*/15 2 * * *",
            [],
            [f"02:{minute}{offset}" for offset in ("+02", "+01") for minute in ("00", "15", "30", "45")],
        ),
        ("15 2,3 * * *", ["03:00+02", "03:15+02"], ["02:15+02", "03:15+01"]),
        ("30 1-3 * * *", ["01:30+01", "03:00+02", "03:30+02"], ["01:30+02", "02:30+02", "03:30+01"]),
        ("0,30 2 * * *", ["03:00+02"], ["02:00+02", "02:30+02"]),
    ],
)
def test_it_starts_jobs_as_debian_cron_does_in_the_two_nights(
    expression: str, spring: list[str], autumn: list[str]
) -> None:
    assert starts_on("2027-03-28", expression) == spring
    assert starts_on("2027-10-31", expression) == autumn


def test_jobs_every_two_hours_follow_the_wall_clock_in_the_two_nights() -> None:
    assert starts_on("2027-03-28", "0 */2 * * *")[:3] == ["00:00+01", "04:00+02", "06:00+02"]
    assert starts_on("2027-10-31", "0 */2 * * *")[:4] == ["00:00+02", "02:00+02", "02:00+01", "04:00+01"]
    assert len(starts_on("2027-03-28", "*/30 * * * *")) == 46
    assert len(starts_on("2027-10-31", "*/30 * * * *")) == 50


@rows(
    ("zone", "day", "expression", "expected"),
    [
        ("Australia/Lord_Howe", "2020-04-05", "*/15 2 * * *", ["02:00+10", "02:15+10", "02:30+10", "02:45+10"]),
        ("Australia/Lord_Howe", "2020-04-05", "45 1 * * *", ["01:45+11"]),
        ("Australia/Lord_Howe", "2020-10-04", "15 2 * * *", ["02:30+11"]),
        ("America/Havana", "2023-03-12", "*/20 0 * * *", []),
        ("America/Havana", "2023-03-12", "10 0 * * *", ["01:00-04"]),
        ("Asia/Beirut", "2022-03-27", "30 23 * * *", ["23:30+03"]),
        ("America/Santiago", "2022-04-02", "30 23 * * *", ["23:30-03"]),
        ("America/Santiago", "2022-04-02", "30 23 */1 * *", ["23:30-03"]),
        ("America/Santiago", "2022-04-02", "*/30 23 * * *", ["23:00-03", "23:30-03", "23:00-04", "23:30-04"]),
        ("Antarctica/Troll", "2021-03-28", "30 1,2 * * *", ["03:00+02"]),
        ("Antarctica/Troll", "2021-10-31", "30 1,2 * * *", ["01:30+02", "02:30+02"]),
        ("Africa/Casablanca", "2027-02-07", "30 2 * * *", ["02:30+01"]),
    ],
)
def test_it_knows_changes_of_half_an_hour_of_two_hours_and_at_midnight(
    zone: str, day: str, expression: str, expected: list[str]
) -> None:
    assert starts_on(day, expression, zone) == expected


def test_a_change_of_three_hours_forward_is_a_correction_and_starts_nothing_at_once() -> None:
    assert starts_on("2020-10-04", "30 1 * * *", "Antarctica/Casey") == []
    assert starts_on("2020-10-04", "30 1,4 * * *", "Antarctica/Casey") == ["04:30+11"]


def test_a_change_of_three_hours_back_repeats_wildcard_jobs_only() -> None:
    assert starts_on("2020-03-08", "30 1 * * *", "Antarctica/Casey") == ["01:30+11"]
    assert starts_on("2020-03-08", "*/30 1 * * *", "Antarctica/Casey") == [
        "01:00+11",
        "01:30+11",
        "01:00+08",
        "01:30+08",
    ]


def test_a_look_from_within_the_repeated_hour_does_not_repeat_the_job() -> None:
    assert parse_schedule("33 2 * * *", BERLIN).next_after(at("2027-10-31T02:10+01:00")) == at("2027-11-01T02:33+01:00")


def test_a_look_from_just_after_the_skipped_hour_does_not_start_its_jobs_again() -> None:
    assert parse_schedule("34 2 * * *", BERLIN).next_after(at("2027-03-28T03:00+02:00")) == at("2027-03-29T02:34+02:00")


def test_a_yearly_job_is_found_across_changes_of_the_clock() -> None:
    assert parse_schedule("0 0 1 7 *", BERLIN).next_after(at("2027-01-05")) == at("2027-07-01T00:00+02:00")
    assert parse_schedule("0 0 5 1 *", BERLIN).next_after(at("2027-07-05")) == at("2028-01-05T00:00+01:00")
    assert parse_schedule("30 2 28 3 *", BERLIN).next_after(at("2027-01-05")) == at("2027-03-28T01:00")


def test_a_day_that_a_zone_leaves_out_has_no_slots() -> None:
    apia = parse_schedule("0 12 * * *", "Pacific/Apia")
    assert apia.slots_between(at("2011-12-29T00:00-10:00"), at("2011-12-31T23:00+14:00"), 9) == [
        at("2011-12-29T12:00-10:00"),
        at("2011-12-31T12:00+14:00"),
    ]


def test_oncalendar_leaves_out_the_skipped_hour_and_takes_the_repeated_one_once() -> None:
    assert starts_on("2027-03-28", "02:30") == []
    assert starts_on("2027-10-31", "02:30") == ["02:30+02"]
    assert starts_on("2027-10-31", "*-*-* 02..03:15") == ["02:15+02", "03:15+01"]
    assert parse_schedule("02:30", BERLIN).next_after(at("2027-10-31T02:15+01:00")) == at("2027-11-01T02:30+01:00")
