"""When silence is judged, what counts and what is told (semantics.md 4, 5 and 7)."""

from seestackd.core.monitor import shown_status
from tests.core.world import DAY, HOUR, MINUTE, SECOND, World, a_monitor, t
from tests.rows import rows


def test_a_slot_is_judged_when_its_grace_is_over() -> None:
    world = a_monitor()
    world.judge(t("01:04:59.999"))
    assert (world.status, shown_status(world.monitor, world.state, t("01:02"))) == ("pending", "late")

    world.judge(t("01:05"))
    assert (world.status, world.told) == ("missed", [("missed", t("01:05"))])
    assert world.reason(t("01:00")) == "never reported since it was created"


def test_a_slot_missed_after_a_good_run_says_so() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))

    assert world.until(t("02:05")).reason(t("02:00")) == "no ping by the deadline"


def test_a_start_replaces_the_slots_deadline_by_the_runs_limit() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=30 * MINUTE)
    world.start(t("03:01"))

    assert world.state.deadline_at == t("03:31")


@rows(("grace_ms", "limit"), [(5 * MINUTE, "04:01"), (3 * HOUR, "06:01")])
def test_a_run_may_take_the_larger_of_grace_and_an_hour(grace_ms: int, limit: str) -> None:
    world = a_monitor("0 3 * * *", grace_ms=grace_ms)
    world.start(t("03:01"))

    assert world.state.deadline_at == t(limit)


def test_a_job_that_reports_only_its_end_has_its_running_time_besides_the_grace() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=HOUR)
    world.success(t("03:50"))

    assert world.state.deadline_at == t("04:05", day=1)

    world.start(t("03:00", day=1))
    world.success(t("03:40", day=1))
    assert world.state.deadline_at == t("03:05", day=2)


def test_the_deadline_is_the_earliest_of_slot_run_and_pause() -> None:
    world = a_monitor(max_runtime_ms=10 * HOUR, overlap=True)
    world.start(t("01:00"))
    assert world.state.deadline_at == t("02:05")

    world.start(t("01:30"), rid="extra")
    world.pause(t("01:40"), until=t("01:45"))
    assert world.state.deadline_at == t("01:45")


def test_a_change_of_the_grace_is_judged_a_minute_later_at_the_earliest() -> None:
    world = a_monitor(grace_ms=HOUR)
    world.change_rules(t("01:30"), grace_ms=MINUTE)
    assert world.state.deadline_at == t("01:31")

    world.log(t("01:30:30"))
    assert world.state.deadline_at == t("01:31"), "the wait survives a ping"

    assert world.until(t("01:30:59")).status == "pending"
    assert world.until(t("01:31")).status == "missed"


def test_a_ping_within_the_minute_after_a_change_is_in_time_to_prevent_an_alarm() -> None:
    world = a_monitor(grace_ms=HOUR)
    world.change_rules(t("01:30"), grace_ms=MINUTE)
    world.success(t("01:30:30"))

    assert (world.until(t("01:59")).status, world.told) == ("healthy", [])


def test_a_longer_limit_applies_to_the_run_that_is_open() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=30 * MINUTE)
    world.start(t("03:00"))
    world.change_rules(t("03:20"), max_runtime_ms=2 * HOUR)

    assert world.state.deadline_at == t("05:00")


def test_watching_from_creation_can_be_switched_on_later() -> None:
    world = a_monitor(watch_from_creation=False)
    world.change_rules(t("01:10"), watch_from_creation=True)

    assert world.until(t("02:05")).status == "missed"


# A change of the schedule


def test_a_slot_still_open_when_the_schedule_changes_is_skipped() -> None:
    world = a_monitor()
    world.reschedule(t("01:02"), "30 * * * *")
    world.until(t("01:34"))

    assert world.outcomes == {"01:00": "skipped"}
    assert world.reason(t("01:00")) == "schedule changed"
    assert world.until(t("01:35")).outcomes == {"01:00": "skipped", "01:30": "missed"}


