"""The SQLite file: its one writing connection, and short read-only ones beside it."""

import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from seestackd.core.alerts import Routing
from seestackd.errors import Busy
from seestackd.store.interface import BatchLost, NeedsCare, StoreBroken
from seestackd.store.sqlite import steady
from seestackd.store.sqlite.checkpoints import Checkpoints
from seestackd.store.sqlite.migrations import migrate
from seestackd.store.sqlite.synced_file import SyncedFile
from seestackd.store.sqlite.transaction import SqliteTransaction

# The operating system keeps the file's pages too: a cache of 16 MiB took no less time for a report. But what one
# transaction has changed stays in memory until its commit, up to 32 MiB, or it would be written twice.
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 5000;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -1024;
PRAGMA cache_spill = 8192;
PRAGMA wal_autocheckpoint = 16000;
PRAGMA journal_size_limit = 67108864;
PRAGMA secure_delete = FAST;
"""
_SYNC, _NO_SYNC = "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"
_CACHED_STATEMENTS = 512

# Python looks through every adapter for a value that is no plain number or text, which takes ten times as long as
# handing it over. Most of a ping's columns are empty.
_NOTHING: Any = {}
sqlite3.register_adapter(type(None), _NOTHING.get)
sqlite3.register_adapter(bool, int)

# An fsync that failed may have thrown the pages away: asking again would report success (reliability.md 1).
_FSYNC_ERRORS = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


def _is_broken(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code in _FSYNC_ERRORS or is_damage(error)


UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What is raised by a file that is no whole database: SQLite quotes what it stumbles over, be it text or not."""


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the file itself is wrong, and not its disk or its use."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_passing(error: sqlite3.Error) -> bool:
    return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", 1) != sqlite3.SQLITE_ERROR


def _reads_on(connection: sqlite3.Connection, error: BaseException) -> bool:
    """Have a connection that met a damaged text read such texts with a mark in place of what is lost.

    Returns whether that was the error, so that the work can be done again. Text is decoded in C until then.
    """
    if not isinstance(error, sqlite3.OperationalError) or not str(error).startswith("Could not decode"):
        return False
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return True


class SqliteSession:
    """The writing connection: a batch is one BEGIN IMMEDIATE ... COMMIT, an operation one savepoint in it."""

    def __init__(self, connection: sqlite3.Connection, new_id: Callable[[], str], checkpoints: Checkpoints) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._checkpoints = checkpoints
        self._changes = 0
        self._lasting = True
        self.transaction = SqliteTransaction(connection, new_id)

    def begin(self, lasting: bool = True) -> None:
        try:
            self._checkpoints.begin(self._connection)
            if lasting != self._lasting:
                self._execute(_SYNC if lasting else _NO_SYNC)
                self._lasting = lasting
            self._execute("BEGIN IMMEDIATE")
            self._changes = self._connection.total_changes
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def expect(self, monitors: Iterable[tuple[int, str]]) -> None:
        try:
            self.transaction.monitors.expect(monitors)
        except sqlite3.Error as error:
            # Whoever needs the damaged row meets it again.
            if not self._connection.in_transaction:
                raise BatchLost from error

    def attempt(self, work: Callable[[SqliteTransaction], Any]) -> Any:
        transaction, connection = self.transaction, self._connection
        behind = transaction.behind
        mark, changes = len(transaction.announced), connection.total_changes + behind.added
        try:
            return work(transaction)
        except BaseException as error:
            if not connection.in_transaction:
                self._roll_back()
                raise BatchLost from error
            if connection.total_changes + behind.added != changes or _reads_on(connection, error):
                raise NeedsCare from error
            del transaction.announced[mark:]
            if isinstance(error, sqlite3.Error):
                raise self._translated(error) from error
            raise

    def flush(self) -> None:
        try:
            self.transaction.behind.flush()
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                raise NeedsCare from error
            self._roll_back()
            if _is_broken(error):
                raise StoreBroken(str(error)) from error
            raise BatchLost from error

    def undo(self) -> None:
        self._roll_back()

    def attempt_carefully(self, work: Callable[[SqliteTransaction], Any]) -> Any:
        mark = len(self.transaction.announced)
        self._guarded("SAVEPOINT operation")
        try:
            result = work(self.transaction)
            self.transaction.behind.flush()
        except BaseException as error:
            self._undo(mark, error)
            if isinstance(error, sqlite3.Error):
                raise self._translated(error) from error
            raise
        self._guarded("RELEASE operation")
        return result

    def commit(self) -> list[object]:
        try:
            self._execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise self._translated(error) from error
        self._checkpoints.committed(self._connection, wrote=self._connection.total_changes != self._changes)
        if self.transaction.erasures.wants_empty_log:
            with self._checkpoints.alone():
                self.transaction.erasures.after_commit()
        return self.transaction.take_announced()

    def _undo(self, mark: int, error: BaseException) -> None:
        self.transaction.forget()
        # After SQLITE_FULL and its like the whole transaction is gone already; a RELEASE now would commit on its own.
        if not self._connection.in_transaction:
            self.transaction.take_announced()
            raise BatchLost from error
        del self.transaction.announced[mark:]
        # What is taken back counts as changes too.
        self._changes = self._connection.total_changes
        self._guarded("ROLLBACK TO operation")
        self._guarded("RELEASE operation")

    def _guarded(self, statement: str) -> None:
        try:
            self._execute(statement)
        except sqlite3.Error as error:
            self._roll_back()
            if _is_broken(error):
                raise StoreBroken(str(error)) from error
            raise BatchLost from error

    def _roll_back(self) -> None:
        self.transaction.forget()
        self.transaction.take_announced()
        if self._connection.in_transaction:
            try:
                self._execute("ROLLBACK")
            except sqlite3.Error as error:
                raise StoreBroken(str(error)) from error

    def _translated(self, error: sqlite3.Error) -> Exception:
        if _is_broken(error):
            return StoreBroken(str(error))
        return Busy() if _is_passing(error) else error


