"""What is expected of a monitor, told before it happens, and the advice drawn from its runs."""

from dataclasses import replace

from seestackd.core.explain import MIN_RUNS, clock_changes, coming, hints, suggested_grace_ms
from seestackd.core.maintenance import Window
from seestackd.core.runs import Run
from tests.core.test_alerts import local
from tests.core.world import DAY, HOUR, MINUTE, SECOND, World, a_monitor, t
from tests.rows import rows


def expected(world: World, at: int) -> list[tuple[int, int]]:
    found = coming(world.monitor, world.state, world.windows, at)
    return [(each.slot, each.deadline_at) for each in found]


def berlin(text: str, at: str = "2026-01-01 00:00") -> World:
    return a_monitor(text, at=local(at), timezone="Europe/Berlin")


def test_the_next_ten_times_each_with_its_deadline() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))

    assert expected(world, t("00:30")) == [(t("03:00", day), t("03:05", day)) for day in range(10)]


def test_a_slot_that_is_late_comes_first() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))

    assert expected(world, t("03:02"))[0] == (t("03:00"), t("03:05"))


def test_a_job_that_reports_only_its_end_is_judged_when_it_could_have_ended() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"), max_runtime_ms=HOUR)
    world.success(t("03:40"))

    assert expected(world, t("04:00"))[0] == (t("03:00", 1), t("04:05", 1))


def test_an_interval_goes_on_from_the_last_finish() -> None:
    world = a_monitor("30m", at=t("00:30"))
    world.success(t("01:07"))

    assert expected(world, t("01:10"))[:2] == [(t("01:37"), t("01:42")), (t("02:07"), t("02:12"))]
    assert clock_changes(world.monitor, world.state, (), t("01:10")) == ()


def test_slots_inside_maintenance_say_so_and_intervals_are_judged_after_it() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))
    world.maintain(t("03:04", 1), t("03:30", 1))
    reasons = [each.reason for each in coming(world.monitor, world.state, world.windows, t("00:30"))]
    assert reasons[:3] == [None, "inside a maintenance window", None]

    interval = a_monitor("30m", at=t("00:30"))
    interval.maintain(t("01:02"), t("03:00"))
    assert expected(interval, t("00:30"))[0] == (t("01:00"), t("03:05"))


def test_nothing_is_expected_during_a_pause_without_an_end() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))
    world.pause(t("01:00"))

    assert expected(world, t("01:00")) == []


def test_a_pause_with_an_end_is_followed_by_what_comes_then() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))
    world.pause(t("01:00"), until=t("12:00", 2))
    assert expected(world, t("01:00"))[0] == (t("03:00", 3), t("03:05", 3))

    interval = a_monitor("1h", at=t("00:30"))
    interval.success(t("01:00"))
    interval.pause(t("01:10"), until=t("05:00"))
    assert expected(interval, t("01:10"))[0] == (t("06:00"), t("06:05"))
    interval.pause(t("01:10"), until=t("01:30"))
    assert expected(interval, t("01:10"))[0] == (t("02:00"), t("02:05"))


def test_nothing_is_expected_before_the_first_report_of_a_job_that_is_only_watched_from_then_on() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"), watch_from_creation=False)
    assert expected(world, t("00:30")) == []

    world.success(t("03:00:10"))
    assert expected(world, t("04:00"))[0] == (t("03:00", 1), t("03:05", 1))


def test_an_archived_monitor_and_a_schedule_that_ends_have_nothing_more_to_come() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))
    world.monitor = replace(world.monitor, archived_at=t("01:00"))
    assert expected(world, t("02:00")) == []

    once = a_monitor("2026-03-02 03:00", at=t("00:30"))
    assert expected(once, t("02:00")) == [(t("03:00"), t("03:05"))]
    assert clock_changes(once.monitor, once.state, (), t("02:00")) == ()


