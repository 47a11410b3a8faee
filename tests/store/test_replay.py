"""Replay batches in a real SQLite file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seestackd.core.replay import ReplayEvent, pack, unpack
from seestackd.store.sqlite.transaction import SqliteTransaction
from tests.stores import new_store

AT = 1_775_000_000_000
EVENTS = st.lists(
    st.builds(ReplayEvent, st.none() | st.integers(-(2**63), 2**63 - 1), st.text(), st.text(), st.none() | st.text()),
    min_size=1,
)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[SqliteTransaction]:
    store = new_store(tmp_path / "seestackd.db")
    session = store.writer(lambda: "id")
    session.begin()
    yield session.transaction
    session.commit()
    store.close()


def an_event(at: int | None, kind: str = "click") -> ReplayEvent:
    return ReplayEvent(at, kind, '{"x":"é ☃"}', None)


def store(tx: SqliteTransaction, *instants: int | None, fingerprint: str = "fp", received_at: int = AT) -> None:
    tx.replay.append(1, fingerprint, "s", received_at, pack([an_event(at) for at in instants]))


def instants(tx: SqliteTransaction, limit: int = 100, skip: int = 0) -> list[int | None]:
    return [event.at for event in tx.replay.events(1, "fp", limit, skip)]


@given(EVENTS)
def test_what_is_packed_can_be_unpacked(events: list[ReplayEvent]) -> None:
    batch = pack(events)

    assert list(unpack(batch.body, AT)) == [e._replace(at=AT if e.at is None else e.at) for e in events]
    assert batch.count == len(events)


def test_a_batch_tells_what_it_holds() -> None:
    batch = pack([an_event(5), an_event(None, "JS_Error"), an_event(3)])

    assert (batch.first_at, batch.last_at, batch.undated, batch.has_error) == (3, 5, True, True)
    assert not pack([an_event(5)]).has_error
    assert pack([an_event(None)]).first_at is None


def test_batches_that_overlap_are_read_as_one_stream(tx: SqliteTransaction) -> None:
    store(tx, 50, 10)
    store(tx, 30, 20, 60)
    store(tx, 5, fingerprint="other")

    assert instants(tx) == [10, 20, 30, 50, 60]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_a_limit_keeps_the_oldest(tx: SqliteTransaction, limit: int) -> None:
    store(tx, 10, 50)
    store(tx, 20, 60)
    store(tx, 15)
    store(tx, 55)

    assert instants(tx, limit) == [10, 15, 20, 50, 55, 60][:limit]


def test_events_without_an_instant_stand_where_they_arrived(tx: SqliteTransaction) -> None:
    store(tx, None, received_at=40)
    store(tx, None, 70, received_at=20)
    store(tx, 30, received_at=99)

    assert instants(tx) == [20, 30, 40, 70]


def test_events_before_1970_keep_their_order(tx: SqliteTransaction) -> None:
    store(tx, 0, -5, 3)

    assert instants(tx) == [-5, 0, 3]


def test_the_columns_tell_what_is_in_the_blob(tx: SqliteTransaction) -> None:
    tx.replay.append(1, "fp", "[REDACTED]", AT, pack([an_event(7, "error"), an_event(9)]))

    row = tx.behind.execute(
        "SELECT session_id, received_at, first_at, last_at, events, has_error FROM replay_batches"
    ).fetchone()
    assert row == ("[REDACTED]", AT, 7, 9, 2, 1)


def test_projects_do_not_see_each_other(tx: SqliteTransaction) -> None:
    store(tx, 10)

    assert tx.replay.events(2, "fp", 10) == []


@pytest.mark.parametrize(
    "batches",
    [
        [(1, 2, 3), (4, 5), (6, 7, 8)],
        [(1, 5, 3), (2, 4), (6,), (7, 8)],
        [(8, 1), (2,), (3, 4, 5), (6, 7)],
        [(1, 1, 1), (1,), (1, 2), (2, 2)],
    ],
    ids=["one after the other", "overlapping", "within another", "at one instant"],
)
def test_a_session_is_read_in_parts(tx: SqliteTransaction, batches: list[tuple[int, ...]]) -> None:
    for batch in batches:
        store(tx, *batch)

    every = sorted(at for batch in batches for at in batch)
    for limit in (1, 2, 3, 20):
        parts = [instants(tx, limit, skip) for skip in range(0, len(every), limit)]
        assert [at for part in parts for at in part] == every
    assert instants(tx, 5, 100) == []
