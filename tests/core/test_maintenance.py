"""Planned work: silence means nothing, and nothing is re-armed (semantics.md 5)."""

from seestackd.core.maintenance import Window, moved_out, touching
from seestackd.core.schedule import parse_schedule
from tests.core.world import HOUR, MINUTE, a_monitor, t


def test_a_slot_whose_wait_touches_a_window_is_skipped() -> None:
    for window in (("00:50", "01:10"), ("01:04", "01:30"), ("01:05", "02:00"), ("00:30", "01:01")):
        world = a_monitor()
        world.maintain(t(window[0]), t(window[1]))

        assert world.until(t("01:05")).outcomes == {"01:00": "skipped"}
        assert world.reason(t("01:00")) == "inside a maintenance window"
        assert (world.status, world.told) == ("pending", [])


def test_a_slot_beside_a_window_is_judged() -> None:
    for window in (("00:50", "01:00"), ("01:06", "01:30")):
        world = a_monitor()
        world.maintain(t(window[0]), t(window[1]))

        assert world.until(t("01:05")).outcomes == {"01:00": "missed"}


def test_a_failure_inside_a_window_is_recorded_and_counts_for_nothing() -> None:
    world = a_monitor()
    world.success(t("01:00:10"))
    world.maintain(t("01:50"), t("02:30"))
    world.failed(t("02:00:10"))

    assert world.outcomes == {"01:00": "on_time", "02:00": "failed"}
    assert (world.status, world.state.good, world.state.bad, world.told) == ("healthy", 1, 0, [])


def test_a_success_inside_a_window_recovers() -> None:
    world = a_monitor().until(t("01:10"))
    world.maintain(t("01:50"), t("02:30"))
    world.success(t("02:00:10"))

    assert (world.status, world.kinds) == ("healthy", ["missed", "recovered"])


def test_a_runs_limit_inside_a_window_moves_to_its_end_plus_the_grace() -> None:
    world = a_monitor("0 1 * * *", max_runtime_ms=HOUR)
    world.maintain(t("01:30"), t("03:00"))
    world.start(t("01:00:10"))

    assert world.until(t("03:04:59")).told == []
    assert world.until(t("03:05")).told == [("overrun", t("03:05"))]


def test_a_flood_of_runs_inside_a_window_alarms_nobody() -> None:
    world = a_monitor("0 1 * * *", max_runtime_ms=HOUR)
    world.maintain(t("00:50"), t("03:00"))
    for number in range(21):
        world.start(t("01:00") + number, rid=str(number))

    assert world.outcomes == {"01:00": "overrun"}
    assert (world.status, world.told) == ("pending", [])


def test_only_a_deadline_inside_the_window_moves_for_an_interval_monitor() -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.success(t("00:30"))
    world.maintain(t("01:31"), t("02:00"))
    assert world.until(t("02:04:59")).told == []
    assert world.until(t("02:05")).outcomes == {"01:00": "on_time", "01:30": "missed"}

    other = a_monitor("1h", at=t("00:00"))
    other.success(t("00:30"))
    other.maintain(t("00:40"), t("01:20"))
    assert other.until(t("01:35")).told == [("missed", t("01:35"))]


def test_a_window_that_is_called_off_gives_the_ordinary_deadline_back() -> None:
    world = a_monitor("1h", at=t("00:00"))
    world.maintain(t("00:50"), t("03:00"))
    world.until(t("01:30"))
    world.windows.clear()
    world.until(t("04:00"))

    assert world.kinds == ["missed"]


def test_a_recurring_window_covers_every_slot_it_touches() -> None:
    world = a_monitor(at=t("00:30"))
    world.maintain_whenever("30 1 * * *", HOUR)
    world.until(t("03:30", day=1))
    skipped = [first for first, entry in world.ledger.items() if entry.outcome == "skipped"]

    assert skipped == [t("02:00"), t("02:00", day=1)]


def test_windows_that_follow_one_another_move_a_deadline_out_of_both() -> None:
    windows = [Window(1, "", "", t("01:00"), t("02:00")), Window(2, "", "", t("02:03"), t("03:00"))]

    assert moved_out(windows, t("01:30"), 5 * MINUTE) == t("03:05")


def test_the_end_of_a_window_is_not_inside_it() -> None:
    window = Window(1, "", "", t("01:00"), t("02:00"))

    assert touching([window], t("02:00"), t("02:30")) is None
    assert touching([window], t("00:00"), t("01:00")) == (t("01:00"), t("02:00"))


def test_a_recurring_window_knows_its_stretch() -> None:
    window = Window(1, "", "", schedule=parse_schedule("0 1 * * *"), duration_ms=HOUR)

    assert window.stretch_at(t("01:00")) == (t("01:00"), t("02:00"))
    assert window.stretch_at(t("01:59:59.999")) == (t("01:00"), t("02:00"))
    assert window.stretch_at(t("02:00")) is None
