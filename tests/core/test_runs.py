"""Which slot a run answers, which run a finish closes (semantics.md 3)."""

from tests.core.world import DAY, HOUR, MINUTE, SECOND, a_monitor, t
from tests.rows import rows


def test_a_job_due_at_three_that_reports_20_s_before_is_early_and_raises_no_alarm() -> None:
    world = a_monitor("0 3 * * *")
    world.success(t("02:59:40"))

    world.until(t("23:00"))

    assert world.outcomes == {"03:00": "early"}
    assert (world.status, world.told) == ("healthy", [])


@rows(
    ("schedule", "at", "slot"),
    [
        ("0 3 * * *", "02:55:00", "03:00"),
        ("0 3 * * *", "02:54:59.999", None),
        ("*/4 * * * *", "02:58:00", "03:00"),
        ("*/4 * * * *", "02:57:59.999", "02:56"),
        ("*/4 * * * *", "02:59:59.999", "03:00"),
        ("*/4 * * * *", "03:01:59.999", "03:00"),
    ],
)
def test_a_run_is_early_by_at_most_5_minutes_and_half_the_distance(schedule: str, at: str, slot: str | None) -> None:
    world = a_monitor(schedule, at=t("02:54"))
    world.success(t(at))

    assert list(world.outcomes) == ([slot] if slot else [])


def test_the_start_decides_which_slot_a_run_answers_not_the_finish() -> None:
    world = a_monitor(overlap=True)
    world.start(t("01:00:05"))
    world.success(t("02:00:30"))

    assert world.outcomes == {"01:00": "on_time"}
    assert world.until(t("02:05")).outcomes == {"01:00": "on_time", "02:00": "missed"}


def test_without_a_start_the_run_began_its_duration_before_the_finish() -> None:
    world = a_monitor(grace_ms=2 * HOUR)
    world.success(t("02:10"), duration_ms=69 * MINUTE)

    assert world.outcomes == {"01:00": "on_time", "02:00": "skipped"}


def test_a_duration_beyond_7_days_is_not_believed() -> None:
    world = a_monitor()
    world.success(t("01:00:10"), duration_ms=8 * DAY)

    assert world.outcomes == {"01:00": "on_time"}


def test_slots_before_the_monitor_was_created_do_not_exist() -> None:
    world = a_monitor(at=t("03:00"))
    world.success(t("03:00:10"))

    assert world.outcomes == {}
    assert world.status == "healthy"
    assert world.state.expected_at == t("04:00")


def test_a_job_that_reports_after_its_deadline_is_late_and_recovers() -> None:
    world = a_monitor().until(t("01:10"))
    assert (world.status, world.kinds) == ("missed", ["missed"])

    world.success(t("01:20"))

    assert world.outcomes == {"01:00": "late"}
    assert (world.status, world.kinds) == ("healthy", ["missed", "recovered"])


def test_a_run_answers_only_its_own_slot_and_the_others_wait_for_theirs() -> None:
    world = a_monitor("*/10 * * * *", at=t("00:55"), grace_ms=30 * MINUTE)
    world.success(t("01:10:05"))
    world.success(t("01:20:05"))

    assert world.until(t("01:29:59")).outcomes == {"01:10": "on_time", "01:20": "on_time"}
    assert world.until(t("01:30")).outcomes == {"01:00": "missed", "01:10": "on_time", "01:20": "on_time"}
    assert world.until(t("01:59:59")).status == "missed"
    assert world.until(t("02:00")).outcomes["01:30"] == "missed"


def test_a_second_run_for_an_answered_slot_is_extra_and_changes_status_but_no_slot() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.failed(t("01:10"))

    assert world.outcomes == {"01:00": "on_time"}
    assert (world.status, world.kinds) == ("failed", ["failed"])
    assert [run.outcome for run in world.runs.values()] == ["on_time", "extra"]
    assert world.last is not None
    assert world.last.reason == "an extra run: its slot had an outcome already"

    world.success(t("01:12"))
    assert (world.status, world.kinds) == ("healthy", ["failed", "recovered"])


def test_a_slot_strictly_inside_a_longer_run_is_skipped() -> None:
    world = a_monitor(max_runtime_ms=5 * HOUR)
    world.start(t("01:00:05"))
    world.until(t("03:04"))
    world.success(t("03:04"))

    assert world.outcomes == {"01:00": "on_time", "02:00..03:00 x2": "skipped"}
    assert world.reason(t("02:00")) == "previous run still running"
    assert (world.status, world.told) == ("healthy", [])


