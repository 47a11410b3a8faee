"""A run and the HTTP requests that it made: told together."""

import pytest

from seestackd.core.telemetry import HttpRequest
from seestackd.errors import NotFound
from seestackd.operations.telemetry import RequestsOfRun, StoreRequests, of_a_run, store
from tests.core.world import t
from tests.operations.place import Place

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def sent(place: Place, at: int, status: int, duration: int = 40, trace: str = TRACE) -> None:
    request = HttpRequest(at, trace, True, "POST", "psp", "/charge/17", status, duration, 0, 0, False, None, None)
    place.do(store, StoreRequests(place.project, (request,)), at)


def test_a_failure_tells_the_requests_of_its_run(place: Place) -> None:
    place.add("backup")
    place.ping("start", t("01:00"), trace_id=TRACE)
    sent(place, t("01:01"), 200, 900)
    sent(place, t("01:02"), 502, 301)
    sent(place, t("01:03"), 0, 5)
    sent(place, t("01:03"), 500, trace="another")

    place.failed(t("01:04"))

    facts = place.facts("failed")
    assert facts["trace_id"] == TRACE
    assert facts["requests"] == {
        "count": 3, "more": False, "failed": 2, "slowest": {"host": "psp", "duration_ms": 900},
        "first_error": {"what": "POST psp/charge/17", "status_code": 502, "duration_ms": 301, "at": t("01:02")},
    }  # fmt: skip


def test_that_none_has_arrived_is_told_as_such(place: Place) -> None:
    place.add("backup")
    place.failed(t("01:04"), trace_id=TRACE)

    assert place.facts("failed")["requests"]["count"] == 0


def test_a_run_without_a_trace_says_nothing_of_requests(place: Place) -> None:
    place.add("backup")
    place.failed(t("01:04"))

    assert "requests" not in place.facts("failed")


def test_the_requests_of_a_run_are_found_by_its_monitor(place: Place) -> None:
    uid = place.add("backup").uid
    place.failed(t("01:04"), trace_id=TRACE)
    sent(place, t("01:05"), 500)

    def asked(monitor: str, project: int = place.project) -> object:
        return place.read(lambda tx: of_a_run(tx, RequestsOfRun(project, monitor, 1), 0))

    trace, said, rows = asked(uid)  # type: ignore[misc]
    assert (trace, said.requests, said.failed, len(rows)) == (TRACE, 1, 1, 1)
    for monitor, project in (("other", place.project), (uid, 99)):
        with pytest.raises(NotFound):
            asked(monitor, project)