def test_a_changed_grace_is_not_judged_within_the_minute_and_said_so() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"), grace_ms=2 * HOUR)
    world.change_rules(t("04:00"), grace_ms=MINUTE)

    assert expected(world, t("04:00"))[:2] == [(t("03:00"), t("04:01")), (t("03:00", 1), t("03:01", 1))]


def test_both_changes_of_the_clocks_are_told_with_the_slots_of_those_nights() -> None:
    world = berlin("30 2 * * *")
    spring, autumn = clock_changes(world.monitor, world.state, (), local("2026-01-01 00:00"))

    assert (spring.at, spring.before_ms, spring.after_ms) == (local("2026-03-29 03:00"), HOUR, 2 * HOUR)
    assert (autumn.at, autumn.before_ms, autumn.after_ms) == (local("2026-10-25 02:00", fold=1), 2 * HOUR, HOUR)
    # In spring half past two is left out, and cron runs it right after; in autumn it comes once.
    assert [each.slot for each in spring.around] == [
        local("2026-03-28 02:30"), local("2026-03-29 03:00"), local("2026-03-30 02:30"),
    ]  # fmt: skip
    assert [each.slot for each in autumn.around] == [
        local("2026-10-24 02:30"), local("2026-10-25 02:30"), local("2026-10-26 02:30"),
    ]  # fmt: skip
    assert spring.around[1].deadline_at == local("2026-03-29 03:05")


def test_of_frequent_slots_those_nearest_to_the_change_are_told() -> None:
    world = berlin("0 * * * *")
    spring, _ = clock_changes(world.monitor, world.state, (), local("2026-01-01 00:00"))

    assert [each.slot - spring.at for each in spring.around] == [-3 * HOUR, -2 * HOUR, -HOUR, 0, HOUR, 2 * HOUR]


def test_the_change_of_last_night_is_over_and_the_one_of_tonight_is_told_without_what_has_passed() -> None:
    world = berlin("0 * * * *")
    noon = clock_changes(world.monitor, world.state, (), local("2026-03-29 12:00"))
    assert [change.at for change in noon] == [local("2026-10-25 02:00", fold=1), local("2027-03-28 03:00")]

    shortly = clock_changes(world.monitor, world.state, (), local("2026-03-29 01:30"))[0]
    assert [each.slot for each in shortly.around] == [shortly.at, shortly.at + HOUR, shortly.at + 2 * HOUR]


@rows("zone", ["UTC", "Asia/Kathmandu", "America/Phoenix"])
def test_where_the_clocks_do_not_change_there_is_nothing_to_tell(zone: str) -> None:
    world = a_monitor("0 3 * * *", timezone=zone)

    assert clock_changes(world.monitor, world.state, (), t("00:30")) == ()


def test_half_an_hour_is_a_change_too() -> None:
    world = a_monitor("0 3 * * *", timezone="Australia/Lord_Howe")
    first, second = clock_changes(world.monitor, world.state, (), t("00:30"))

    assert {abs(change.after_ms - change.before_ms) for change in (first, second)} == {30 * MINUTE}


def ran(
    world: World, *starts: int, heard: bool = True, late: int | None = None, took: int | None = None
) -> tuple[Run, ...]:
    """Runs that began then, as the store gives them: the newest first."""
    runs = [
        Run(number, 1, None, None, start, heard, start, took, late, "late" if late else "on_time", ok=True)
        for number, start in enumerate(starts, 1)
    ]
    return tuple(reversed(runs))


def advice(world: World, runs: tuple[Run, ...]) -> list[str]:
    return list(hints(world.monitor, world.state, runs))


def test_a_job_entered_in_utc_that_runs_by_berlins_clock_comes_an_hour_early_in_winter() -> None:
    world = a_monitor("0 3 * * *")
    runs = ran(world, *(local(f"2026-02-{day:02} 03:00") + 7 * SECOND for day in range(1, 11)))

    assert advice(world, runs) == [
        "the last 10 runs came about 1 h before the expected time: is UTC the zone that the job's crontab is read in?"
    ]


