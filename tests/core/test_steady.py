"""The short way of nearly every ping says what the general rules say; `World` compares the two at each success."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import DAY, HOUR, MINUTE, SECOND, World, a_monitor, t
from tests.rows import rows

SCHEDULES = ("1h", "10m", "0 * * * *", "*/5 * * * *", "30 2 * * *", "Mon..Fri 03:00")
RULES: list[dict[str, Any]] = [
    {},
    {"max_runtime_ms": 20 * MINUTE},
    {"grace_ms": 0},
    {"grace_ms": 2 * HOUR},
    {"grace_ms": 2 * HOUR, "overlap": True},
    {"failures_before_alert": 3, "successes_before_recovery": 2},
]


@rows(("schedule", "every"), [("1h", HOUR), ("30 * * * *", HOUR), ("30 2 * * *", DAY)])
def test_a_job_that_runs_as_it_should_goes_the_short_way(schedule: str, every: int) -> None:
    world = a_monitor(schedule, timezone="Europe/Berlin")
    for number in range(10):
        at = t("01:30:05") + number * every
        world.until(at)
        world.success(at, duration_ms=5 * SECOND - 100)

    assert (world.steady, world.kinds) == (9, [])


def test_a_run_into_the_next_slot_ends_that_too() -> None:
    world = a_monitor("0 * * * *", grace_ms=2 * HOUR)
    for at, took in ((t("01:00:05"), SECOND), (t("02:00:05"), SECOND), (t("04:05"), HOUR + 4 * MINUTE)):
        world.until(at)
        world.success(at, duration_ms=took)

    assert (world.steady, world.outcomes["04:00"]) == (1, "skipped")


def test_a_clock_that_was_set_back_a_little_does_not_undo_the_last_finish() -> None:
    world = a_monitor("1h")
    for at in (t("01:00:20"), t("01:00:10"), t("01:30")):
        world.success(at)

    assert (world.steady, world.state.last_finish_at) == (0, t("01:30"))


@given(st.data())
def test_whatever_happened_before_the_short_way_says_the_same_or_nothing(data: st.DataObject) -> None:
    at = t("00:30")
    world = a_monitor(data.draw(st.sampled_from(SCHEDULES)), at, "Europe/Berlin", **data.draw(st.sampled_from(RULES)))
    for _ in range(data.draw(st.integers(1, 12))):
        at = max(0, at + data.draw(st.sampled_from((0, 1, SECOND, 5 * MINUTE, 10 * MINUTE, HOUR, 2 * HOUR, DAY))))
        _let_happen(world, at, data)


def _let_happen(world: World, at: int, data: st.DataObject) -> None:
    what = data.draw(st.sampled_from(("success", "success", "success", "failed", "start", "until", "pause", "step")))
    if what == "until":
        world.until(at)
    elif what == "pause":
        world.pause(at)
        if data.draw(st.booleans()):
            world.resume(at)
    elif what == "step":
        world.step(at, data.draw(st.sampled_from((-HOUR, -MINUTE, HOUR))))
    else:
        world.judge(at)
        since = at - (world.state.expected_at or at)
        lasting = (None, 0, -1, 4 * MINUTE, 2 * HOUR, 8 * DAY, since, since - 100, since + 100, since + 4 * MINUTE)
        took = data.draw(st.sampled_from(lasting))
        world.ping(what, at, duration_ms=took, rid=data.draw(st.sampled_from((None, None, "a"))))