class SqliteStore:
    """One database file. Create with `open`; close when done."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        # All of the log is one file for as long as the store is open.
        self._file, self._log = SyncedFile(path), SyncedFile(path.with_name(f"{path.name}-wal"))
        self._checkpoints = Checkpoints(path, self._file)
        self._readers: list[sqlite3.Connection] = []
        self._routing = Routing()
        self._sessions: list[SqliteSession] = []
        self._local = threading.local()
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "SqliteStore":
        """Open or create the file and bring its schema up to date.

        Raises sqlite3.Error when the file is not a usable database. The caller holds the database lock.
        """
        path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=_CACHED_STATEMENTS
        )
        connection.executescript(_PRAGMAS)
        migrate(connection)
        connection.executescript(steady.SCRIPT)
        return cls(path, connection)

    def writer(self, new_id: Callable[[], str]) -> SqliteSession:
        """Return the writing session; there is one per store."""
        session = SqliteSession(self._connection, new_id, self._checkpoints)
        session.transaction.routing = self._routing
        self._sessions.append(session)
        return session

    def route(self, routing: Routing) -> None:
        """Set who may hear of alerts, for transactions from now on."""
        self._routing = routing
        for session in self._sessions:
            session.transaction.routing = routing

    def read(self, work: Callable[[SqliteTransaction], Any]) -> Any:
        """Run `work(transaction)` on a snapshot, in the calling thread's own read-only connection."""
        connection = self._reader()
        try:
            connection.execute("BEGIN")
            try:
                transaction = SqliteTransaction(connection, _no_id)
                transaction.routing = self._routing
                return work(transaction)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            if _reads_on(connection, error):
                return self.read(work)
            if is_damage(error):
                raise StoreBroken(str(error)) from error
            if _is_passing(error):
                raise Busy() from error
            raise

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA cache_size = -1024")
            connection.execute("PRAGMA busy_timeout = 2000")
            self._local.connection = connection
            with self._lock:
                self._readers.append(connection)
        return connection

    def sync(self) -> None:
        """Have the disk keep the write-ahead log."""
        try:
            self._log.sync()
        except OSError as error:
            raise StoreBroken(f"cannot sync the write-ahead log: {error.strerror}") from error

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        self._checkpoints.close()
        with self._lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        self._connection.close()
        self._log.close()
        self._file.close()


def _no_id() -> str:
    raise RuntimeError("a read makes no ids")
