"""What could not have been heard is not missed (semantics.md 6)."""

from random import Random

from seestackd.core.blind import overlapping, usual_finish, usual_lateness_ms
from tests.core.world import HOUR, MINUTE, SECOND, World, a_monitor, t
from tests.rows import rows


def used_to(lateness_ms: int, schedule: str = "0 * * * *", grace_ms: int = 30 * MINUTE) -> World:
    """An hourly monitor whose last ten runs were that late; the next slot is 11:00."""
    world = a_monitor(schedule, grace_ms=grace_ms)
    for hour in range(1, 11):
        world.success(t(f"{hour:02}:00") + lateness_ms)
    return world


def test_a_slot_unheard_while_nothing_could_be_heard_is_unknown_and_not_missed() -> None:
    world = used_to(10 * SECOND)
    world.deaf(t("10:58"), t("11:02"))
    world.until(t("11:30"))

    assert world.outcomes["11:00"] == "unknown"
    assert world.reason(t("11:00")) == "could not have been heard: seestackd was not listening"
    assert (world.status, world.state.good, world.state.bad, world.told) == ("healthy", 10, 0, [])
    assert world.unknown == [(t("11:00"), t("10:58"))]


@rows(
    ("since", "until", "outcome"),
    [
        ("10:50", "10:54:59.999", "missed"),
        ("10:50", "10:55", "unknown"),
        ("11:01:10", "11:20", "unknown"),
        ("11:01:10.001", "11:20", "missed"),
    ],
)
def test_only_a_window_that_overlaps_the_usual_time_excuses_silence(since: str, until: str, outcome: str) -> None:
    world = used_to(10 * SECOND)
    world.deaf(t(since), t(until))

    assert world.until(t("11:30")).outcomes["11:00"] == outcome


def test_without_history_a_window_anywhere_in_the_grace_excuses_silence() -> None:
    world = a_monitor(grace_ms=30 * MINUTE)
    world.deaf(t("01:29"), t("01:29:40"))

    assert world.until(t("01:30")).outcomes == {"01:00": "unknown"}


def test_usual_lateness_is_the_worst_of_ten_and_a_minute_and_never_more_than_the_wait() -> None:
    assert usual_lateness_ms([5 * SECOND, -3 * SECOND], HOUR) == 65 * SECOND
    assert usual_lateness_ms([-9 * HOUR], HOUR) == MINUTE
    assert usual_lateness_ms([0] * 10 + [HOUR], HOUR) == MINUTE
    assert usual_lateness_ms([2 * HOUR], HOUR) == HOUR
    assert usual_lateness_ms([], HOUR) == HOUR


def test_windows_overlap_when_they_touch() -> None:
    assert overlapping([(1, 2), (5, 6)], 6, 9) == (5, 6)
    assert overlapping([(1, 2), (5, 6)], 3, 4) is None


def test_a_finish_after_unknown_revises_it_to_on_time_or_late() -> None:
    for clock, outcome in (("11:29", "on_time"), ("11:31", "late")):
        world = used_to(10 * SECOND)
        world.deaf(t("10:58"), t("11:02"))
        world.until(t("11:30"))
        world.success(t("11:40"), happened_at=t(clock))

        assert world.outcomes["11:00"] == outcome


def test_only_the_expectation_that_ended_unknown_moves_on_and_keeps_its_phase() -> None:
    world = a_monitor("1h", at=t("00:17"))
    world.deaf(t("01:00"), t("04:30"))
    world.judge(t("04:30"))

    assert world.state.expected_at == t("05:17")
    assert world.outcomes == {"01:17": "unknown"}


def test_an_open_run_that_would_have_finished_unheard_is_unknown_at_its_limit() -> None:
    world = a_monitor(max_runtime_ms=40 * MINUTE)
    for hour in (1, 2, 3):
        world.start(t(f"{hour:02}:00"))
        world.success(t(f"{hour:02}:10"))
    world.start(t("04:00"))
    world.deaf(t("04:11"), t("04:20"))
    world.until(t("04:40"))

    assert world.outcomes["04:00"] == "unknown"
    assert (world.status, world.told) == ("healthy", [])

    world.success(t("04:45"))
    assert world.outcomes["04:00"] == "on_time"


