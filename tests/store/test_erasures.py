"""Erasing in a real SQLite file: free room is overwritten, and no step of it takes long."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from seestackd.core.erasure import Erasure, Subject, marked
from seestackd.core.replay import ReplayEvent, pack
from seestackd.operations import erasure
from seestackd.store.sqlite.connection import SqliteStore

AT = 1_775_000_000_000


def test_free_room_is_overwritten_and_given_back_in_steps(tmp_path: Path) -> None:
    file = tmp_path / "seestackd.db"
    store = SqliteStore.open(file)
    session = store.writer(lambda: "id")
    body = random.Random(1).randbytes(3_000_000)
    session.begin()
    for _ in range(6):
        batch = replace(pack([ReplayEvent(AT, "click", "{}", None)]), body=body)
        session.transaction.replay.append(1, "fp", "s", AT, batch)
    session.transaction.erasures.ask(Erasure("id", 1, Subject.SESSION, "other", marked("id", "other"), AT))
    session.commit()
    free = []
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA secure_delete = FAST")
        other.execute("DELETE FROM replay_batches")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert body[1_500_000:1_500_064] in file.read_bytes()
        more = True
        while more:
            session.begin()
            more = erasure.step(session.transaction, None, AT).more
            session.commit()
            free += other.execute("PRAGMA freelist_count").fetchone()
        left = other.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'scrubbing'").fetchone()
    store.close()

    assert free[-1] > 6 * 700, "all room is free again"
    assert max(after - before for before, after in pairwise(free)) < 2_100, "some 8 MB at most go in a step"
    assert left == (0,)
    assert not any(part in file.read_bytes() for part in (body[:64], body[1_500_000:1_500_064], body[-64:]))