def test_a_slot_inside_a_run_is_skipped_also_while_an_older_one_waits() -> None:
    world = a_monitor("*/10 * * * *", at=t("00:55"), grace_ms=30 * MINUTE)
    world.start(t("01:10:05"))
    world.success(t("01:25"))

    world.until(t("01:50"))

    assert world.outcomes == {"01:00": "missed", "01:10": "on_time", "01:20": "skipped"}


def test_a_slot_before_the_limit_of_a_run_that_hangs_is_skipped_also_when_judged_later() -> None:
    world = a_monitor("*/10 * * * *", at=t("00:55"), grace_ms=20 * MINUTE, max_runtime_ms=25 * MINUTE)
    world.start(t("01:00:05"))

    world.until(t("01:50"))

    assert world.outcomes == {"01:00": "overrun", "01:10..01:20 x2": "skipped", "01:30": "missed"}


def test_with_overlap_a_slot_inside_a_run_needs_a_run_of_its_own() -> None:
    world = a_monitor(overlap=True, max_runtime_ms=5 * HOUR)
    world.start(t("01:00:05"), rid="a")
    world.start(t("02:00:05"), rid="b")
    world.success(t("02:30"), rid="b")
    world.until(t("03:30"))
    world.success(t("03:30"), rid="a")

    assert world.outcomes == {"01:00": "on_time", "02:00": "on_time", "03:00": "missed"}


def test_start_and_finish_pair_by_run_id_and_each_run_is_watched() -> None:
    world = a_monitor(overlap=True, max_runtime_ms=90 * MINUTE)
    world.start(t("01:00:00"), rid="a")
    world.start(t("02:00:00"), rid="b")
    world.success(t("02:10"), rid="b", duration_ms=1)

    world.until(t("02:30"))

    assert world.outcomes == {"01:00": "overrun", "02:00": "on_time"}
    assert [(run.rid, run.duration_ms) for run in world.runs.values()] == [("a", None), ("b", 10 * MINUTE)]
    assert (world.status, world.kinds) == ("overrun", ["overrun"])


def test_a_start_for_the_same_slot_replaces_the_open_run() -> None:
    world = a_monitor()
    world.start(t("01:00:05"))
    world.start(t("01:10"))
    world.success(t("01:20"))

    world.until(t("02:04"))

    assert world.outcomes == {"01:00": "late"}
    assert [run.outcome for run in world.runs.values()] == ["replaced", "late"]
    assert world.told == []


def test_a_start_for_a_later_slot_opens_another_run_and_a_finish_closes_the_newest() -> None:
    world = a_monitor(max_runtime_ms=3 * HOUR)
    world.start(t("01:00:05"))
    world.start(t("02:00:05"))
    world.success(t("02:10"))

    assert world.outcomes == {"02:00": "on_time"}
    assert [run.slot for run in world.state.open_runs] == [t("01:00")]
    assert world.until(t("04:00:05")).outcomes["01:00"] == "overrun"


def test_two_retries_of_an_extra_run_leave_none_behind() -> None:
    world = a_monitor()
    world.success(t("01:00:05"))
    world.start(t("01:10"))
    world.start(t("01:20"))
    world.success(t("01:25"))

    assert world.state.open_runs == ()


def test_a_finish_with_an_unknown_run_id_is_a_run_of_its_own() -> None:
    world = a_monitor()
    world.start(t("01:00:05"), rid="a")
    world.failed(t("01:01"), rid="b")

    assert [run.rid for run in world.state.open_runs] == ["a"]
    assert world.status == "failed"


def test_a_start_that_is_repeated_under_its_run_id_opens_nothing() -> None:
    world = a_monitor()
    world.start(t("01:00:05"), rid="a")
    world.start(t("01:00:06"), rid="a")

    assert len(world.runs) == 1


def test_a_finish_after_the_limit_closes_the_run_with_its_true_duration() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=HOUR)
    world.start(t("03:00"))
    world.until(t("04:30"))
    assert (world.status, world.outcomes) == ("overrun", {"03:00": "overrun"})

    world.success(t("05:00"))

    assert world.outcomes == {"03:00": "late"}
    assert (world.status, world.kinds) == ("healthy", ["overrun", "recovered"])
    assert world.runs[1].duration_ms == 2 * HOUR


def test_a_finish_after_a_newer_slot_came_due_counts_for_that_one() -> None:
    world = a_monitor(max_runtime_ms=30 * MINUTE)
    world.start(t("01:00"))
    world.until(t("01:40"))
    world.success(t("02:00:10"))

    assert world.outcomes == {"01:00": "overrun", "02:00": "on_time"}
    assert world.state.open_runs == ()


