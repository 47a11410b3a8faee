"""Creating, editing, pausing and archiving monitors: what it does to what is expected, in a real store."""

from typing import Any

import pytest

from seestackd.core.monitor import State, new_rules
from seestackd.core.schedule import parse_schedule
from seestackd.errors import Conflict, NotFound
from seestackd.operations.monitors import (
    EditMonitor,
    MonitorNamed,
    PauseMonitor,
    archive,
    edit,
    pause,
    resume,
    shown,
    unarchive,
)
from tests.core.world import t
from tests.operations.place import Place


def change(place: Place, at: int, **changes: Any) -> None:
    place.do(edit, EditMonitor(place.project, "backup", **changes), at)


def shown_status(place: Place, at: int) -> str:
    place.clock.at = at
    return str(place.runner.read_now(shown, MonitorNamed(place.project, "backup")).status)


def test_a_new_monitor_expects_its_first_slot(place: Place) -> None:
    place.add()

    assert (place.state().status, place.state().deadline_at) == ("pending", t("01:05"))
    assert shown_status(place, t("01:02")) == "late"


def test_an_edit_that_changes_nothing_changes_nothing(place: Place) -> None:
    place.add()
    before = place.state()
    change(place, t("00:50"), schedule=parse_schedule(" 0  * * * * "), rules=new_rules(grace="5m"))

    assert place.state() == before


def test_another_name_touches_no_expectation(place: Place) -> None:
    place.add("backup", "1h")
    before = place.state()
    change(place, t("00:50"), name="The backup")

    assert place.state() == before


def test_another_schedule_skips_what_was_still_open(place: Place) -> None:
    place.add()
    change(place, t("01:02"), schedule=parse_schedule("30 * * * *"))
    place.judge(t("01:10"))

    (row,) = place.read(lambda tx: tx.slots.latest(1, 9))
    assert (row.first_at, row.outcome, row.reason) == (t("01:00"), "skipped", "schedule changed")
    assert (place.told, place.state().deadline_at) == ([], t("01:35"))


def test_another_grace_is_judged_a_minute_later_at_the_earliest(place: Place) -> None:
    place.add(grace="1h")
    change(place, t("01:30"), rules=new_rules(grace="1m"))
    place.judge(t("01:30:59"))
    assert place.told == []

    place.judge(t("01:31"))
    assert place.told == [("missed", "ops")]


def test_schedule_and_limits_can_change_at_once(place: Place) -> None:
    place.add("backup", "0 1 * * *", max_runtime="30m")
    place.ping("start", t("01:00"))
    change(place, t("01:10"), schedule=parse_schedule("0 4 * * *"), rules=new_rules(grace="5m", max_runtime="2h"))

    assert place.state().deadline_at == t("03:00")


def test_an_edit_of_what_somebody_else_changed_is_refused(place: Place) -> None:
    place.add()
    change(place, t("00:40"), name="One")

    with pytest.raises(Conflict, match="changed by somebody else"):
        change(place, t("00:41"), name="Two", expected_version=1)


def test_an_incident_closes_quietly_with_a_pause(place: Place) -> None:
    place.add()
    place.judge(t("01:05"))
    place.pause(t("01:10"))

    assert (place.incident.closed_at, place.incident.close_reason) == (t("01:10"), "paused")
    assert ("recovered", "ops") not in place.told


def test_a_timed_pause_ends_by_itself(place: Place) -> None:
    place.add()
    place.pause(t("00:50"), until=t("02:30"))
    place.judge(t("02:30"))

    assert (place.state().status, place.state().deadline_at) == ("pending", t("03:05"))


def test_an_early_run_is_not_judged_again_after_pause_and_resume(place: Place) -> None:
    place.add()
    place.success(t("00:58"))
    place.pause(t("00:58:30"))
    place.do(resume, MonitorNamed(place.project, "backup"), t("00:59"))
    place.judge(t("01:59"))

    assert (place.told, place.state().expected_at) == ([], t("02:00"))


def test_an_early_run_is_not_judged_again_after_an_edit(place: Place) -> None:
    place.add()
    place.success(t("01:58"))
    change(place, t("01:59"), schedule=parse_schedule("0 */2 * * *"))

    assert place.state().expected_at == t("04:00")


def test_archiving_hides_and_bringing_back_watches_again(place: Place) -> None:
    place.add("backup", "1h")
    place.success(t("01:00"))
    place.do(archive, MonitorNamed(place.project, "backup"), t("01:10"))
    with pytest.raises(NotFound):
        place.do(pause, PauseMonitor(place.project, "backup"), t("01:11"))

    place.do(unarchive, MonitorNamed(place.project, "backup"), t("09:00"))
    assert (place.state().status, place.state().expected_at) == ("healthy", t("10:00"))


def test_pausing_and_resuming_nightly_never_re_arms_a_full_interval(place: Place) -> None:
    place.add("backup", "1d", at=t("12:00"))
    place.success(t("13:00"))
    for day in range(3):
        place.pause(t("22:00", day))
        place.do(resume, MonitorNamed(place.project, "backup"), t("06:00", day + 1))
        place.judge(t("13:05", day + 1))

    opened = [each.opened_at for each in place.read(lambda tx: tx.incidents.listed(open_only=False, limit=9))]
    assert opened == [t("13:05", day=3), t("13:05", day=2), t("13:05", day=1)]


def test_what_a_monitor_knows_survives_its_store(place: Place) -> None:
    """Every field of the state, open runs included, comes back as it was saved."""
    place.add("backup", "1h", max_runtime="3h", overlap=True)
    place.judge(t("01:40"))
    place.ping("start", t("01:42"), rid="a")
    place.ping("start", t("01:43"))
    place.judge(t("04:50"))
    place.failed(t("04:51"), rid="a")
    remembered: State = place.do(lambda tx, command, at: tx.monitors.load_state(1), None, t("04:52"))

    assert place.state() == remembered
    assert remembered.open_runs[0].outcome is not None
