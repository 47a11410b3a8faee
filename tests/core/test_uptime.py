"""Downtime and uptime, from incidents and blind windows."""

from datetime import UTC, datetime

from seestackd.core.incidents import AlertKind
from seestackd.core.reports import report_due
from seestackd.core.uptime import Hearing, Trouble, Uptime, days, merged, month_of, month_stretch, percent, record
from tests.rows import rows

HOUR = 3_600_000
DAY = 24 * HOUR


def ms(*instant: int) -> int:
    return int(datetime(*instant, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type]


def down(began: int, closed: int | None, kind: str = "missed") -> Trouble:
    return Trouble(1, AlertKind(kind), began, closed)


def uptime(*troubles: Trouble, deaf: tuple[tuple[int, int], ...] = (), since: int = 0, until: int = DAY) -> Uptime:
    return record(Hearing(deaf), troubles, watched_from=0, now=DAY).uptime(since, until)


def test_a_stretch_without_incidents_was_up() -> None:
    assert uptime() == Uptime(0, 0, DAY)
    assert uptime().share == 1


def test_down_is_from_the_first_bad_outcome_to_the_end() -> None:
    assert uptime(down(HOUR, 4 * HOUR)) == Uptime(1, 3 * HOUR, DAY)


def test_an_open_incident_is_down_until_now() -> None:
    assert uptime(down(21 * HOUR, None)) == Uptime(1, 3 * HOUR, DAY)


def test_only_what_lies_in_the_stretch_counts() -> None:
    trouble = down(HOUR, 4 * HOUR)

    assert uptime(trouble, since=2 * HOUR, until=3 * HOUR) == Uptime(1, HOUR, HOUR)
    assert uptime(trouble, since=4 * HOUR, until=5 * HOUR) == Uptime(0, 0, HOUR)


def test_incidents_that_overlap_are_down_once() -> None:
    assert uptime(down(HOUR, 4 * HOUR), down(3 * HOUR, 5 * HOUR)) == Uptime(2, 4 * HOUR, DAY)


def test_blind_time_is_neither_up_nor_down() -> None:
    deaf = ((0, 2 * HOUR), (HOUR, 3 * HOUR))

    assert uptime(deaf=deaf) == Uptime(0, 0, 21 * HOUR)
    assert uptime(down(2 * HOUR, 6 * HOUR), deaf=deaf) == Uptime(1, 3 * HOUR, 21 * HOUR)


def test_a_stretch_that_nobody_heard_has_no_share() -> None:
    assert uptime(deaf=((-HOUR, 2 * DAY),)).share is None


def test_an_incident_of_unknown_runs_is_unknown_time() -> None:
    assert uptime(down(HOUR, 4 * HOUR, "unknown")) == Uptime(0, 0, 21 * HOUR)


def test_nothing_counts_before_the_monitor_existed_or_after_now() -> None:
    past = record(Hearing(()), (down(0, 3 * HOUR),), watched_from=2 * HOUR, now=10 * HOUR)

    assert past.uptime(0, DAY) == Uptime(1, HOUR, 8 * HOUR)
    assert past.uptime(11 * HOUR, DAY) == Uptime()


def test_an_incident_that_ended_before_it_began_by_a_clock_set_back_counts_as_one() -> None:
    assert uptime(down(5 * HOUR, 4 * HOUR)) == Uptime(1, 1, DAY)


def test_stretches_that_touch_are_one() -> None:
    assert merged([(5, 6), (1, 3), (3, 4), (2, 3), (9, 9)]) == [(1, 4), (5, 6)]


def test_parts_add_up() -> None:
    assert Uptime(1, 2, 3) + Uptime(4, 5, 6) == Uptime(5, 7, 9)


def test_days_are_those_of_the_zone_over_a_change_of_the_clocks() -> None:
    found = days(ms(2026, 10, 26, 12), 3, "Europe/Berlin")

    assert found == [
        (ms(2026, 10, 23, 22), ms(2026, 10, 24, 22)),
        (ms(2026, 10, 24, 22), ms(2026, 10, 25, 23)),
        (ms(2026, 10, 25, 23), ms(2026, 10, 26, 23)),
    ]


def test_a_month_is_one_of_the_zone() -> None:
    assert month_of(ms(2026, 10, 31, 23, 30), "Europe/Berlin") == (2026, 11)
    assert month_stretch(2026, 12, "UTC") == (ms(2026, 12, 1), ms(2027, 1, 1))


@rows(
    ("share", "text"),
    [(None, "-"), (1.0, "100 %"), (0.999999, "99.99 %"), (0.9962, "99.62 %"), (0.0, "0.00 %"), (0.29, "29.00 %")],
)
def test_a_share_is_never_rounded_up(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_a_report_is_due_on_the_first_at_nine_in_the_zone() -> None:
    early, late = ms(2026, 11, 1, 7, 59, 59), ms(2026, 11, 1, 8)

    assert report_due("2026-10", True, early, "Europe/Berlin").month is None
    assert report_due("2026-10", True, late, "Europe/Berlin").month == (2026, 10)
    assert report_due("2026-10", True, late, "Europe/Berlin").mark == "2026-11"


def test_a_report_that_was_slept_through_comes_later() -> None:
    assert report_due("2026-10", True, ms(2026, 11, 5), "UTC").month == (2026, 10)


def test_a_report_is_due_once() -> None:
    assert report_due("2026-11", True, ms(2026, 11, 1, 12), "UTC").month is None


def test_no_report_is_due_for_the_time_before_it_was_wanted() -> None:
    assert report_due(None, True, ms(2026, 11, 15), "UTC") == report_due("2026-10", False, ms(2026, 11, 15), "UTC")
    assert report_due(None, True, ms(2026, 11, 15), "UTC").month is None


def test_a_clock_that_goes_back_over_the_first_tells_nothing_twice() -> None:
    back = report_due("2026-11", True, ms(2026, 10, 31, 23), "UTC")

    assert (back.mark, back.month) == ("2026-11", None)


def test_a_mark_far_ahead_came_from_a_wrong_clock_and_is_dropped() -> None:
    back = report_due("2038-01", True, ms(2026, 10, 20), "UTC")

    assert (back.mark, back.month) == ("2026-10", None)
    assert report_due(back.mark, True, ms(2026, 11, 1, 9), "UTC").month == (2026, 10)
