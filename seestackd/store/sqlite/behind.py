"""Rows that wait inside a transaction, to be written many in one statement.

Python's sqlite3 gives the interpreter lock away around every statement, and with a busy event loop beside it the writer
waits for the lock far longer than the statement takes. So the rows of a batch of pings go in together.
"""

import sqlite3
from collections.abc import Hashable, Iterable
from itertools import chain
from typing import Any

_SIZES = (256, 128, 64, 32, 16, 8, 4, 2, 1)


class Rows:
    """A statement about many rows of `width` values each, which stand in VALUES between `head` and `tail`."""

    def __init__(self, head: str, width: int, tail: str = "") -> None:
        group = f"({', '.join('?' * width)})"
        self.statements = {size: f"{head} VALUES {', '.join([group] * size)} {tail}" for size in _SIZES}


class Insert(Rows):
    """An INSERT of one table; `tail` is its ON CONFLICT clause, `verb` INSERT or INSERT OR REPLACE."""

    def __init__(self, table: str, columns: str, *, verb: str = "INSERT", tail: str = "") -> None:
        super().__init__(f"{verb} INTO {table} ({columns})", len(columns.split(",")), tail)


class WriteBehind:
    """A connection on which `add`ed rows wait for the next other statement or `flush`, whichever comes first.

    A later row with the same key takes the place of an earlier one. `added` counts all that ever waited, `flushes` how
    often they were written. `alone` holds what is not to be written in two ways at once; it is emptied with the rest.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: dict[Rows, dict[Hashable, tuple[Any, ...]]] = {}
        self.added = 0
        self.flushes = 0
        self.alone: set[Hashable] = set()

    def add(self, insert: Rows, key: Hashable, row: tuple[Any, ...]) -> None:
        """Have a row written before anybody can look."""
        self.added += 1
        rows = self._waiting.get(insert)
        if rows is None:
            rows = self._waiting[insert] = {}
        rows[key] = row

    def take(self, insert: Rows, key: Hashable) -> tuple[Any, ...] | None:
        """Return a row that waits, which it does no more; None when it does not wait."""
        rows = self._waiting.get(insert)
        return rows.pop(key, None) if rows else None

    def waits(self, insert: Rows, key: Hashable) -> bool:
        """Tell whether a row with this key waits."""
        rows = self._waiting.get(insert)
        return rows is not None and key in rows

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        """Run any other statement, which sees what waited."""
        if self._waiting:
            self.flush()
        return self._connection.execute(statement, values)

    def read(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        """Run a SELECT that none of what waits concerns."""
        return self._connection.execute(statement, values)

    def executemany(self, statement: str, values: Iterable[Any]) -> sqlite3.Cursor:
        """Run any other statement for many rows."""
        if self._waiting:
            self.flush()
        return self._connection.executemany(statement, values)

    def insert(self, insert: Rows, rows: list[tuple[Any, ...]]) -> None:
        """Write rows at once, many in one statement."""
        if self._waiting:
            self.flush()
        self._write(insert, rows)

    def flush(self) -> None:
        """Write what waits. Raises sqlite3.Error, and then nothing waits any more."""
        self.flushes += 1
        self.alone.clear()
        waiting, self._waiting = self._waiting, {}
        for insert, rows in waiting.items():
            self._write(insert, list(rows.values()))

    def clear(self) -> None:
        """Forget what waits."""
        self.alone.clear()
        self._waiting = {}

    def _write(self, insert: Rows, rows: list[tuple[Any, ...]]) -> None:
        at = 0
        for size in _SIZES:
            while len(rows) - at >= size:
                self._connection.execute(insert.statements[size], list(chain.from_iterable(rows[at : at + size])))
                at += size
