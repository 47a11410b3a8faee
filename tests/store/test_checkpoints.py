"""The write-ahead log is copied beside the writer and begun anew: it stays short, and nothing in it is lost."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.store.sqlite.checkpoints import LOG_FRAMES
from seestackd.store.sqlite.connection import SqliteSession, SqliteStore

PAGE = 4096
BLOB = "x" * (40 * PAGE)
MOST = 8 * LOG_FRAMES * PAGE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(tmp_path / "seestackd.db")) as store:
        yield store


def write(session: SqliteSession, times: int) -> None:
    for number in range(times):
        session.begin()
        session.transaction.behind.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"n{number}", BLOB))
        session.commit()
        time.sleep(0)


def log_of(store: SqliteStore) -> int:
    return Path(f"{store.path}-wal").stat().st_size


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_the_log_of_a_busy_writer_is_begun_anew(store: SqliteStore) -> None:
    session = store.writer(lambda: "")
    written = 0
    # Begun anew, its old content is written over, so that the file grows no more.
    while written < MOST and log_of(store) > written - 4 * 1024 * 1024:
        write(session, 20)
        written += 20 * len(BLOB)
        # Pings come one by one, which leaves time for the copies.
        time.sleep(0.002)

    assert written < MOST
    with closing(sqlite3.connect(store.path)) as reader:
        assert reader.execute("SELECT count(*) FROM meta WHERE value = ?", (BLOB,)).fetchone() == (20,)
        assert reader.execute("PRAGMA quick_check").fetchone() == ("ok",)


def test_few_commits_start_no_thread_and_closing_ends_the_one_that_many_have_started(store: SqliteStore) -> None:
    session = store.writer(lambda: "")
    write(session, 1)
    assert "checkpoint" not in threads()
    write(session, 70)
    assert "checkpoint" in threads()
    store.close()
    assert "checkpoint" not in threads()
    assert not Path(f"{store.path}-wal").exists(), "all of it is in the file"


def test_a_long_look_by_a_reader_keeps_what_it_sees_and_puts_off_only_the_log(store: SqliteStore) -> None:
    session = store.writer(lambda: "")
    write(session, 1)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM meta WHERE key LIKE 'n%'").fetchone() == (1,)
        write(session, 80)
        assert reader.execute("SELECT count(*) FROM meta WHERE key LIKE 'n%'").fetchone() == (1,)
    write(session, 20)
    with closing(sqlite3.connect(store.path)) as reader:
        assert reader.execute("SELECT count(*) FROM meta WHERE key LIKE 'n%'").fetchone() == (80,)
