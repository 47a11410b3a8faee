"""Maintenance windows that make no sense are refused with the reason, and none of them is kept."""

from typing import Any

import pytest

from seestackd.errors import Invalid, NotFound
from seestackd.operations.maintenance import AddMaintenance, ListMaintenance, add, listed
from tests.core.world import t
from tests.operations.place import Place
from tests.rows import rows

NOW = t("12:00")
TONIGHT, LATER = t("22:00"), t("23:00")
DAY = 86_400_000


@rows(
    ("said", "field", "reason"),
    [
        ({}, "start", "give a start and an end, or a schedule and a duration"),
        ({"starts_at": TONIGHT}, "end", "give a start and an end"),
        ({"starts_at": LATER, "ends_at": TONIGHT}, "end", "the end is not after the start"),
        ({"starts_at": TONIGHT, "ends_at": TONIGHT}, "end", "the end is not after the start"),
        ({"starts_at": t("08:00"), "ends_at": NOW}, "end", "the window lies in the past"),
        ({"starts_at": TONIGHT, "ends_at": TONIGHT + 30 * DAY + 1}, "end", "at most 30 days"),
        ({"schedule": "0 2 * * 0"}, "duration", "say how long the window lasts"),
        ({"schedule": "0 2 * * 0", "duration": "soon"}, "duration", '"soon" is not a duration'),
        ({"schedule": "0 2 * * 0", "duration": "0s"}, "duration", "more than nothing"),
        ({"schedule": "0 2 * * *", "duration": "1d"}, "duration", "the next window begins before this one ends"),
        ({"schedule": "1d", "duration": "1h"}, "schedule", "a window recurs by the calendar"),
        ({"schedule": "0 25 * * *", "duration": "1h"}, "schedule", '"25"'),
        ({"schedule": "2020-01-01 02:00", "duration": "1h"}, "schedule", "names past dates only"),
        ({"schedule": "0 2 * * 0", "duration": "1h", "timezone": "Mars"}, "timezone", "is not a time zone"),
        ({"schedule": "0 2 * * 0", "duration": "1h", "ends_at": LATER}, "schedule", "not a start and an end"),
        ({"title": " ", "starts_at": TONIGHT, "ends_at": LATER}, "title", "give the window a title"),
        ({"title": "two\nlines", "starts_at": TONIGHT, "ends_at": LATER}, "title", "printable"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(place: Place, said: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        place.do(add, AddMaintenance(place.project, **{"title": "work", **said}), NOW)

    assert refused.value.field == field
    assert reason in refused.value.message
    assert place.do(listed, ListMaintenance(place.project), NOW) == []


def test_a_window_for_a_monitor_that_is_not_there_is_refused(place: Place) -> None:
    with pytest.raises(NotFound, match="nightly"):
        place.do(add, AddMaintenance(place.project, "work", TONIGHT, LATER, slugs=("nightly",)), NOW)