@rows("window", [("04:00", "04:09:59"), ("04:11:01", "04:40")])
def test_a_window_beside_the_usual_finish_excuses_no_run(window: tuple[str, str]) -> None:
    world = a_monitor(max_runtime_ms=40 * MINUTE)
    for hour in (1, 2, 3):
        world.start(t(f"{hour:02}:00"))
        world.success(t(f"{hour:02}:10"))
    world.start(t("04:00"))
    world.deaf(t(window[0]), t(window[1]))

    assert world.until(t("04:40")).status == "overrun"


def test_a_run_without_history_is_excused_by_a_window_anywhere_in_its_span() -> None:
    assert usual_finish(t("04:00"), t("05:00"), []) == (t("04:00"), t("05:00"))
    assert usual_finish(0, HOUR, [5 * MINUTE, 2 * MINUTE]) == (2 * MINUTE, 6 * MINUTE)


def test_a_late_start_of_an_unknown_slot_that_hangs_is_overrun_and_counts() -> None:
    world = used_to(10 * SECOND)
    world.deaf(t("10:58"), t("11:02"))
    world.until(t("11:30"))
    world.start(t("11:40"))

    world.until(t("12:40"))
    assert (world.status, world.outcomes["11:00"], world.kinds) == ("overrun", "unknown", ["overrun"])


def three_unknowns() -> World:
    world = used_to(10 * SECOND)
    for hour in (11, 12, 13):
        world.deaf(t(f"{hour}:00"), t(f"{hour}:01"))
        assert world.told == []
        world.until(t(f"{hour}:30"))
    return world


def test_the_third_unknown_in_a_row_opens_an_incident() -> None:
    world = three_unknowns()

    assert world.told == [("unknown", t("13:30"))]
    assert world.status == "healthy"


def test_any_finish_closes_it() -> None:
    world = three_unknowns()
    world.success(t("14:00"))
    assert world.kinds == ["unknown", "recovered"]

    world = three_unknowns()
    world.failed(t("14:00"))
    assert world.kinds == ["unknown", "failed"]

    world = three_unknowns()
    world.change_rules(t("13:40"), failures_before_alert=2)
    world.failed(t("14:00"))
    assert world.kinds == ["unknown", "recovered"]

    world = three_unknowns()
    world.maintain(t("13:50"), t("14:10"))
    world.failed(t("14:00"))
    assert (world.kinds, world.status) == (["unknown", "recovered"], "healthy")


def test_a_job_that_is_truly_missed_after_three_unknowns_is_told_as_missed() -> None:
    world = three_unknowns().until(t("14:30"))

    assert world.kinds == ["unknown", "missed"]
    assert world.incident is not None
    assert world.incident.kind == "missed"


def test_a_success_between_unknowns_begins_the_count_anew() -> None:
    world = used_to(10 * SECOND)
    for hour in (11, 12, 14, 15):
        world.deaf(t(f"{hour}:00"), t(f"{hour}:01"))
        world.until(t(f"{hour}:30"))
        if hour == 12:
            world.success(t("13:00:10"))

    assert world.told == []


def test_unknowns_of_the_same_window_count_as_one() -> None:
    world = used_to(10 * SECOND)
    world.deaf(t("10:50"), t("18:55"))
    world.judge(t("18:55"))

    assert world.outcomes["11:00..18:00 x8"] == "unknown"
    assert world.told == []


def test_a_ping_that_was_answered_503_makes_its_slot_unknown() -> None:
    for refused, outcome in (
        ("10:54:59", "missed"),
        ("10:55", "unknown"),
        ("11:00:10", "unknown"),
        ("11:30", "unknown"),
        ("11:30:01", "missed"),
    ):
        world = used_to(10 * SECOND)
        world.refused_at = t(refused)

        assert world.until(t("11:30")).outcomes["11:00"] == outcome


