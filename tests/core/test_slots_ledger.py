"""Every slot has one outcome; silent ones in a row share a row, which a revision splits (semantics.md 3)."""

from seestackd.core.ledger import REVISIONS, revised, split
from seestackd.core.monitor import Outcome, SlotEntry
from seestackd.core.schedule import parse_schedule
from tests.core.world import DAY, HOUR, MINUTE, SECOND, a_monitor, t
from tests.rows import rows


def test_silent_slots_in_a_row_share_a_row() -> None:
    world = a_monitor().until(t("05:30"))

    assert world.outcomes == {"01:00..05:00 x5": "missed"}
    assert world.incidents[0].missed == 5


def test_the_row_is_shared_whether_judged_one_by_one_or_at_once() -> None:
    one_by_one, at_once = a_monitor().until(t("05:30")), a_monitor()
    at_once.judge(t("05:30"))

    assert at_once.outcomes == one_by_one.outcomes
    assert (at_once.state.bad, at_once.incidents[0].missed) == (5, 5)


def test_an_open_incident_counts_every_further_missed_slot() -> None:
    world = a_monitor().until(t("02:05"))
    world.judge(t("05:30"))

    assert (world.incidents[0].missed, world.kinds) == (5, ["missed"])


def test_revising_inside_a_row_splits_it() -> None:
    world = a_monitor().until(t("05:30"))
    world.success(t("05:40"), happened_at=t("03:10"))

    assert world.outcomes == {"01:00..02:00 x2": "missed", "03:00": "late", "04:00..05:00 x2": "missed"}


@rows(
    ("slot", "left"),
    [
        ("01:00", {"01:00": "late", "02:00..03:00 x2": "missed"}),
        ("03:00", {"01:00..02:00 x2": "missed", "03:00": "late"}),
    ],
)
def test_revising_an_end_of_a_row_makes_it_shorter(slot: str, left: dict[str, str]) -> None:
    world = a_monitor().until(t("03:30"))
    world.success(t("03:40"), happened_at=t(slot) + 10 * MINUTE)

    assert world.outcomes == left


def test_a_row_goes_on_after_a_revision_of_its_end() -> None:
    world = a_monitor().until(t("03:30"))
    world.success(t("03:40"))
    world.until(t("05:30"))

    assert world.outcomes == {"01:00..02:00 x2": "missed", "03:00": "late", "04:00..05:00 x2": "missed"}


def test_slots_that_were_silent_for_another_reason_have_a_row_of_their_own() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.maintain(t("03:50"), t("04:10"))
    world.until(t("06:30"))

    assert world.outcomes == {
        "01:00": "on_time",
        "02:00..03:00 x2": "missed",
        "04:00": "skipped",
        "05:00..06:00 x2": "missed",
    }


def test_slots_skipped_by_a_finish_join_those_the_judge_skipped() -> None:
    world = a_monitor(max_runtime_ms=9 * HOUR, grace_ms=30 * MINUTE)
    world.start(t("01:00:05"))
    world.until(t("03:10"))
    assert world.outcomes == {"02:00": "skipped"}

    world.success(t("04:10"))

    assert world.outcomes == {"01:00": "on_time", "02:00..04:00 x3": "skipped"}


def test_at_most_1000_slots_are_enumerated_and_the_next_is_taken_from_the_present() -> None:
    world = a_monitor("* * * * *", at=t("00:00"))
    world.judge(t("00:00", day=30))

    assert world.outcomes == {"00:01..29d 23:55 x1000+": "missed"}
    assert world.state.expected_at == t("23:56", day=29)


def test_revising_inside_a_row_of_more_than_1000_leaves_two_honest_rows() -> None:
    world = a_monitor("* * * * *", at=t("00:00"))
    world.judge(t("00:00", day=30))
    world.success(t("00:00:30", day=30), happened_at=t("01:00:10", day=29))

    assert world.outcomes == {
        "00:01..29d 00:59 x1000+": "missed",
        "29d 01:00": "late",
        "29d 01:01..29d 23:55 x1000+": "missed",
    }


def test_an_interval_that_moved_by_several_intervals_begins_a_new_row() -> None:
    world = a_monitor("10m", at=t("00:00")).until(t("00:30"))
    world.judge(t("01:12"))
    world.until(t("01:36"))

    assert world.outcomes == {"00:10..00:30 x3": "missed", "01:10..01:30 x3": "missed"}


def test_finishes_in_the_same_millisecond_erase_nothing() -> None:
    world = a_monitor("1h", at=t("00:00"))
    for _ in range(4):
        world.success(t("00:30"))

    assert world.until(t("01:35")).status == "missed"
    assert list(world.outcomes.values())[-1] == "missed"


def test_an_early_run_is_not_judged_again_after_a_pause() -> None:
    world = a_monitor()
    world.success(t("03:58"))
    world.pause(t("03:58:30"))
    world.resume(t("03:59"))
    world.until(t("04:59"))

    assert world.outcomes == {"04:00": "early"}
    assert world.told == []


