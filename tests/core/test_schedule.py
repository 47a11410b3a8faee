"""Schedules: what is accepted, what is refused and how (semantics.md 2)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.durations import parse_duration
from seestackd.core.schedule import parse_schedule
from seestackd.errors import Invalid
from tests.rows import rows

BERLIN = "Europe/Berlin"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def refusal(text: str, timezone: str = "UTC") -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse_schedule(text, timezone)
    return caught.value


@rows(
    ("text", "normal", "interval_ms"),
    [
        ("30m", "30m", 30 * MINUTE),
        ("every 30m", "30m", 30 * MINUTE),
        ("  Every   30  minutes ", "30m", 30 * MINUTE),
        ("every hour", "1h", HOUR),
        ("1s", "1s", 1_000),
        ("12h", "12h", 12 * HOUR),
        ("7d", "7d", 7 * DAY),
        ("2w", "2w", 14 * DAY),
        ("1h30m", "1h30m", 90 * MINUTE),
        ("3650d", "3650d", 3650 * DAY),
    ],
)
def test_it_reads_an_interval(text: str, normal: str, interval_ms: int) -> None:
    schedule = parse_schedule(text)
    assert (schedule.kind, schedule.text, schedule.interval_ms) == ("interval", normal, interval_ms)


@rows(
    ("text", "normal"),
    [
        ("0 3 * * *", "0 3 * * *"),
        ("\t0  3 *\n* *  ", "0 3 * * *"),
        ("0 3 * * mon-fri", "0 3 * * MON-FRI"),
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_it_reads_five_cron_fields_and_their_aliases(text: str, normal: str) -> None:
    schedule = parse_schedule(text, BERLIN)
    assert (schedule.kind, schedule.text, schedule.timezone, schedule.interval_ms) == ("cron", normal, BERLIN, None)


@rows(
    ("text", "normal"),
    [
        ("daily", "daily"),
        ("Weekly", "weekly"),
        ("Mon..Fri 03:00", "Mon..Fri 03:00"),
        ("OnCalendar=*-*-01 04:00:00", "*-*-01 04:00:00"),
        ("OnCalendar = Mon *-*-1", "Mon *-*-1"),
        ("03:00 europe/berlin", "03:00 Europe/Berlin"),
    ],
)
def test_it_reads_an_oncalendar_expression(text: str, normal: str) -> None:
    schedule = parse_schedule(text)
    assert (schedule.kind, schedule.text) == ("oncalendar", normal)


@rows(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("0 3 * * *" + " " * 120, "at most 128 characters"),
        ("0 3 * * ٣", "ASCII"),
        ("0 3 * * \x00", "printable"),
        ("every", "lacks the duration"),
        ("30", "30m"),
        ("1.5h", "whole numbers"),
        ("5 parsecs", "not a duration"),
        ("0s", "between 1 second and 10 years"),
        ("3651d", "between 1 second and 10 years"),
        ("9" * 40 + "w", "longer than 100 years"),
        ("@reboot", "names no time"),
        ("@fortnightly", "is not one of @hourly"),
        ("@daily /usr/bin/backup", 'give "@daily" alone'),
        ("0 3 * * * /usr/bin/backup --all", 'give "0 3 * * *" alone'),
        ("0 3 * * * root backup", 'give "0 3 * * *" alone'),
        ("30 0 3 * * *", "Leave the seconds"),
        ("0 0 3 * * * 2027", "Leave the seconds"),
        ("0 0 3 ? * *", "neither five cron fields nor"),
        ("0 3 * *", "4 cron fields; five are needed"),
        ("60 * * * *", 'minute "60"'),
        ("0 25 * * *", 'hour "25" in "0 25 * * *" is not valid: values 0-23'),
        ("0 0 0 * *", 'day-of-month "0"'),
        ("0 0 32 * *", 'day-of-month "32"'),
        ("0 0 * 13 *", 'month "13"'),
        ("0 0 * * 8", 'day-of-week "8"'),
        ("0 0 * * fri-mon", 'day-of-week "FRI-MON"'),
        ("*/0 * * * *", 'minute "*/0"'),
        ("0 0 31 2 *", "never comes round"),
        ("0 0 31 2,4,6 *", "never comes round"),
        ("0 0 30 2 */2", "never comes round"),
        ("0 0 */28 2 mon#2", "never comes round"),
        ("*-02-30 12:00", "never comes round"),
        ("nightly", "no interval, cron line or OnCalendar expression"),
        ("OnCalendar=", "no interval, cron line or OnCalendar expression"),
        ("03:00 ../../etc/passwd", "no interval, cron line or OnCalendar expression"),
    ],
)
def test_it_refuses_with_the_reason_and_an_example(text: str, reason: str) -> None:
    error = refusal(text)
    assert error.field == "schedule"
    assert reason in error.message
    assert "0 3 * * *" in error.message


@rows(
    ("name", "advice"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin"),
        ("Berlin", "is not a time zone"),
        ("local", "differs between machines"),
        ("localtime", "differs between machines"),
        ("/etc/localtime", "differs between machines"),
        ("../Europe/Berlin", "did you mean Europe/Berlin"),
        ("Europe", "did you mean"),
        ("Zürich", "write an IANA name"),
        ("UTC\x00", "is not a time zone"),
        ("", "write an IANA name"),
        ("x" * 10_000, "write an IANA name"),
    ],
)
def test_it_refuses_an_unknown_zone_and_names_near_ones(name: str, advice: str) -> None:
    error = refusal("@daily", name)
    assert error.field == "timezone"
    assert advice in error.message
    assert len(error.message) < 300


def test_it_gives_a_zone_its_proper_capitals() -> None:
    assert parse_schedule("@daily", "europe/BERLIN") == parse_schedule("@daily", BERLIN)


def test_schedules_are_equal_and_hash_alike_when_they_mean_the_same_text_kind_and_zone() -> None:
    first, second = parse_schedule("every 30m"), parse_schedule("30 min")
    assert first == second
    assert hash(first) == hash(second)
    assert parse_schedule("@daily", "UTC") != parse_schedule("@daily", BERLIN)


@rows(
    ("text", "sentence"),
    [
        ("0 3 * * *", "at 03:00 every day"),
        ("0 3 * * 1-5", "at 03:00 on Monday through Friday"),
        ("every 30m", "every 30 minutes"),
        ("90s", "every 1 minute 30 seconds"),
        ("24h", "every day"),
        ("Mon 03:00", "when the systemd calendar says Mon 03:00"),
    ],
)
def test_it_describes_a_schedule_in_english(text: str, sentence: str) -> None:
    assert parse_schedule(text).describe() == sentence


five_words = st.lists(st.text("0123*/,-LW#monfri", min_size=1, max_size=5), min_size=5, max_size=5).map(" ".join)


@given(st.one_of(st.text(max_size=140), st.text("0123456789*/,-@:.~= smhdwMonFri", max_size=30), five_words))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    for read in (parse_schedule, parse_duration):
        error = error_of(read, text)
        assert error is None or error.field in ("schedule", "timezone", "duration")


def error_of(read: Callable[[str], object], text: str) -> Invalid | None:
    try:
        read(text)
    except Invalid as error:
        return error
    return None