def test_a_ping_that_was_refused_and_came_again_is_an_ordinary_ping() -> None:
    world = used_to(10 * SECOND)
    world.refused_at = t("11:00:10")
    world.success(t("11:00:20"))

    assert world.until(t("11:59")).outcomes["11:00"] == "on_time"


# The two faults that may not be: a false alarm after our own outage, and a dead job nobody hears of


@rows("schedule", ["0 * * * *", "1h"])
@rows("dead", [False, True])
def test_an_outage_of_8_hours_raises_no_false_alarm_and_hides_no_dead_job(schedule: str, dead: bool) -> None:
    random = Random(8)
    for _ in range(25):
        phase, gone_at = random.randrange(HOUR), t("10:30") + random.randrange(9 * HOUR)
        outage = t("11:00") + random.randrange(HOUR), t("19:00") + random.randrange(HOUR)
        world = a_monitor(schedule, at=t("00:00") + phase)
        world.deaf(*outage)
        _live(world, phase if schedule == "1h" else 10 * SECOND, outage, gone_at if dead else None)

        missed = [at for kind, at in world.told if kind == "missed"]
        if not dead:
            assert missed == []
        else:
            # A slot within 5 minutes of the outage could have been answered early, so the next slot is the one after.
            allowed = max(gone_at, outage[1] + 5 * MINUTE) + HOUR + 5 * MINUTE
            assert missed
            assert max(gone_at, t("10:30")) <= missed[0] <= allowed


def _live(world: World, phase: int, outage: tuple[int, int], gone_at: int | None) -> None:
    """An hourly job from midnight to the next noon; the judge sleeps through the outage and 20 s more."""
    for hour in range(1, 36):
        at = t("00:00") + hour * HOUR + phase
        if gone_at is not None and at > gone_at:
            break
        _judge(world, at, outage)
        if not outage[0] <= at <= outage[1]:
            world.success(at)
    _judge(world, t("12:00", day=1), outage)


def _judge(world: World, until: int, outage: tuple[int, int]) -> None:
    asleep, awake = outage[0], outage[1] + 20 * SECOND
    if until <= asleep:
        world.until(until)
        return
    world.until(asleep)
    if until >= awake:
        world.judge(awake)
        world.until(until)


@rows("schedule", ["*/10 * * * *", "10m"])
def test_a_blind_window_of_10_minutes_at_200_phases_raises_no_false_alarm(schedule: str) -> None:
    random = Random(10)
    for _ in range(200):
        since = t("03:00") + random.randrange(20 * MINUTE)
        until = since + 10 * MINUTE
        lateness = random.randrange(0, 90 * SECOND)
        world = a_monitor(schedule, at=t("02:00"), grace_ms=2 * MINUTE)
        world.deaf(since, until)
        for number in range(13, 28):
            at = t("00:00") + number * 10 * MINUTE + lateness
            _judge(world, at, (since, until))
            if not since <= at <= until:
                world.success(at)

        assert world.told == []


@rows("schedule", ["*/10 * * * *", "10m"])
def test_a_job_that_dies_in_a_blind_window_is_reported_at_its_next_slot_plus_grace(schedule: str) -> None:
    random = Random(11)
    for _ in range(60):
        since = t("03:00") + random.randrange(20 * MINUTE)
        until = since + 10 * MINUTE
        world = a_monitor(schedule, at=t("02:00"), grace_ms=2 * MINUTE)
        world.deaf(since, until)
        for number in range(13, 20):
            at = t("00:00") + number * 10 * MINUTE + 20 * SECOND
            if at < since:
                _judge(world, at, (since, until))
                world.success(at)
        _judge(world, t("04:00"), (since, until))

        assert world.told
        # The slot after the window, its grace, and the minute by which a usual lateness is widened.
        assert world.told[0][1] <= until + 22 * MINUTE + 20 * SECOND
