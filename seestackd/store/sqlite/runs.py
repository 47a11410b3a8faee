"""Runs, each pointing at the one before it of its monitor, and the ledger of slots."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from seestackd.core.monitor import Outcome, SlotEntry
from seestackd.core.runs import Run
from seestackd.store.sqlite.behind import Insert, WriteBehind
from seestackd.store.sqlite.remembered import Remembered

_RUN = (
    "id, monitor_id, rid, slot, started_at, heard_start, ended_at, duration_ms, lateness_ms, outcome, ok, exit_code,"
    " host, trace_id"
)
_INSERT = Insert("runs", f"prev, {_RUN}")
_SLOT = "first_at, last_at, count, outcome, reason, run_id, judged_at, more"
# An outcome from before a change of the schedule may lie between the slots of a row made after it.
_NESTED = 8
MAX_REMEMBERED = 20_000
_PUT = Insert("slots", f"monitor_id, {_SLOT}", verb="INSERT OR REPLACE")


# Each points at the one before it. All in one value: Python gives the interpreter lock away for every row it is given.
_LATEST = f"""
WITH RECURSIVE chain (place, at) AS (
  SELECT 1, last_run_id FROM monitor_state WHERE monitor_id = ?2
  UNION ALL SELECT place + 1, prev FROM chain JOIN runs ON id = at WHERE place < ?1
)
SELECT json_group_array(json(row)) FROM
  (SELECT json_array({_RUN}) AS row FROM chain CROSS JOIN runs ON id = at ORDER BY place)
"""


def _run(row: Sequence[Any]) -> Run:
    values = [*row[:5], bool(row[5]), *row[6:10], None if row[10] is None else bool(row[10]), *row[11:]]
    return Run(*values)


def _entry(row: tuple[Any, ...]) -> SlotEntry:
    return SlotEntry(row[0], row[1], row[2], Outcome(row[3]), row[4], row[5], row[6], bool(row[7]))


class SqliteRuns:
    """Rows of runs."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._add = connection.add
        self._next_id = 0

    def forget(self) -> None:
        """Drop what is remembered."""
        self._next_id = 0

    def next_id(self) -> int:
        if self._next_id == 0:
            row = self._execute("SELECT max(id) FROM runs").fetchone()
            self._next_id = (row[0] or 0) + 1
        return self._next_id

    def take_id(self) -> int:
        """Return the id of the next run, which is given once."""
        run_id = self._next_id or self.next_id()
        self._next_id = run_id + 1
        return run_id

    def open(self, run: Run, prev: int | None) -> None:
        self._next_id = run.id + 1
        row = (
            prev, run.id, run.monitor_id, run.rid, run.slot, run.started_at, run.heard_start, run.ended_at,
            run.duration_ms, run.lateness_ms, run.outcome, run.ok, run.exit_code, run.host, run.trace_id,
        )  # fmt: skip
        self._add(_INSERT, run.id, row)

    def close(self, run: Run) -> None:
        self._execute(
            "UPDATE runs SET ended_at = ?, duration_ms = ?, outcome = ?, ok = ?, exit_code = ?,"
            " host = coalesce(?, host), trace_id = coalesce(?, trace_id) WHERE id = ?",
            (run.ended_at, run.duration_ms, run.outcome, run.ok, run.exit_code, run.host, run.trace_id, run.id),
        )

    def by_id(self, run_id: int) -> Run | None:
        row = self._execute(f"SELECT {_RUN} FROM runs WHERE id = ?", (run_id,)).fetchone()
        return None if row is None else _run(row)

    def latest(self, monitor_id: int, limit: int) -> list[Run]:
        (found,) = self._execute(_LATEST, (limit, monitor_id)).fetchone()
        return [_run(row) for row in json.loads(found)]


class SqliteSlots:
    """Rows of the ledger: one outcome per slot, silent ones in a row sharing one.

    Remembers the entries written last: a job that reports again in its slot asks for its own.
    """

    def __init__(self, connection: WriteBehind) -> None:
        self._behind = connection
        self._execute = connection.execute
        self._add = connection.add
        self._last: Remembered[int, SlotEntry] = Remembered(MAX_REMEMBERED)
        self._written = 0
        self._waiting: set[int] = set()

    def forget(self) -> None:
        """Drop what is remembered."""
        self._last.clear()
        self._waiting.clear()

    def _look(self, monitor_id: int, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        """Run a SELECT on a monitor's entries, without writing what waits of other monitors."""
        waits = self._written == self._behind.flushes and monitor_id in self._waiting
        return self._execute(statement, values) if waits else self._behind.read(statement, values)

    def covering(self, monitor_id: int, slot: int) -> SlotEntry | None:
        known = self._last.get(monitor_id)
        if known is not None and known.first_at == slot:
            return known
        row = self._look(
            monitor_id,
            f"SELECT {_SLOT} FROM (SELECT {_SLOT} FROM slots WHERE monitor_id = ? AND first_at <= ?"
            " ORDER BY first_at DESC LIMIT ?) WHERE last_at >= ? ORDER BY first_at DESC LIMIT 1",
            (monitor_id, slot, _NESTED, slot),
        ).fetchone()
        return None if row is None else _entry(row)

    def stretches(self, monitor_id: int, after: int, until: int) -> tuple[tuple[int, int], ...]:
        rows = self._look(
            monitor_id,
            "SELECT first_at, last_at FROM slots WHERE monitor_id = ? AND first_at <= ? AND first_at >="
            " coalesce((SELECT max(first_at) FROM slots WHERE monitor_id = ? AND first_at <= ?), ?) ORDER BY first_at",
            (monitor_id, until, monitor_id, after, after),
        ).fetchall()
        return tuple((first, last) for first, last in rows if last > after)

    def put(self, monitor_id: int, entry: SlotEntry) -> None:
        row = (
            monitor_id, entry.first_at, entry.last_at, entry.count, entry.outcome._value_, entry.reason, entry.run_id,
            entry.judged_at, entry.more,
        )  # fmt: skip
        self._add(_PUT, (monitor_id, entry.first_at), row)
        self.wrote(monitor_id, entry)

    def wrote(self, monitor_id: int, entry: SlotEntry) -> None:
        """Remember an entry that waits to be written."""
        self._last.put(monitor_id, entry)
        if self._written != self._behind.flushes:
            self._written = self._behind.flushes
            self._waiting.clear()
        self._waiting.add(monitor_id)

    def remove(self, monitor_id: int, first_at: int) -> None:
        self._last.pop(monitor_id)
        self._execute("DELETE FROM slots WHERE monitor_id = ? AND first_at = ?", (monitor_id, first_at))

    def forget_after(self, monitor_id: int, after: int) -> None:
        self._last.pop(monitor_id)
        self._execute("DELETE FROM slots WHERE monitor_id = ? AND first_at > ?", (monitor_id, after))
        self._execute("UPDATE slots SET last_at = ? WHERE monitor_id = ? AND last_at > ?", (after, monitor_id, after))

    def latest(self, monitor_id: int, limit: int) -> list[SlotEntry]:
        rows = self._execute(
            f"SELECT {_SLOT} FROM slots WHERE monitor_id = ? ORDER BY first_at DESC LIMIT ?", (monitor_id, limit)
        ).fetchall()
        return [_entry(row) for row in rows]