def test_an_early_run_is_not_judged_again_after_a_change_of_the_schedule() -> None:
    world = a_monitor()
    world.success(t("03:58"))
    world.reschedule(t("03:59"), "0 */2 * * *")
    world.until(t("05:59"))

    assert world.outcomes["04:00"] == "early"
    assert world.told == []


def test_a_run_that_started_early_holds_its_slot_through_a_pause() -> None:
    world = a_monitor()
    world.success(t("03:00:10"))
    world.start(t("03:58"))
    world.pause(t("03:58:30"))
    world.resume(t("03:59"))
    world.until(t("04:30"))
    world.success(t("04:30"))

    assert world.outcomes["04:00"] == "early"
    assert world.told == []


def test_only_the_allowed_revisions_are_made() -> None:
    for before in Outcome:
        results = {revised(before, ok, in_time) for ok in (True, False) for in_time in (True, False)} - {None}
        assert results == set(REVISIONS.get(before, frozenset()))


@rows("schedule", ["* * * * *", "1m"])
@rows("position", range(5))
def test_a_split_keeps_every_slot(schedule: str, position: int) -> None:
    first = t("01:00")
    row = SlotEntry(first, first + 4 * MINUTE, 5, Outcome.MISSED, "no ping")
    slot = first + position * MINUTE

    parts = split(row, slot, parse_schedule(schedule))

    assert sum(part.count for part in parts) == 4
    assert all((part.last_at - part.first_at) // MINUTE + 1 == part.count for part in parts)
    assert not any(part.first_at <= slot <= part.last_at for part in parts)


# Interval monitors: one expectation at a time


def test_any_finish_closes_the_one_expectation_and_the_next_comes_an_interval_later() -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.success(t("00:20"))
    world.failed(t("00:25"))
    world.success(t("01:00"))

    assert world.outcomes == {"01:00": "on_time", "01:20": "failed", "01:25": "on_time"}
    assert world.state.expected_at == t("02:00")


def test_a_finish_within_half_an_interval_of_the_deadline_is_late() -> None:
    world = a_monitor("1h", at=t("00:00")).until(t("01:35"))
    world.success(t("01:35"))

    assert world.outcomes == {"01:00": "late"}
    assert (world.status, world.state.expected_at) == ("healthy", t("02:35"))


def test_a_later_finish_answers_the_next_expectation() -> None:
    world = a_monitor("1h", at=t("00:00")).until(t("01:36"))
    world.success(t("01:36"))

    assert world.outcomes == {"01:00": "missed", "02:00": "on_time"}


def test_after_a_miss_the_expectation_keeps_its_phase() -> None:
    world = a_monitor("1h", at=t("00:17"))
    world.judge(t("05:00"))

    assert world.state.expected_at == t("05:17")


def test_a_run_that_starts_late_holds_the_expectation_while_it_runs() -> None:
    world = a_monitor("1h", at=t("00:00"), max_runtime_ms=4 * HOUR).until(t("01:30"))
    world.start(t("01:30"))
    world.until(t("04:00"))
    assert world.outcomes == {"01:00": "missed"}

    world.success(t("04:00"))

    assert (world.status, world.state.expected_at) == ("healthy", t("05:00"))
    assert world.kinds == ["missed", "recovered"]


def test_a_job_that_hung_is_expected_again() -> None:
    world = a_monitor("1d", at=t("00:00"), max_runtime_ms=HOUR)
    world.start(t("23:00"))
    world.until(t("00:05", day=3))

    assert world.status == "missed"
    assert world.incidents[0].missed == 2


def test_a_monitor_that_is_watched_from_its_first_report_on_is_not_blamed_for_the_time_before() -> None:
    for schedule in ("0 3 * * *", "1d"):
        world = a_monitor(schedule, at=t("00:00"), watch_from_creation=False).until(t("00:00", day=9))
        world.success(t("03:00", day=10))

        assert (world.until(t("03:04:59", day=11)).status, world.told) == ("healthy", [])
        assert world.until(t("03:05", day=11)).status == "missed"


def test_a_monitor_that_is_not_watched_from_its_creation_hears_of_a_first_run_that_hangs() -> None:
    for schedule in ("0 3 * * *", "1d"):
        world = a_monitor(schedule, at=t("00:00"), watch_from_creation=False)
        world.start(t("03:00"))
        assert world.until(t("04:00")).status == "overrun"
        assert world.until(t("04:00", day=2)).status == "missed"


def test_a_schedule_that_has_ended_expects_nothing_more() -> None:
    world = a_monitor("2026-03-02 01:00:00").until(t("05:00"))

    assert (world.outcomes, world.state.deadline_at) == ({"01:00": "missed"}, None)


def test_rows_of_a_second_are_as_exact_as_rows_of_a_day() -> None:
    world = a_monitor("1s", at=t("00:00"), grace_ms=SECOND).until(t("00:00:10"))
    assert [entry.count for entry in world.entries] == [9]
    assert world.incidents[0].missed == 9
    assert a_monitor("0 0 * * *").until(t("12:00", day=9)).incidents[0].missed * DAY == 9 * DAY
