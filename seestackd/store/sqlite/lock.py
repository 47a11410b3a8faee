"""The lock beside a database file, and opening the file under it: one writing process, always."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from seestackd.errors import Conflict
from seestackd.store.sqlite import place
from seestackd.store.sqlite.connection import SqliteStore

_PAUSE_S = 0.05


class DatabaseInUse(Conflict):
    """Another process holds the lock."""


class DatabaseLock:
    """An flock(2) on `<database>.lock`, held as long as the context; the kernel frees it when the process dies.

    A database has one lock, whatever links lead to it. Waits `wait_s` seconds for another holder. Raises DatabaseInUse,
    OSError.
    """

    def __init__(self, database: Path, wait_s: float = 0.0) -> None:
        database = Path(os.path.realpath(database))
        self._path = database.with_name(database.name + ".lock")
        self._tries = 1 + int(wait_s / _PAUSE_S)
        self._file: int | None = None

    def __enter__(self) -> "DatabaseLock":
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        for attempt in range(self._tries):
            if attempt:
                time.sleep(_PAUSE_S)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(file, 0)
                os.write(file, b"%d\n" % os.getpid())
                self._file = file
                return self
        holder = os.pread(file, 20, 0).decode(errors="replace").strip()
        os.close(file)
        raise DatabaseInUse(f"{self._path} is held by process {holder or '?'}; stop it, or use its unix socket")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


@contextlib.contextmanager
def opened(path: Path, wait_s: float, mend: Callable[[], None] = lambda: None) -> Iterator[SqliteStore]:
    """Hold the lock and the open store; makes folder and file for this user alone when they are missing.

    `mend` is called in between, to look at the file before it is opened.

    Raises DatabaseInUse after `wait_s` seconds, Forbidden for a place that others may read or a network
    file system, OSError, sqlite3.Error.
    """
    os.umask(0o077)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.check(path)
    with DatabaseLock(path, wait_s):
        mend()
        store = SqliteStore.open(path)
        try:
            yield store
        finally:
            store.close()