def test_all_slots_still_open_when_the_schedule_changes_are_skipped() -> None:
    world = a_monitor("*/10 * * * *", grace_ms=HOUR)
    world.success(t("00:50:10"))
    world.reschedule(t("01:02"), "0 3 * * *")

    assert world.outcomes == {"00:40": "skipped", "00:50": "on_time", "01:00": "skipped"}


def test_an_interval_monitor_is_expected_one_new_interval_after_its_last_finish() -> None:
    world = a_monitor("1d", at=t("00:00"))
    world.success(t("03:00"))
    world.reschedule(t("04:00"), "2h")
    assert world.state.expected_at == t("05:00")

    world.reschedule(t("04:10"), "30m")
    assert world.state.expected_at == t("04:10"), "not earlier than now"


def test_a_job_whose_interval_was_answered_long_before_its_time_is_heard_after_the_change() -> None:
    world = a_monitor("7d", at=t("00:00"))
    world.success(t("03:00"))
    world.reschedule(t("03:10"), "0 * * * *")
    world.failed(t("04:00:10"))

    assert (world.status, world.kinds) == ("failed", ["failed"])


def test_a_running_job_is_not_expected_twice_after_a_change_to_an_interval() -> None:
    world = a_monitor(max_runtime_ms=5 * HOUR)
    world.start(t("01:00:05"))
    world.reschedule(t("01:10"), "10m")
    world.until(t("02:00"))
    world.success(t("02:00"))

    assert world.told == []
    assert world.state.expected_at == t("02:10")


def test_a_monitor_whose_schedule_had_ended_is_watched_by_its_new_one() -> None:
    world = a_monitor("2026-03-02 01:00:00")
    world.success(t("01:00:10"))
    world.reschedule(t("02:10"), "0 * * * *")

    assert world.until(t("03:05")).status == "missed"


# Streaks and incidents


def test_an_incident_opens_at_the_nth_bad_outcome_and_began_with_the_first() -> None:
    world = a_monitor(failures_before_alert=3).until(t("03:04"))
    assert world.told == []

    world.until(t("05:30"))
    assert world.told == [("missed", t("03:05"))]
    assert (world.incidents[0].began_at, world.incidents[0].missed) == (t("01:05"), 5)


def test_an_incident_closes_at_the_nth_good_outcome() -> None:
    world = a_monitor(successes_before_recovery=2).until(t("01:10"))
    world.success(t("02:00:10"))
    assert (world.status, world.kinds) == ("healthy", ["missed"])

    world.success(t("03:00:10"))
    assert world.kinds == ["missed", "recovered"]


def test_a_failure_between_two_good_runs_begins_the_count_anew() -> None:
    world = a_monitor(successes_before_recovery=2).until(t("01:10"))
    for hour, kind in ((2, "success"), (3, "failed"), (4, "success")):
        world.ping(kind, t(f"{hour:02}:00:10"))

    assert world.incident is not None
    assert world.kinds == ["missed"], "healthy turned failed, not missed turned failed"


@rows("before", ["missed", "overrun"])
def test_an_open_incident_that_turns_to_failed_is_told_as_changed(before: str) -> None:
    world = a_monitor()
    if before == "overrun":
        world.start(t("01:00"), rid="hung")
    world.until(t("02:00"))
    world.failed(t("02:00:10"), exit_code=7)

    assert (world.status, world.kinds) == ("failed", [before, "changed"])


def test_revising_missed_to_failed_changes_no_streak() -> None:
    world = a_monitor(failures_before_alert=2).until(t("01:10"))
    world.failed(t("01:20"))

    assert world.outcomes == {"01:00": "failed"}
    assert (world.status, world.state.bad, world.told) == ("failed", 1, [])


def test_a_slow_run_is_told_once() -> None:
    world = a_monitor(slow_factor=2.0)
    for hour in range(1, 6):
        world.success(t(f"{hour:02}:01:00"), duration_ms=60 * SECOND)
    world.success(t("06:02:01"), duration_ms=121 * SECOND)

    assert world.kinds == ["slow"]


# Pause


