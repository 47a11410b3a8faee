"""Monitors that can never be due are refused, when they are made and when they are changed (semantics.md 2)."""

import pytest

from seestackd.core.schedule import parse_schedule
from seestackd.errors import Invalid
from seestackd.operations import monitors
from tests.core.world import t
from tests.operations.place import Place

PAST = "2020-02-03 04:05"
REFUSAL = r'"2020-02-03 04:05" names past dates only; examples: "30m", "0 3 \* \* \*"'


def test_a_schedule_of_past_dates_only_makes_no_monitor(place: Place) -> None:
    with pytest.raises(Invalid, match=REFUSAL) as refused:
        place.add(schedule=PAST)

    assert refused.value.field == "schedule"
    assert place.do(monitors.listed, monitors.ListMonitors(place.project), t("06:00")) == []


def test_a_monitor_keeps_its_schedule_when_the_new_one_is_past(place: Place) -> None:
    place.add(schedule="1h")
    edit = monitors.EditMonitor(place.project, "backup", name="Other", schedule=parse_schedule(PAST))
    with pytest.raises(Invalid, match=REFUSAL):
        place.do(monitors.edit, edit, t("06:00"))

    (view,) = place.do(monitors.listed, monitors.ListMonitors(place.project), t("06:00"))
    assert (view.monitor.schedule.text, view.monitor.name) == ("1h", "backup")


def test_a_monitor_whose_dates_are_all_over_can_still_be_renamed(place: Place) -> None:
    place.add(schedule="2026-03-10 04:05", at=t("00:00"))
    place.do(monitors.edit, monitors.EditMonitor(place.project, "backup", name="Once"), t("06:00") + 10**11)

    assert place.do(monitors.shown, place.named(), t("06:00")).monitor.name == "Once"
