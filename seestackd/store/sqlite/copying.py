"""One snapshot of a database in a file of its own, written in portions so that others' commits find the disk free."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

Watch = Callable[[str, int, int], None]
"""Called now and then with what is done ("copying" or "verifying"), and how many bytes of how many."""

PORTION_BYTES = 2 * 1024 * 1024
PAUSE_S = 0.005
STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the file; some milliseconds."""


def unwatched(what: str, done: int, of: int) -> None:
    """Tell nobody."""


def copy_into(connection: sqlite3.Connection, copy: Path, watch: Watch) -> None:
    """Write the database as it is now to an empty file, in one statement (VACUUM INTO).

    What a copy leaves for the end goes to the disk at once, and commits wait behind it; so each portion is synced when
    it is written, with a pause after it. Raises OSError, sqlite3.Error.
    """
    file = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
    try:
        connection.set_progress_handler(_Portions(file, _size(connection), watch), STEPS)
        connection.execute("VACUUM INTO ?", (str(copy),))
    finally:
        connection.set_progress_handler(None, 0)
        os.close(file)


class _Portions:
    """Looks at the file as it grows; returns 0, which lets SQLite go on."""

    def __init__(self, file: int, of: int, watch: Watch) -> None:
        self._file = file
        self._of = of
        self._watch = watch
        self._synced = 0

    def __call__(self) -> int:
        written = os.fstat(self._file).st_size
        if written - self._synced >= PORTION_BYTES:
            os.fdatasync(self._file)
            self._synced = written
            self._watch("copying", min(written, self._of), self._of)
            time.sleep(PAUSE_S)
        return 0


def _size(connection: sqlite3.Connection) -> int:
    """Return how large the copy will be, about."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