def test_and_two_hours_early_in_summer() -> None:
    world = a_monitor("0 3 * * *")
    runs = ran(world, *(local(f"2026-07-{day:02} 03:00") + 7 * SECOND for day in range(1, 11)))

    assert advice(world, runs)[0].startswith("the last 10 runs came about 2 h before the expected time: is UTC")


@rows(("month", "change", "apart"), [("03", 29, "2 h"), ("10", 25, "1 h")])
@rows("since", range(8))
def test_and_the_change_of_the_clocks_hides_it_on_no_day(month: str, change: int, apart: str, since: int) -> None:
    world = a_monitor("0 3 * * *")
    first = local(f"2026-{month}-{change:02} 03:00") + 7 * SECOND
    days = [local(f"2026-{month}-{day:02} 03:00") + 7 * SECOND for day in range(change - 12, change)]
    runs = ran(world, *days, *(first + day * DAY for day in range(since)))

    before = "1 h" if apart == "2 h" else "2 h"
    (hint,) = advice(world, runs)
    assert f"about {apart if since else before} before the expected time" in hint


def test_a_job_entered_in_berlin_that_runs_by_utc_comes_late_by_the_same() -> None:
    world = berlin("0 3 * * *")
    runs = ran(world, *(t("03:00", day) + 9 * SECOND for day in range(6)))

    (hint,) = advice(world, runs)
    assert "the last 6 runs came about 1 h after the expected time: is Europe/Berlin the zone" in hint


def test_zones_of_half_and_quarter_hours_are_known() -> None:
    world = a_monitor("0 3 * * *")
    kathmandu = ran(world, *(local(f"2026-02-{day:02} 03:00", "Asia/Kathmandu") for day in range(1, 8)))

    assert "about 5 h 45 min before" in advice(world, kathmandu)[0]


@rows("schedule", ["* * * * *", "*/5 * * * *", "*/30 * * * *", "0 * * * *"])
def test_a_punctual_job_is_given_no_advice_however_often_it_runs(schedule: str) -> None:
    world = a_monitor(schedule)
    step = world.monitor.schedule.next_after(t("01:00")) - t("01:00")
    runs = ran(world, *(t("01:00") + number * step + 3 * SECOND for number in range(20)), late=3 * SECOND)

    assert advice(world, runs) == []


def test_a_punctual_job_is_given_no_advice_over_the_change_of_the_clocks() -> None:
    world = berlin("0 3 * * *")
    days = (f"2026-03-{day} 03:00" for day in range(22, 32))

    assert advice(world, ran(world, *(local(day) + 5 * SECOND for day in days), late=5 * SECOND)) == []


@rows(
    "offsets",
    [
        [60, 60, 60, 60],  # too few
        [60, 10, 60, 200, 60, 60],  # not constant
        [40, 40, 41, 39, 40, 40],  # no two zones are forty minutes apart
        [5, 5, 6, 5, 5, 5],  # late, but not by a zone
        [60, 60, 60, 100, 100, 100],  # a jump that is no change of clocks
    ],
)
def test_a_distance_that_no_zones_have_is_no_mistake_about_zones(offsets: list[int]) -> None:
    world = a_monitor("0 3 * * *")
    runs = ran(world, *(t("03:00", day) + offset * MINUTE for day, offset in enumerate(offsets)))

    assert advice(world, runs) == []


def test_a_job_that_reports_only_its_end_may_just_take_an_hour() -> None:
    world = a_monitor("0 3 * * *")
    hour = ran(world, *(t("04:00", day) + 20 * SECOND for day in range(8)), heard=False)
    half = ran(world, *(t("03:30", day) + 20 * SECOND for day in range(8)), heard=False)

    assert advice(world, hour)[0].endswith("or does the job take that long and report only its end?")
    assert advice(world, half) == []


