"""Storing and asking for HTTP requests, in a real store."""

from pathlib import Path

from seestackd.core.telemetry import HttpRequest
from seestackd.operations.telemetry import (
    RequestsBetween,
    RequestsByTrace,
    StoreRequests,
    requests_between,
    requests_by_trace,
    store,
)
from tests.stores import new_store

AT = 1_775_000_000_000


def a_request(at: int, trace_id: str = "t") -> HttpRequest:
    return HttpRequest(at, trace_id, False, "GET", "h", "/", 200, 5, 0, 0, False, None, None)


def test_a_stored_batch_is_read_by_time_and_by_trace(tmp_path: Path) -> None:
    database = new_store(tmp_path / "seestackd.db")
    session = database.writer(lambda: "id")
    session.begin()
    tx = session.transaction
    old, new = a_request(AT), a_request(AT + 9, "other")

    assert store(tx, StoreRequests(1, (new, old)), AT + 10) == 2

    assert requests_between(tx, RequestsBetween(1, AT, AT + 10), AT) == [new, old]
    assert requests_between(tx, RequestsBetween(1, AT, AT + 10, limit=1), AT) == [new]
    assert requests_by_trace(tx, RequestsByTrace(1, "t"), AT) == [old]
    session.commit()
    database.close()