def test_a_pause_and_resume_every_night_does_not_hide_a_dead_24_h_job() -> None:
    world = a_monitor("1d", at=t("12:00"))
    world.success(t("23:00"))
    for day in range(3):
        _night(world, day)

    assert world.kinds[0] == "missed"


def test_a_pause_and_resume_every_night_raises_no_alarm_for_a_job_that_runs_in_the_pause() -> None:
    world = a_monitor("1d", at=t("12:00"))
    for day in range(5):
        _night(world, day, runs=True)

    assert (world.status, world.told) == ("healthy", [])


def test_a_pause_and_resume_every_night_keeps_the_deadline_of_a_job_that_runs_by_day() -> None:
    world = a_monitor("1d", at=t("12:00"))
    world.success(t("13:00"))
    world.pause(t("22:00"))
    world.resume(t("06:00", day=1))
    assert world.until(t("13:04:59", day=1)).told == []

    assert world.until(t("13:05", day=1)).told == [("missed", t("13:05", day=1))]


def _night(world: World, day: int, runs: bool = False) -> None:
    world.until(t("22:00", day))
    world.pause(t("22:00", day))
    if runs:
        world.success(t("23:00", day))
    world.until(t("06:00", day + 1))
    world.resume(t("06:00", day + 1))
    world.until(t("21:59", day + 1))


def test_on_resume_only_a_deadline_already_past_moves_to_an_interval_from_now() -> None:
    world = a_monitor("2h", at=t("00:00"))
    world.pause(t("01:00"))
    world.resume(t("01:30"))
    assert world.state.expected_at == t("02:00")

    world.pause(t("01:40"))
    world.resume(t("03:00"))
    assert world.state.expected_at == t("05:00")


def test_a_calendar_monitor_expects_the_first_slot_after_the_pause() -> None:
    world = a_monitor()
    world.pause(t("00:50"))
    world.resume(t("03:02"))

    assert world.until(t("04:05")).outcomes == {"04:00": "missed"}


def test_a_timed_pause_ends_by_itself_while_nothing_else_is_due() -> None:
    for schedule in ("0 3 * * *", "1d"):
        world = a_monitor(schedule, at=t("00:00"))
        world.success(t("03:00"))
        world.pause(t("04:00"), until=t("05:00"))

        assert world.until(t("04:59")).status == "paused"
        assert world.until(t("05:00")).status == "healthy"
        assert world.until(t("03:05", day=1)).status == "missed"


def test_a_pause_that_ended_during_an_outage_ended_at_its_time() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.pause(t("01:10"), until=t("02:30"))
    world.deaf(t("02:40"), t("04:20"))
    world.judge(t("04:20"))

    assert world.outcomes == {"01:00": "on_time", "03:00..04:00 x2": "unknown"}


def test_a_pause_in_a_pause_sets_its_end_anew() -> None:
    world = a_monitor()
    world.pause(t("01:10"), until=t("02:30"))
    world.pause(t("01:20"))

    assert world.until(t("00:00", day=3)).status == "paused"


def test_a_paused_monitor_never_alerts() -> None:
    world = a_monitor()
    world.start(t("01:00"))
    world.pause(t("01:02"))
    world.failed(t("01:30"))
    world.start(t("02:00"))
    world.until(t("00:00", day=2))

    assert (world.status, world.told, world.state.open_runs) == ("paused", [], ())


def test_an_interval_monitor_whose_run_was_closed_in_the_pause_is_watched_again() -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.start(t("00:50"))
    world.pause(t("00:55"))
    world.until(t("03:00"))
    world.resume(t("03:00"))

    assert world.until(t("04:05")).status == "missed"


def test_a_run_that_was_open_before_a_short_pause_is_watched_after_it() -> None:
    world = a_monitor("0 3 * * *", max_runtime_ms=HOUR)
    world.start(t("03:00"))
    world.pause(t("03:10"))
    world.resume(t("03:20"))

    assert world.until(t("04:00")).status == "overrun"


@rows("day", [0, DAY])
def test_judging_too_early_decides_nothing(day: int) -> None:
    world = a_monitor("@weekly")
    before = world.state

    assert world.judge(t("02:00") + day) is None
    assert world.state == before