def test_no_two_zones_are_a_day_apart() -> None:
    world = a_monitor("0 3 * * 0")
    runs = ran(world, *(t("23:00", 6 + 7 * week) for week in range(8)))

    assert advice(world, runs) == []


def test_interval_monitors_know_no_zones() -> None:
    world = a_monitor("1d")

    assert advice(world, ran(world, *(t("04:00", day) for day in range(8)), late=0)) == []


def test_runs_beside_the_slots_say_nothing() -> None:
    world = a_monitor("0 3 * * *")
    by_hand = [replace(run, outcome="extra") for run in ran(world, *(t("04:00", day) for day in range(8)))]

    assert advice(world, tuple(by_hand)) == []


def test_a_grace_that_is_nearly_used_up_is_told_with_a_better_one() -> None:
    world = a_monitor("0 3 * * *", grace_ms=15 * MINUTE)
    starts = [t("03:13", day) for day in range(20)]

    assert advice(world, ran(world, *starts, late=13 * MINUTE)) == [
        "runs come late enough to use up most of the grace of 15 min: 30 min would leave room"
    ]
    assert advice(world, ran(world, *starts, late=12 * MINUTE)) == []


def test_one_late_run_in_twenty_is_no_reason_for_another_grace() -> None:
    world = a_monitor("0 3 * * *", grace_ms=15 * MINUTE)
    calm = ran(world, *(t("03:01", day) for day in range(19)), late=MINUTE)
    late = ran(world, t("03:14", 19), late=14 * MINUTE)

    assert suggested_grace_ms(world.monitor, world.state, (*late, *calm)) is None


def test_early_runs_count_as_not_late() -> None:
    world = a_monitor("0 3 * * *", grace_ms=MINUTE)
    early = ran(world, *(t("02:58", day) for day in range(18)), late=-2 * MINUTE)
    late = ran(world, *(t("03:01", day) for day in range(18, 20)), late=59 * SECOND)

    assert suggested_grace_ms(world.monitor, world.state, (*late, *early)) == 5 * MINUTE
    assert suggested_grace_ms(world.monitor, world.state, (*late[:1], *early)) is None


def test_the_time_a_run_takes_is_no_part_of_the_grace() -> None:
    world = a_monitor("0 3 * * *", grace_ms=10 * MINUTE, max_runtime_ms=HOUR)
    world.success(t("03:50"))
    assert world.state.ends_only

    # At most seventy minutes after the slot: fifty are well within.
    assert advice(world, ran(world, *(t("03:47", day) for day in range(20)), heard=False, late=47 * MINUTE)) == []
    assert (
        suggested_grace_ms(
            world.monitor,
            world.state,
            ran(world, *(t("04:05", day) for day in range(20)), heard=False, late=65 * MINUTE),
        )
        == 70 * MINUTE
    )


def test_a_mistake_about_zones_is_not_taken_for_a_grace_that_is_too_short() -> None:
    world = a_monitor("0 3 * * *", grace_ms=15 * MINUTE)
    runs = ran(world, *(t("04:00", day) + SECOND for day in range(8)), late=HOUR)

    assert len(advice(world, runs)) == 1
    assert "the zone" in advice(world, runs)[0]


def test_few_runs_are_no_ground_for_advice() -> None:
    world = a_monitor("0 3 * * *", grace_ms=MINUTE)

    assert advice(world, ran(world, *(t("04:00", day) for day in range(MIN_RUNS - 1)), late=HOUR)) == []
    assert advice(world, ()) == []


def test_a_window_for_all_time_is_told_of_every_slot() -> None:
    world = a_monitor("0 3 * * *", at=t("00:30"))
    window = Window(1, "", "", t("00:00"), t("00:00", 20))

    found = coming(world.monitor, world.state, (window,), t("00:30"))
    assert {each.reason for each in found} == {"inside a maintenance window"}
