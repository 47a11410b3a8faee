"""HTTP requests in a real SQLite file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seestackd.core.telemetry import HttpRequest
from seestackd.store.telemetry import Telemetry
from tests.stores import new_store

AT = 1_775_000_000_000


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    store = new_store(tmp_path / "seestackd.db")
    session = store.writer(lambda: "id")
    session.begin()
    yield session.transaction.telemetry
    session.commit()
    store.close()


def a_request(at: int = AT, trace_id: str = "t", outbound: bool = True) -> HttpRequest:
    return HttpRequest(
        at, trace_id, outbound, "GET", "h:1", "/p?é", 0, 2**63 - 1 if outbound else 7, 0, 5, outbound, None, "fp"
    )


def test_requests_come_back_as_they_were_stored(telemetry: Telemetry) -> None:
    stored = [a_request(AT), a_request(AT + 1, outbound=False)]

    telemetry.append(1, stored)

    found = telemetry.between(1, AT, AT + 2, 10)
    assert found == [stored[1], stored[0]]
    assert [(request.outbound, request.is_slow) for request in found] == [(False, False), (True, True)]


def test_a_window_holds_its_begin_and_not_its_end(telemetry: Telemetry) -> None:
    telemetry.append(1, [a_request(AT + n) for n in range(4)])

    assert [request.at - AT for request in telemetry.between(1, AT + 1, AT + 3, 10)] == [2, 1]
    assert [request.at - AT for request in telemetry.between(1, AT, AT + 4, 2)] == [3, 2]


def test_a_trace_is_told_from_its_begin(telemetry: Telemetry) -> None:
    telemetry.append(1, [a_request(AT + 5, "a"), a_request(AT + 1, "a"), a_request(AT + 3, "b")])

    assert [request.at - AT for _, request in telemetry.by_trace(1, "a", 10)] == [1, 5]
    assert [request.at - AT for _, request in telemetry.by_trace(1, "a", 1)] == [1]


def test_projects_do_not_see_each_other(telemetry: Telemetry) -> None:
    telemetry.append(1, [a_request()])

    assert telemetry.between(2, 0, 2**62, 10) == []
    assert telemetry.by_trace(2, "t", 10) == []
