"""Looking at a database file from outside: read-only, whoever writes to it, and without making one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from seestackd.store.sqlite.transaction import SqliteTransaction


def reading(file: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Return a read-only connection; `immutable` says that nobody writes and nothing lies beside the file."""
    mode = "mode=ro&immutable=1" if immutable else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(str(file))}?{mode}", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection


@dataclass(frozen=True, slots=True)
class Look:
    """How SQLite sees the file: its journal mode, what quick_check found, and a `Transaction` to read with."""

    journal_mode: str
    problems: tuple[str, ...]
    transaction: Any


@contextmanager
def looking(file: Path) -> Iterator[Look]:
    """Look at a database. Raises sqlite3.Error when it is none."""
    with closing(reading(file)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        found = tuple(row[0] for row in connection.execute("PRAGMA quick_check(3)"))
        yield Look(mode, () if found == ("ok",) else found, SqliteTransaction(connection, _no_id))


def _no_id() -> str:
    raise RuntimeError("a look makes no ids")
