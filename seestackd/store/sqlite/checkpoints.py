"""Checkpoints beside the writer: a thread copies pages from the write-ahead log to the file, in small bites.

Inside the writer's COMMIT a checkpoint keeps it for as long as the disk takes for all those pages. SQLite does it
without the interpreter's lock and without a lock that the writer needs; only starting the log anew is left to the
writer, and that is quick once next to nothing is left to copy.
"""

import logging
import sqlite3
import threading
from pathlib import Path

log = logging.getLogger(__name__)

BITE = 256
"""So many frames (pages) of the log are copied at a time: for so many may a commit beside it wait at the disk."""

LOG_FRAMES = 4_000
"""From this length on (16 MB) the log is started anew when all of it is copied."""

REST = 64
"""So many frames the writer copies itself, to start the log anew; what takes longer is the thread's."""

_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"
_CLOSE_WITHIN_S = 30.0


class Checkpoints:
    """Copies the log of one database; `committed` and `restart` are the writer's, and `close` ends the thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()
        self._closing = False
        self._commits = 0
        self._frames_a_commit = 4.0
        self._length = 0
        self._may_restart = False

    def committed(self) -> None:
        """Note a commit; SQLite does not tell Python how long it has made the log, so that is reckoned."""
        self._commits += 1
        if self._commits * self._frames_a_commit >= BITE and not self._wanted.is_set():
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="checkpoint", daemon=True)
                self._thread.start()
            self._wanted.set()

    def restart(self, connection: sqlite3.Connection) -> None:
        """Copy the last few frames when nearly all are copied, outside of a transaction; the next begins the log."""
        if self._may_restart:
            self._may_restart = False
            connection.execute(_CHECKPOINT).fetchall()

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
                self._copy(connection)
        finally:
            connection.close()

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
        self._may_restart = length >= LOG_FRAMES and length - copied <= REST