def test_a_run_that_failed_after_its_limit_is_counted_once() -> None:
    world = a_monitor("0 3 * * *", failures_before_alert=2, max_runtime_ms=HOUR)
    world.start(t("03:00"))
    world.until(t("04:30"))
    world.failed(t("05:00"))

    assert (world.status, world.state.bad, world.told) == ("failed", 1, [])


def test_an_extra_run_that_failed_after_its_limit_is_counted_once() -> None:
    world = a_monitor("0 3 * * *", failures_before_alert=2, max_runtime_ms=HOUR)
    world.success(t("03:00"))
    world.start(t("03:10"), rid="again")
    world.until(t("04:30"))
    world.failed(t("05:00"), rid="again")

    assert (world.status, world.state.bad, world.told) == ("failed", 1, [])


def test_a_late_run_that_hangs_counts_once_with_its_missed_slot() -> None:
    world = a_monitor("0 3 * * *", failures_before_alert=2, max_runtime_ms=HOUR).until(t("03:10"))
    world.start(t("03:10"))
    world.until(t("05:00"))

    assert world.outcomes == {"03:00": "missed"}
    assert (world.status, world.state.bad, world.told) == ("overrun", 1, [])


def test_a_failure_counts_anew_when_a_good_run_came_between() -> None:
    world = a_monitor("0 3 * * *").until(t("03:10"))
    world.start(t("03:10"), rid="a")
    world.success(t("03:20"))
    world.failed(t("03:30"), rid="a")

    assert (world.status, world.state.bad) == ("failed", 1)
    assert world.kinds == ["missed", "recovered", "failed"]


def test_at_most_20_runs_are_open_and_the_oldest_beyond_ends_overrun() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=20 * HOUR)
    for number in range(21):
        world.start(t("03:00") + number * SECOND, rid=str(number))

    assert len(world.state.open_runs) == 20
    assert world.outcomes == {"03:00": "overrun"}
    assert world.state.expected_at == t("03:00", day=1)
    assert (world.status, world.kinds) == ("overrun", ["overrun"])


def test_a_late_run_that_is_crowded_out_leaves_its_slot_missed_and_counts_once() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=20 * HOUR, failures_before_alert=2).until(t("03:10"))
    for number in range(21):
        world.start(t("03:10") + number * SECOND, rid=str(number))

    assert world.outcomes == {"03:00": "missed"}
    assert (world.status, world.state.bad, world.told) == ("overrun", 1, [])


def test_too_many_open_runs_of_an_interval_monitor_do_not_end_its_watch() -> None:
    world = a_monitor("1h", at=t("00:00"), max_runtime_ms=20 * HOUR)
    for number in range(21):
        world.start(t("01:00") + number * SECOND, rid=str(number))
    for number in range(1, 21):
        world.success(t("01:10") + number * SECOND, rid=str(number))

    assert world.until(t("03:00")).status == "missed"


def test_a_resent_failure_adds_nothing_to_the_streak() -> None:
    world = a_monitor("0 3 * * *", failures_before_alert=2)
    world.failed(t("03:00:00"), exit_code=1)
    world.failed(t("03:00:30"), exit_code=1)
    assert (world.state.bad, world.told, len(world.runs)) == (1, [], 1)

    world.failed(t("03:01:01"), exit_code=1)
    assert (world.state.bad, world.kinds) == (2, ["failed"])


@rows("difference", [{"exit_code": 2}, {"exit_code": 1, "message": "disk"}, {"keyed": True}])
def test_a_failure_that_says_something_else_is_no_repetition(difference: dict[str, object]) -> None:
    world = a_monitor("0 3 * * *")
    world.failed(t("03:00:00"), exit_code=1)
    world.failed(t("03:00:10"), **difference)

    assert world.state.bad == 2


@rows("schedule", ["10s", "*-*-* *:*:0/10"])
def test_a_job_that_fails_every_10_s_alike_is_heard_each_time(schedule: str) -> None:
    world = a_monitor(schedule, at=t("00:00"), failures_before_alert=3, grace_ms=5 * SECOND)
    for number in range(1, 7):
        world.until(t("00:00") + number * 10 * SECOND)
        world.failed(t("00:00") + number * 10 * SECOND, exit_code=1)

    assert (world.status, world.state.bad, world.kinds) == ("failed", 6, ["failed"])


def test_equal_successes_are_ordinary_pings() -> None:
    world = a_monitor("0 3 * * *")
    world.success(t("03:00:00"))
    world.success(t("03:00:01"))

    assert (world.state.good, len(world.runs)) == (2, 2)


