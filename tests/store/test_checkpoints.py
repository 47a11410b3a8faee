"""The write-ahead log is copied beside the writer and begun anew: it stays short, and nothing in it is lost."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.store.sqlite.checkpoints import LOG_FRAMES, Checkpoints
from seestackd.store.sqlite.connection import SqliteSession, SqliteStore
from seestackd.store.sqlite.synced_file import SyncedFile
from seestackd.store.sqlite.transaction import SqliteTransaction

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


class Copied:
    """A log that is copied by hand."""

    def __init__(self, path: Path) -> None:
        self.writer = sqlite3.connect(path, isolation_level=None)
        self.writer.executescript("PRAGMA journal_mode = WAL; CREATE TABLE notes (note)")
        self.thread = sqlite3.connect(path, isolation_level=None)
        self.file = SyncedFile(path)
        self.checkpoints = Checkpoints(path, self.file)

    def begin(self) -> None:
        self.checkpoints.begin(self.writer)
        self.writer.execute("BEGIN IMMEDIATE")

    def commit(self, *, wrote: bool = True) -> None:
        if wrote:
            self.writer.execute("INSERT INTO notes VALUES (1)")
        self.writer.execute("COMMIT")
        self.checkpoints.committed(self.writer, wrote=wrote)

    def copy(self) -> bool:
        return self.checkpoints.copy(self.thread)


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copied]:
    copied = Copied(tmp_path / "copied.db")
    with closing(copied.file), closing(copied.writer), closing(copied.thread):
        yield copied


def test_the_log_is_copied_only_when_a_whole_transaction_came_after_the_last_copy(copied: Copied) -> None:
    assert not copied.copy()
    copied.begin()
    copied.commit()
    assert copied.copy()
    assert not copied.copy(), "another may begin the log anew, which SQLite would miss"

    copied.begin()
    assert not copied.copy()
    copied.commit(wrote=False)
    assert not copied.copy(), "a transaction that wrote nothing leaves nothing to copy"

    copied.begin()
    copied.commit()
    with copied.checkpoints.alone():
        pass
    assert not copied.copy(), "the writer may have copied all of it"


def test_a_transaction_that_began_before_a_copy_ended_is_not_sure_to_have_come_after_it(copied: Copied) -> None:
    copied.begin()
    copied.commit()
    copied.begin()
    assert copied.copy()
    copied.commit()
    assert not copied.copy()
    copied.begin()
    copied.commit()
    assert copied.copy()


def test_what_is_taken_back_does_not_count_as_written(store: SqliteStore) -> None:
    def fails(tx: SqliteTransaction) -> None:
        tx.behind.execute("INSERT INTO meta VALUES ('gone', '1')")
        raise KeyError

    session = store.writer(lambda: "")
    seen: list[bool] = []

    class Seeing(Checkpoints):
        def committed(self, connection: sqlite3.Connection, *, wrote: bool) -> None:
            seen.append(wrote)

    session._checkpoints = Seeing(store.path, store._file)
    session.begin()
    with pytest.raises(KeyError):
        session.attempt_carefully(fails)
    session.commit()
    write(session, 1)

    assert seen == [False, True]


def test_a_store_that_is_closed_holds_no_file_open(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "seestackd.db")
    write(store.writer(lambda: ""), 40)
    store.sync()
    store.close()

    opened = (os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
    assert [file for file in opened if file.startswith(str(tmp_path))] == []


def test_copies_go_on_where_the_file_cannot_be_opened_to_be_synced(
    copied: Copied, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Checkpoints(Path(), SyncedFile(Path("/nowhere/seestackd.db")))
    for number in range(2):
        gone.begin(copied.writer)
        copied.writer.execute("BEGIN IMMEDIATE")
        copied.writer.execute("INSERT INTO notes VALUES (?)", (number,))
        copied.writer.execute("COMMIT")
        gone.committed(copied.writer, wrote=True)
        assert gone.copy(copied.thread)

    assert caplog.text.count("could not be synced: No such file or directory") == 2
