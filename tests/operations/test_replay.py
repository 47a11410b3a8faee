"""Storing and reading replays, in a real store."""

from pathlib import Path

from seestackd.core.replay import ReplayEvent, pack
from seestackd.operations.replay import EventsOf, StoreReplay, events_of, store
from tests.stores import new_store

AT = 1_775_000_000_000


def test_the_events_of_a_fingerprint_are_read_as_one_stream(tmp_path: Path) -> None:
    database = new_store(tmp_path / "seestackd.db")
    session = database.writer(lambda: "id")
    session.begin()
    tx = session.transaction
    late, early = ReplayEvent(AT + 9, "click", "{}", "/a"), ReplayEvent(None, "load", "{}", None)

    assert store(tx, StoreReplay(1, "fp", "s1", pack([late])), AT + 10) == 1
    assert store(tx, StoreReplay(1, "fp", "s2", pack([early])), AT) == 1

    assert events_of(tx, EventsOf(1, "fp"), AT) == [early._replace(at=AT), late]
    assert events_of(tx, EventsOf(1, "fp", limit=1), AT) == [early._replace(at=AT)]
    assert events_of(tx, EventsOf(1, "s1"), AT) == []
    session.commit()
    database.close()