def test_a_failure_of_before_the_clock_was_set_back_is_no_repetition_for_long() -> None:
    world = a_monitor("0 3 * * *")
    world.failed(t("03:00"), exit_code=1)
    world.step(t("01:00"), -2 * HOUR)
    world.success(t("01:30"))
    world.failed(t("02:59:30"), exit_code=1)

    assert world.kinds == ["failed", "recovered", "failed"]


def test_a_log_line_changes_nothing_and_belongs_to_the_open_run() -> None:
    world = a_monitor()
    world.start(t("01:00:05"))
    before = world.state.deadline_at

    assert world.log(t("01:01")).run_id == 1
    assert (world.status, world.state.deadline_at) == ("pending", before)


def test_an_older_runs_finish_fills_its_row_and_leaves_the_status() -> None:
    world = a_monitor(overlap=True, max_runtime_ms=5 * HOUR)
    world.start(t("01:00:05"), rid="a")
    world.failed(t("02:00:05"), rid="b")
    world.success(t("02:30"), rid="a")

    assert world.outcomes == {"01:00": "on_time", "02:00": "failed"}
    assert (world.status, world.state.good, world.kinds) == ("failed", 0, ["failed"])


def test_a_job_that_always_takes_longer_than_its_period_is_not_silent_about_failures() -> None:
    world = a_monitor(max_runtime_ms=3 * HOUR)
    world.start(t("01:00:05"))
    world.until(t("02:10"))
    world.failed(t("02:10"), exit_code=1)

    assert world.outcomes == {"01:00": "failed", "02:00": "skipped"}
    assert (world.status, world.kinds) == ("failed", ["failed"])


# Pings that a client kept and sent later


def test_a_spooled_success_revises_its_slot_and_tells_nobody_when_a_newer_outcome_exists() -> None:
    world = a_monitor(overlap=True).until(t("02:10"))
    world.success(t("03:00:10"))
    told = list(world.told)

    world.success(t("03:10"), happened_at=t("01:00:30"))

    assert world.outcomes == {"01:00": "late", "02:00": "missed", "03:00": "on_time"}
    assert (world.status, world.told) == ("healthy", told)


def test_a_spooled_failure_of_a_time_before_the_last_finish_alarms_nobody() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.failed(t("01:01"), happened_at=t("01:00:05"))

    assert (world.status, world.told) == ("healthy", [])


def test_a_spooled_success_for_the_newest_missed_slot_recovers() -> None:
    world = a_monitor().until(t("01:10"))
    world.success(t("01:30"), happened_at=t("01:00:20"))

    assert world.outcomes == {"01:00": "late"}
    assert (world.status, world.kinds) == ("healthy", ["missed", "recovered"])


def test_a_start_that_comes_after_the_end_of_a_later_run_opens_nothing() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.start(t("01:30"), happened_at=t("01:00:01"))

    assert world.until(t("02:04")).told == []


def test_a_spooled_start_waits_a_minute_for_its_finish() -> None:
    world = a_monitor("0 1 * * *", grace_ms=3 * HOUR)
    world.start(t("04:00"), happened_at=t("01:00:01"))
    world.until(t("04:00:59"))
    world.success(t("04:00:59"), happened_at=t("01:05"))

    assert world.outcomes == {"01:00": "on_time"}
    assert world.told == []


def test_a_spooled_ping_of_an_interval_monitor_revises_the_expectation_of_its_time_only() -> None:
    world = a_monitor("1h", at=t("00:00")).until(t("03:10"))
    assert world.outcomes == {"01:00..03:00 x3": "missed"}
    told = list(world.told)

    world.success(t("03:20"), happened_at=t("01:10"))

    assert world.outcomes == {"01:00": "late", "02:00..03:00 x2": "missed"}
    assert (world.status, world.told, world.state.expected_at) == ("missed", told, t("04:00"))


def test_a_spooled_ping_of_before_the_last_finish_is_an_extra_run_of_an_interval_monitor() -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.success(t("01:00"))
    world.success(t("01:10"), happened_at=t("00:50"))

    assert world.outcomes == {"01:00": "on_time"}
    assert world.until(t("02:05")).outcomes == {"01:00": "on_time", "02:00": "missed"}


def test_a_spooled_ping_of_the_newest_silence_of_an_interval_monitor_recovers_it() -> None:
    world = a_monitor("1h", at=t("00:00")).until(t("01:20"))
    world.success(t("01:20"), happened_at=t("01:01"))

    assert world.outcomes == {"01:00": "late"}
    assert (world.status, world.state.expected_at) == ("healthy", t("02:01"))
