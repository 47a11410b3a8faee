"""When the wall clock is set: elapsed time goes on, calendar slots stay where they are (semantics.md 6)."""

from tests.core.world import DAY, HOUR, MINUTE, a_monitor, t
from tests.rows import rows

TEN_YEARS = 3653 * DAY


@rows("by", [-2 * HOUR, 31_000, TEN_YEARS])
def test_an_interval_and_a_runs_limit_measure_elapsed_time(by: int) -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.success(t("00:30"))
    world.step(t("00:40") + by, by)
    assert world.state.deadline_at == t("01:35") + by

    world.start(t("01:00") + by)
    world.step(t("01:10"), -by)
    assert world.state.deadline_at == t("02:00")
    assert world.told == []


def test_a_step_of_half_a_minute_moves_nothing() -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.step(t("00:10"), 30_000)

    assert world.state.expected_at == t("01:00")


def test_a_slot_is_not_judged_again_after_the_clock_went_back_by_2_h() -> None:
    world = a_monitor()
    for hour in (1, 2, 3):
        world.success(t(f"{hour:02}:00:10"))
    world.step(t("01:10"), -2 * HOUR)
    world.until(t("03:59"))

    assert world.outcomes == {"01:00": "on_time", "02:00": "on_time", "03:00": "on_time"}
    assert world.until(t("04:05")).told == [("missed", t("04:05"))]


def test_a_job_that_fails_after_the_clock_went_back_is_heard_at_once() -> None:
    world = a_monitor()
    for hour in (1, 2, 3):
        world.success(t(f"{hour:02}:00:10"))
    world.step(t("01:10"), -2 * HOUR)
    world.failed(t("02:00:10"))

    assert (world.status, world.kinds) == ("failed", ["failed"])
    assert world.outcomes["02:00"] == "on_time", "the slot keeps its outcome: this is an extra run"


def test_a_calendar_passes_over_what_the_clock_jumped_as_unknown() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.step(t("03:30"), 2 * HOUR)
    world.until(t("04:04"))

    assert world.outcomes == {"01:00": "on_time", "02:00..03:00 x2": "unknown"}
    assert world.told == []


def test_a_clock_10_years_ahead_and_back_leaves_no_trace_in_what_is_expected() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.step(t("01:10") + TEN_YEARS, TEN_YEARS)
    world.judge(t("01:11") + TEN_YEARS)
    assert world.entries[-1].more
    assert world.told == []

    world.step(t("01:12"), -TEN_YEARS)

    assert world.state.expected_at == t("02:00")
    world.success(t("02:00:10"))
    assert world.until(t("03:05")).told == [("missed", t("03:05"))]
    assert world.outcomes == {"01:00": "on_time", "02:00": "on_time", "03:00": "missed"}


def test_a_monitor_made_while_the_clock_was_10_years_ahead_is_watched_when_it_is_right_again() -> None:
    world = a_monitor(at=t("00:30") + TEN_YEARS)
    world.step(t("00:31"), -TEN_YEARS)

    assert world.until(t("01:05")).status == "missed"


def test_a_pause_does_not_last_10_years_because_the_clock_was_wrong() -> None:
    world = a_monitor()
    world.step(t("00:40") + TEN_YEARS, TEN_YEARS)
    world.pause(t("00:41") + TEN_YEARS, until=t("02:30") + TEN_YEARS)
    world.step(t("00:42"), -TEN_YEARS)

    assert world.until(t("03:05")).status == "missed"


def test_an_interval_monitor_finds_room_in_the_ledger_after_the_clock_went_back() -> None:
    world = a_monitor("1h", at=t("00:00"))
    for hour in (1, 2, 3):
        world.success(t(f"{hour:02}:00"))
    world.step(t("01:10"), -2 * HOUR)
    world.success(t("02:00"))
    world.until(t("05:10"))

    assert world.kinds == ["missed"]
    assert sum(entry.count for entry in world.entries) == 7


def test_a_weekly_job_answered_long_before_its_time_was_no_wrong_clock() -> None:
    world = a_monitor("7d", at=t("00:00"))
    world.success(t("03:00"))
    world.step(t("03:10"), -HOUR)

    assert list(world.outcomes.values()) == ["on_time"]


def test_the_silent_expectation_is_not_revised_across_a_step() -> None:
    world = a_monitor("1h", at=t("00:00")).until(t("01:05"))
    world.step(t("02:10"), HOUR)
    world.success(t("02:11"))

    assert world.outcomes == {"01:00": "missed", "03:00": "on_time"}
    assert (world.status, world.state.expected_at) == ("healthy", t("03:11"))


def test_a_run_keeps_its_slot_and_its_true_duration_over_a_step() -> None:
    world = a_monitor("0 3 * * *")
    world.start(t("03:00"))
    world.step(t("05:10"), 2 * HOUR)
    world.success(t("05:20"))

    assert list(world.outcomes) == ["03:00"]
    assert next(iter(world.runs.values())).duration_ms == 20 * MINUTE
    assert world.told == []
