"""Checkpoints beside the writer: a thread copies pages from the write-ahead log to the file, in small bites.

Inside the writer's COMMIT a checkpoint keeps it for as long as the disk takes for all those pages. SQLite does it
without the interpreter's lock and without a lock that the writer needs; only starting the log anew is left to the
writer, and that is quick once next to nothing is left to copy.

SQLite before 3.51.3 can lose pages when a copy begins that finds nothing to copy, and at that instant another
connection begins the log anew (sqlite.org/wal.html, "WAL-reset bug"). So thread and writer never copy at the same time,
and a copy begins only when a whole transaction was written since the last one ended: then there is something to copy,
and nobody begins the log anew before it is copied.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seestackd.store.sqlite.synced_file import SyncedFile

log = logging.getLogger(__name__)

BITE = 256
"""So many frames (pages) of the log are copied at a time: for so many may a commit beside it wait at the disk."""

LOG_FRAMES = 4_000
"""From this length on (16 MB) the log is started anew when all of it is copied."""

REST = 64
"""So many frames the writer copies itself, to start the log anew; what takes longer is the thread's."""

LAST_RESORT = 16_000
"""When so many frames were written and the thread copied none of them, the writer does."""

_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"
_CLOSE_WITHIN_S = 30.0


class Checkpoints:
    """Copies the log of one database; all but `copy` and `close` is for the writer, and `close` ends the thread.

    `file` is the database's own.
    """

    def __init__(self, path: Path, file: SyncedFile) -> None:
        self._path = path
        self._file = file
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()
        self._closing = False
        self._commits = 0
        self._frames_a_commit = 4.0
        self._length = 0
        self._may_restart = False
        self._copying = threading.Lock()
        # The beginnings and ends of copies, how many of them there were when the writer's transaction began, and when
        # the last one began that is whole in the log.
        self._turns = self._began_after = 0
        self._written_after = -1

    def begin(self, connection: sqlite3.Connection) -> None:
        """Note that a transaction begins. When few frames are left to copy do it first: then it begins the log anew."""
        if self._may_restart and self._copying.acquire(blocking=False):
            self._may_restart = False
            try:
                with self._turn():
                    connection.execute(_CHECKPOINT).fetchall()
            finally:
                self._copying.release()
        self._began_after = self._turns

    def committed(self, connection: sqlite3.Connection, *, wrote: bool) -> None:
        """Note a commit, and whether pages were surely written in it.

        SQLite does not tell Python how long that has made the log, so it is reckoned.
        """
        if wrote:
            self._written_after = self._began_after
        self._commits += 1
        frames = self._commits * self._frames_a_commit
        if frames >= LAST_RESORT:
            self._may_restart = True
        if frames >= BITE and not self._wanted.is_set():
            if self._thread is None:
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                self._thread = threading.Thread(target=self._work, name="checkpoint", daemon=True)
                self._thread.start()
            self._wanted.set()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the thread from copying while the writer does."""
        with self._copying, self._turn():
            yield

    def copy(self, connection: sqlite3.Connection) -> bool:
        """Copy the log, unless there may be nothing to copy; returns whether it was tried."""
        with self._copying:
            if self._written_after != self._turns:
                return False
            with self._turn():
                self._copy(connection)
        return True

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_WITHIN_S)

    def _work(self) -> None:
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        try:
            while self._wanted.wait() and not self._closing:
                self._wanted.clear()
                self.copy(connection)
        finally:
            connection.close()

    def _sync(self) -> None:
        """Have the disk keep what was copied: SQLite leaves that to who begins the log anew, if anything came since.

        An error is not lost. That one meets it too, as it has had the file open all the time.
        """
        try:
            self._file.sync()
        except OSError as error:
            log.warning("what a checkpoint copied could not be synced: %s", error.strerror)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._turns += 1
        try:
            yield
        finally:
            self._turns += 1

    def _copy(self, connection: sqlite3.Connection) -> None:
        commits, self._commits = self._commits, 0
        try:
            _, length, copied = connection.execute(_CHECKPOINT).fetchone()
        except sqlite3.Error as error:
            # Nothing is lost, all of it is in the log still; whoever writes meets what is wrong with the disk.
            log.warning("a checkpoint failed: %s", error)
            return
        grown = length - self._length if length >= self._length else length
        self._frames_a_commit = max(1.0, grown / max(1, commits))
        self._length = length
        self._sync()
        self._may_restart = length >= LOG_FRAMES and length - copied <= REST
