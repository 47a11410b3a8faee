"""Sums of HTTP requests in a real SQLite file, beside a plain count of the same requests."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.core.telemetry import HttpRequest, bucket_of, grouped
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.sqlite import telemetry
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.store.sqlite.migrations import m001_first
from seestackd.store.telemetry import Wanted
from tests.rows import rows

NOW = 1_775_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
STATUSES = [200, 200, 200, 101, 301, 404, 500, 999, 0]


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = SqliteStore.open(tmp_path / "seestackd.db")
    session = store.writer(lambda: "id")
    session.begin()
    session.transaction.projects.create("p", "p", "u", NOW)
    yield session.transaction
    session.commit()
    store.close()


def some(count: int, seed: int = 1, span: int = 3 * DAY) -> list[HttpRequest]:
    rng = random.Random(seed)
    return [
        HttpRequest(
            NOW - rng.randrange(span),
            rng.choice([f"{rng.getrandbits(128):032x}", f"trace {number}", "728b3763-5b88-4d5f-8a3c-6c6f0f1b6f53"]),
            rng.random() < 0.5, rng.choice(["GET", "POST"]), rng.choice(["shop", "psp:8443"]),
            rng.choice(["/cart", f"/pay/{number}", "/find?q=1"]), rng.choice(STATUSES), int(rng.expovariate(1 / 300)),
            10, 20, False, rng.choice([None, "u_17"]), None,
        )
        for number in range(count)
    ]  # fmt: skip


def fill(tx: Transaction, requests: list[HttpRequest], rolled: int) -> None:
    for begin in range(0, len(requests), 100):
        tx.telemetry.append(1, requests[begin : begin + 100])
    while rolled > 0 and (done := tx.rollups.advance(min(rolled, 700), NOW)):
        rolled -= done


@pytest.mark.parametrize("rolled", [0, 1500, 3000])
def test_sums_are_exact_however_far_they_have_come(tx: Transaction, rolled: int) -> None:
    requests = some(3000)
    fill(tx, requests, rolled)

    assert tx.rollups.behind() == 3000 - rolled
    for since, until in ((NOW - DAY, NOW), (NOW - 3 * DAY, NOW + 1), (NOW - 5 * HOUR - 123, NOW - 77), (5, 5)):
        inside = [request for request in requests if since <= request.at < until]
        by_direction = tx.rollups.directions(1, since, until)
        for outbound in (False, True):
            own = [request for request in inside if request.outbound is outbound]
            if not own:
                assert outbound not in by_direction
                continue
            tally, latencies = by_direction[outbound]
            assert latencies == Counter(bucket_of(request.duration_ms) for request in own)
            assert tally.requests == len(own)
            assert tally.client_errors == sum(400 <= request.status_code < 500 for request in own)
            assert tally.server_errors == sum(request.status_code >= 500 for request in own)
            assert tally.silent == sum(request.status_code == 0 for request in own)
            assert tally.slow == sum(request.duration_ms > 1000 for request in own)
            assert tally.duration_ms == sum(request.duration_ms for request in own)
            assert tally.response_bytes == 20 * len(own)
        by_endpoint = {tuple(endpoint): summed for endpoint, summed in tx.rollups.endpoints(1, since, until, NOW)}
        expected = Counter((r.outbound, r.method, r.host, grouped(r.path)) for r in inside)
        assert {endpoint: summed.tally.requests for endpoint, summed in by_endpoint.items()} == expected


@pytest.mark.parametrize("rolled", [0, 3000])
def test_a_series_has_every_request_in_its_own_step(tx: Transaction, rolled: int) -> None:
    requests = some(3000)
    fill(tx, requests, rolled)
    begin = (NOW - DAY) // HOUR * HOUR

    for step, count in ((HOUR, 25), (900_000, 100), (60_000, 300)):
        sums = tx.rollups.series(1, begin, step, count)
        counted = Counter((request.at - begin) // step for request in requests)
        assert [each.tally.requests for each in sums] == [counted[number] for number in range(count)]


WANTED = [
    Wanted(), Wanted(status=5), Wanted(status=2), Wanted(outbound=True), Wanted(method="GET", status=0),
    Wanted(host="shop", outbound=False), Wanted(path="/PAY/1"), Wanted(path="/pay/:id"), Wanted(user_id="u_17"),
    Wanted(method="TRACE"),
]  # fmt: skip


def meets(wanted: Wanted, request: HttpRequest) -> bool:
    classes = {0: request.status_code == 0, 2: 0 < request.status_code < 300, 5: request.status_code >= 500}
    path = (wanted.path or "").lower()
    return (
        (wanted.status is None or classes[wanted.status])
        and wanted.outbound in (None, request.outbound)
        and wanted.method in (None, request.method)
        and wanted.host in (None, request.host)
        and wanted.user_id in (None, request.user_id)
        and (path in request.path or path in grouped(request.path))
    )


@pytest.fixture(params=[0, 1500, 3000])
def filled(tx: Transaction, request: pytest.FixtureRequest) -> list[HttpRequest]:
    """Requests that are stored, of which none, half or all are summed."""
    requests = some(3000)
    fill(tx, requests, request.param)
    return requests


@rows("wanted", WANTED)
def test_pages_are_those_of_the_sorted_requests(tx: Transaction, filled: list[HttpRequest], wanted: Wanted) -> None:
    found = sorted((r.at for r in filled if NOW - DAY <= r.at < NOW - 5 and meets(wanted, r)), reverse=True)

    for offset in (0, 30, 700):
        page, count = tx.telemetry.listed(1, NOW - DAY, NOW - 5, wanted, Page(offset, 40))
        assert count == len(found)
        assert [request.at for _, request in page] == found[offset : offset + 40]


def test_a_trace_is_found_in_sums_and_before(tx: Transaction) -> None:
    requests = some(600)
    fill(tx, requests, 300)

    for request in requests[::37]:
        same = sorted(r.at for r in requests if r.trace_id == request.trace_id)[:100]
        found = tx.telemetry.by_trace(1, request.trace_id, 100)
        assert [each.at for _, each in found] == same
        assert {each.trace_id for _, each in found} == {request.trace_id}
    assert tx.telemetry.by_trace(2, requests[0].trace_id, 100) == []


def test_absurd_values_are_summed_and_stop_nothing(tx: Transaction) -> None:
    huge = 2**63 - 1
    odd = [HttpRequest(at, "t", True, "GET", "h", "/", 0, huge, huge, huge, True, None, None) for at in (
        -62_135_596_800_000, -1, 0, NOW, 253_402_300_799_999)]  # fmt: skip

    fill(tx, odd * 3, 15)

    assert tx.rollups.behind() == 0
    for at in {request.at for request in odd}:
        assert tx.rollups.directions(1, at, at + 1)[True].tally.requests == 3
        assert tx.rollups.directions(1, at - HOUR, at + HOUR)[True].tally.silent == (6 if at in (-1, 0) else 3)


def test_endpoints_beyond_the_limit_share_one_and_keep_their_words(tx: Transaction) -> None:
    limit = telemetry.MAX_ENDPOINTS
    tx.telemetry.append(1, [request(f"/page-{name}-x") for name in range(limit)])
    tx.telemetry.append(1, [request("/late/1"), request("/late/2"), request("/page-5-x")])

    paths = [each.path for each in tx.telemetry.between(1, NOW, NOW + 1, 3)]
    sums = tx.rollups.endpoints(1, NOW, NOW + 1, NOW)
    assert paths == ["/page-5-x", "/late/2", "/late/1"]
    assert len(sums) == limit + 1
    assert {endpoint.path: summed.tally.requests for endpoint, summed in sums}[""] == 2


def request(path: str) -> HttpRequest:
    return HttpRequest(NOW, "t", True, "GET", "h", path, 200, 5, 0, 0, False, None, None)


def test_sums_outlive_their_requests_and_the_index_of_traces_does_not(tx: Transaction) -> None:
    fill(tx, some(9000, span=HOUR), 9000)
    last = 9000
    behind = tx.telemetry._connection  # type: ignore[attr-defined]
    behind.execute("DELETE FROM http_requests WHERE id < ?", (last,))

    tx.rollups.tidy(NOW, 100_000)

    assert sum(each.tally.requests for each in tx.rollups.series(1, (NOW - HOUR) // HOUR * HOUR, HOUR, 2)) == 9000
    assert behind.execute("SELECT min(segment) FROM request_traces").fetchone() == (1,)


def test_old_sums_are_dropped_step_by_step(tx: Transaction) -> None:
    fill(tx, [HttpRequest(NOW - days * DAY, "t", True, "GET", "h", "/", 200, 5, 0, 0, False, None, None)
              for days in (0, 2, 40, 500)], 4)  # fmt: skip
    for _ in range(4):
        tx.rollups.tidy(NOW, 1000)

    execute = tx.rollups._execute  # type: ignore[attr-defined]
    kept = execute("SELECT level, count(*) FROM request_counts GROUP BY level").fetchall()
    assert kept == [(1, 2), (2, 3), (3, 1), (4, 3)]
    assert execute("SELECT count(*) FROM request_latencies").fetchone() == (9,)


def test_requests_of_an_older_schema_are_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "seestackd.db"
    SqliteStore.open(file).close()
    with closing(sqlite3.connect(file)) as database:
        database.executescript("DROP VIEW requests; DROP TABLE http_requests; DROP TABLE request_endpoints;"
                               "DROP TABLE request_traces; DROP TABLE request_counts; DROP TABLE request_latencies;"
                               "DROP TABLE request_progress; ALTER TABLE erasures DROP COLUMN stage;")  # fmt: skip
        for statement in m001_first.SCRIPT.split(";\n"):
            if "http_requests" in statement:
                database.execute(statement)
        database.execute("DELETE FROM _sqlite_migrations WHERE name IN ('m006_telemetry', 'm010_spans')")
        database.execute(
            "INSERT INTO http_requests VALUES (7, 1, ?, 'old', 1, 'GET', 'h', '/x/1', 200, 5, 1, 2, 0, 'u', NULL)",
            (NOW,),
        )
        database.commit()

    store = SqliteStore.open(file)
    session = store.writer(lambda: "id")
    session.begin()
    moved = session.transaction.telemetry.between(1, NOW, NOW + 1, 5)
    session.commit()
    store.close()

    assert moved == [HttpRequest(NOW, "old", True, "GET", "h", "/x/1", 200, 5, 1, 2, False, "u", None)]


def test_the_view_shows_requests_as_they_were_sent(tx: Transaction) -> None:
    requests = some(50)
    fill(tx, requests, 0)

    execute = tx.rollups._execute  # type: ignore[attr-defined]
    shown = execute("SELECT trace_id, direction, method, host, path, endpoint FROM requests ORDER BY id").fetchall()
    assert shown == [(r.trace_id, r.direction, r.method, r.host, r.path, grouped(r.path)) for r in requests]
