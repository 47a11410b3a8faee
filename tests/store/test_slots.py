"""What is remembered of the ledger, and what is read of it without writing what waits."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.core.monitor import Outcome, SlotEntry
from seestackd.store.sqlite.connection import SqliteSession
from tests.stores import new_store

SLOT = 1_790_000_000_000


def entry(first_at: int, last_at: int = 0, outcome: Outcome = Outcome.EARLY) -> SlotEntry:
    return SlotEntry(first_at, max(first_at, last_at), 1, outcome, "", 7, first_at)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[SqliteSession]:
    with closing(new_store(tmp_path / "slots.db")) as store:
        session = store.writer(lambda: "")
        session.begin()
        for monitor_id in (1, 2):
            session.transaction.slots.put(monitor_id, entry(SLOT))
        session.flush()
        session.commit()
        session.begin()
        yield session
        session.undo()


def test_what_a_job_reports_again_is_found_without_a_statement(session: SqliteSession) -> None:
    slots, asked = session.transaction.slots, list[str]()
    slots.put(2, entry(SLOT + 1))
    session._connection.set_trace_callback(asked.append)
    assert slots.covering(1, SLOT) == entry(SLOT)
    assert slots.covering(2, SLOT + 1) == entry(SLOT + 1)
    assert not asked


def test_a_look_at_one_monitor_does_not_write_what_waits_of_others(session: SqliteSession) -> None:
    slots, asked = session.transaction.slots, list[str]()
    slots.put(1, entry(SLOT + 10))
    session._connection.set_trace_callback(asked.append)
    assert slots.stretches(2, 0, SLOT) == ((SLOT, SLOT),)
    assert len(asked) == 1
    assert slots.stretches(1, 0, SLOT + 10) == ((SLOT, SLOT), (SLOT + 10, SLOT + 10))
    assert len(asked) == 3, "its own entry is written first"


def test_what_lies_inside_a_longer_row_is_found_before_it(session: SqliteSession) -> None:
    slots = session.transaction.slots
    slots.put(1, entry(SLOT + 5))
    slots.put(1, entry(SLOT + 1, SLOT + 9, Outcome.MISSED))
    assert slots.covering(1, SLOT + 5) == entry(SLOT + 5)
    assert slots.covering(1, SLOT + 6) == entry(SLOT + 1, SLOT + 9, Outcome.MISSED)


def test_nothing_is_remembered_of_what_was_undone_or_removed(session: SqliteSession) -> None:
    slots = session.transaction.slots
    slots.put(1, entry(SLOT + 1))
    session.undo()
    session.begin()
    assert slots.covering(1, SLOT + 1) is None
    for number, undone in enumerate((lambda: slots.remove(1, SLOT + 2), lambda: slots.forget_after(1, SLOT))):
        slots.put(1, entry(SLOT + 2 + number))
        undone()
        assert slots.covering(1, SLOT + 2 + number) is None
