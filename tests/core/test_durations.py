"""Lengths of time: how they are read and written."""

import pytest

from seestackd.core.durations import compact, format_duration, in_words, parse_duration
from seestackd.errors import Invalid
from tests.rows import rows

HOUR, DAY = 3_600_000, 86_400_000


@rows(
    ("text", "ms"),
    [("0", 0), ("0s", 0), ("90s", 90_000), ("5 minutes", 300_000), ("1h30m", 5_400_000), ("1d 2 hours", 26 * HOUR)],
)
def test_it_reads_durations(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@rows("text", ["", "5", "-5m", "5M", "m", "1.5h", "5m,", "٣m", "5mm", "9999999999w", "1" * 5_000])
def test_it_refuses_what_is_no_duration_and_names_the_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_duration(text, "grace")
    assert caught.value.field == "grace"
    assert len(caught.value.message) < 200


@rows(
    ("ms", "text"),
    [
        (0, "0 s"),
        (250, "250 ms"),
        (44_999, "44 s"),
        (62_000, "1 m 02 s"),
        (761_000, "12 m 41 s"),
        (900_000, "15 min"),
        (7_500_000, "2 h 05 min"),
        (12_761_000, "3 h 32 min"),
        (26 * HOUR, "26 h"),
        (51 * HOUR, "2 d 3 h"),
        (7 * DAY, "7 d"),
        (-5_000, "-5 s"),
    ],
)
def test_it_writes_durations_in_their_two_leading_units(ms: int, text: str) -> None:
    assert format_duration(ms) == text


def test_it_writes_intervals_in_words_and_in_short() -> None:
    assert [in_words(ms) for ms in (1_000, 60_000, 90_000, 2 * DAY)] == [
        "second",
        "minute",
        "1 minute 30 seconds",
        "2 days",
    ]
    assert compact("1 hour 30 min") == "1h30m"
