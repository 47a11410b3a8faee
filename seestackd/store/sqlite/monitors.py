"""Monitors: their rules in one table, their narrow state in another."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from seestackd.core.events import DeadlineSet
from seestackd.core.monitor import Monitor, NewMonitor, State
from seestackd.core.schedule import Schedule
from seestackd.errors import Conflict
from seestackd.store.records import Expectation
from seestackd.store.sqlite.behind import Insert, WriteBehind
from seestackd.store.sqlite.incidents import SqliteIncidents
from seestackd.store.sqlite.monitor_rows import SPEC, STATE, read_monitor, read_state, state_values
from seestackd.store.sqlite.remembered import Remembered

_COLUMNS = STATE.split(", ")
_LOAD_STATE = f"SELECT {STATE} FROM monitor_state WHERE monitor_id = ?"
_ASSIGNMENTS = ", ".join(f"{column} = ?" for column in _COLUMNS)
_SAVE_STATE = Insert(
    "monitor_state",
    f"{STATE}, monitor_id",
    tail="ON CONFLICT (monitor_id) DO UPDATE SET " + ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS),
)
_SAVE_AND_REARM = Insert(
    "monitor_state",
    f"{STATE}, monitor_id, wake_at",
    tail="ON CONFLICT (monitor_id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in (*_COLUMNS, "wake_at")),
)
_SAVE_AND_WAKE = f"UPDATE monitor_state SET {_ASSIGNMENTS}, wake_at = ? WHERE monitor_id = ?"
_INSERT_STATE = (
    f"INSERT INTO monitor_state ({STATE}, wake_at, monitor_id) VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"
)
_STATE_WIDTH = len(_COLUMNS) + 1  # with the monitor's id
_SPEC_WIDTH = len(SPEC.split(","))
# All rows in one value: Python gives the interpreter lock away for every row that it is given.
_MANY = f"""
SELECT json_group_array(json_array({SPEC}, {STATE})) FROM (SELECT value AS wanted FROM json_each(?))
  CROSS JOIN monitors ON {{}} CROSS JOIN monitor_state ON monitor_id = monitors.id
"""
_BY_SLUGS = _MANY.format("project_id = ? AND slug = wanted")
_BY_IDS = _MANY.format("monitors.id = wanted")
_PAGE_OF_ALL = (
    f"SELECT {SPEC}, {STATE} FROM monitors JOIN monitor_state ON monitor_id = monitors.id"
    " WHERE monitors.id > ? AND archived_at IS NULL ORDER BY monitors.id LIMIT ?"
)
_PAGE = 1000
_ADRIFT = (
    f"SELECT {SPEC}, {STATE} FROM monitors JOIN monitor_state ON monitor_id = monitors.id WHERE project_id = ?"
    " AND archived_at IS NULL AND (last_ping_at IS NULL OR status = 'missed' OR source = ?) ORDER BY slug"
)
_EXPECTATIONS = """
SELECT json_group_array(json_array(id, schedule, timezone, expected_at, newest_slot)) FROM
  (SELECT id, schedule, timezone, expected_at, newest_slot FROM monitors JOIN monitor_state ON monitor_id = monitors.id
   WHERE monitors.id > ? AND archived_at IS NULL ORDER BY monitors.id LIMIT ?)
"""
MAX_REMEMBERED = 100_000


def _readable(schedule: Schedule) -> tuple[str | None, str | None]:
    """Return text and zone to be stored; what cannot be read stays as it is stored."""
    return (schedule.text, schedule.timezone) if schedule.problem is None else (None, None)


def _text(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else json.dumps(values)


class SqliteMonitors:
    """Rows of monitors and monitor_state; remembers those used last between transactions."""

    def __init__(self, connection: WriteBehind, announce: Callable[[object], None], incidents: SqliteIncidents) -> None:
        self._execute = connection.execute
        self._behind = connection
        self._incidents = incidents
        self._announce = announce
        self._by_slug: Remembered[tuple[int, str], Monitor] = Remembered(MAX_REMEMBERED)
        self._states: Remembered[int, State] = Remembered(MAX_REMEMBERED)
        self._judged: dict[int, Monitor] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._by_slug.clear()
        self._states.clear()
        self._judged.clear()

    def expect(self, wanted: Iterable[tuple[int, str]]) -> None:
        """Read ahead what a batch will ask for, in one statement instead of two for each monitor."""
        missing = defaultdict(list)
        for project_id, slug in wanted:
            if self._by_slug.get((project_id, slug)) is None:
                missing[project_id].append(slug)
        for project_id, slugs in missing.items():
            for monitor in self._read_many(_BY_SLUGS, (json.dumps(slugs), project_id)):
                self._by_slug.put((project_id, monitor.slug), monitor)

    def _read_many(self, statement: str, values: tuple[Any, ...]) -> Iterator[Monitor]:
        for row in json.loads(self._execute(statement, values).fetchone()[0]):
            if self._states.get(row[0]) is None:
                self._states.put(row[0], read_state(row[_SPEC_WIDTH:]))
            yield read_monitor(row[:_SPEC_WIDTH])

    def create(self, project_id: int, new: NewMonitor, uid: str, ping_id: str, at: int) -> Monitor:
        try:
            cursor = self._execute(
                "INSERT INTO monitors (uid, project_id, slug, name, ping_id, schedule, timezone, rules, channels, tags,"
                " source, created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
                (
                    uid, project_id, new.slug, new.name, ping_id, new.schedule.text, new.schedule.timezone,
                    json.dumps(asdict(new.rules)), _text(new.channels), json.dumps(new.tags), new.source, at, at,
                ),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise Conflict(
                f"A cron monitor with slug '{new.slug}' already exists in this project", field="slug"
            ) from error
        monitor = self.by_id(cursor.lastrowid or 0)
        assert monitor is not None
        return monitor

    def update(self, monitor: Monitor, at: int) -> Monitor:
        changed = replace(monitor, version=monitor.version + 1)
        self._execute(
            "UPDATE monitors SET name = ?, schedule = coalesce(?, schedule), timezone = coalesce(?, timezone),"
            " rules = ?, channels = ?, tags = ?, source = ?, archived_at = ?, updated_at = ?, version = ? WHERE id = ?",
            (
                changed.name, *_readable(changed.schedule), json.dumps(asdict(changed.rules)),
                _text(changed.channels), json.dumps(changed.tags), changed.source, changed.archived_at, at,
                changed.version, changed.id,
            ),
        )  # fmt: skip
        self._by_slug.pop((monitor.project_id, monitor.slug))
        self._judged.pop(monitor.id, None)
        return changed

    def remove(self, monitor_id: int) -> None:
        self.forget()
        self._incidents.forget()
        for statement in (
            "DELETE FROM ping_keys WHERE (project_id, slug) IN (SELECT project_id, slug FROM monitors WHERE id = ?)",
            "DELETE FROM outputs WHERE ping_id IN (SELECT id FROM pings WHERE monitor_id = ?)",
            "DELETE FROM pings WHERE monitor_id = ?",
            "DELETE FROM runs WHERE monitor_id = ?",
            "DELETE FROM slots WHERE monitor_id = ?",
            "DELETE FROM incidents WHERE monitor_id = ?",
            "DELETE FROM monitor_state WHERE monitor_id = ?",
            "DELETE FROM monitors WHERE id = ?",
        ):
            self._execute(statement, (monitor_id,))

    def by_slug(self, project_id: int, slug: str) -> Monitor | None:
        known = self._by_slug.get((project_id, slug))
        if known is not None:
            return known
        found = self._one("project_id = ? AND slug = ?", (project_id, slug))
        if found is not None:
            self._by_slug.put((project_id, slug), found)
        return found

    def by_ping_id(self, ping_id: str) -> Monitor | None:
        return self._one("ping_id = ?", (ping_id,))

    def by_id(self, monitor_id: int) -> Monitor | None:
        return self._judged.get(monitor_id) or self._one("id = ?", (monitor_id,))

    def in_project(self, project_id: int, archived: bool = False) -> list[Monitor]:
        hidden = "" if archived else " AND archived_at IS NULL"
        rows = self._execute(f"SELECT {SPEC} FROM monitors WHERE project_id = ?{hidden} ORDER BY slug", (project_id,))
        return [read_monitor(row) for row in rows.fetchall()]

    def each(self) -> Iterator[tuple[Monitor, State]]:
        after = 0
        while rows := self._execute(_PAGE_OF_ALL, (after, _PAGE)).fetchall():
            after = rows[-1][0]
            yield from ((read_monitor(row[:_SPEC_WIDTH]), read_state(row[_SPEC_WIDTH:])) for row in rows)

    def expectations(self, after: int, limit: int) -> list[Expectation]:
        (found,) = self._execute(_EXPECTATIONS, (after, limit)).fetchone()
        return [Expectation(*row) for row in json.loads(found)]

    def declared(self, project_id: int, slugs: Sequence[str]) -> list[Monitor]:
        rows = self._execute(
            f"SELECT {SPEC} FROM monitors WHERE project_id = ? AND source = 'file' UNION"
            f" SELECT {SPEC} FROM monitors WHERE project_id = ? AND slug IN (SELECT value FROM json_each(?))"
            " ORDER BY slug",
            (project_id, project_id, json.dumps(slugs)),
        ).fetchall()
        return [read_monitor(row) for row in rows]

    def count(self, project_id: int, created_since: int, source: str | None = None) -> int:
        row = self._execute(
            "SELECT count(*) FROM monitors WHERE project_id = ? AND created_at >= ? AND source = coalesce(?, source)",
            (project_id, created_since, source),
        ).fetchone()
        return int(row[0])

    def load_state(self, monitor_id: int, for_update: bool = True) -> State:
        known = self._states.get(monitor_id)
        if known is None:
            known = read_state(self._execute(_LOAD_STATE, (monitor_id,)).fetchone())
            self._states.put(monitor_id, known)
        return known

    def save_state(self, monitor_id: int, state: State, previous: State | None) -> None:
        self._states.put(monitor_id, state)
        deadline = state.deadline_at
        if previous is None:
            self._execute(_INSERT_STATE, (*state_values(state), deadline, monitor_id))
        elif deadline is not None and (previous.deadline_at is None or deadline < previous.deadline_at):
            self._execute(_SAVE_AND_WAKE, (*state_values(state), deadline, monitor_id))
        else:
            self._save(monitor_id, (*state_values(state), monitor_id))
            return
        if deadline is not None:
            self._announce(DeadlineSet(deadline))

    def heard(self, monitor_id: int, state: State) -> None:
        """Remember the state that a steady report makes, whose row changes in a way of its own, after all others."""
        behind = self._behind
        if behind.waits(_SAVE_STATE, monitor_id) or behind.waits(_SAVE_AND_REARM, monitor_id):
            behind.flush()
        behind.alone.add(monitor_id)
        self._states.put(monitor_id, state)

    def _save(self, monitor_id: int, row: tuple[Any, ...]) -> None:
        """Have a state written, with the alarm time that waits to be written, so that neither undoes the other."""
        if monitor_id in self._behind.alone:
            self._behind.flush()
        rearmed = self._behind.take(_SAVE_AND_REARM, monitor_id)
        if rearmed is None:
            self._behind.add(_SAVE_STATE, monitor_id, row)
        else:
            self._behind.add(_SAVE_AND_REARM, monitor_id, (*row, rearmed[-1]))

    def due(self, until: int, limit: int) -> tuple[list[int], bool]:
        # `wake_at` may be stale: rows whose deadline has moved on only get their new alarm time.
        rows = self._execute(
            "SELECT monitor_id, deadline_at FROM monitor_state WHERE wake_at <= ? ORDER BY wake_at LIMIT ?",
            (until, limit),
        ).fetchall()
        due = []
        for monitor_id, deadline in rows:
            if deadline is not None and deadline <= until:
                due.append(monitor_id)
            else:
                self.rearm(monitor_id, deadline)
        self._judged = {monitor.id: monitor for monitor in self._read_many(_BY_IDS, (json.dumps(due),))} if due else {}
        return due, len(rows) == limit

    def rearm(self, monitor_id: int, wake_at: int | None) -> None:
        saved = self._behind.take(_SAVE_STATE, monitor_id) or self._behind.take(_SAVE_AND_REARM, monitor_id)
        if saved is not None:
            self._behind.add(_SAVE_AND_REARM, monitor_id, (*saved[:_STATE_WIDTH], wake_at))
            return
        self._execute("UPDATE monitor_state SET wake_at = ? WHERE monitor_id = ?", (wake_at, monitor_id))

    def next_wake(self) -> int | None:
        row = self._execute("SELECT min(wake_at) FROM monitor_state WHERE wake_at IS NOT NULL").fetchone()
        return None if row is None else row[0]

    def troubled(self, project_id: int, besides: int, limit: int) -> list[tuple[Monitor, State]]:
        ids = self._incidents.down(project_id, besides, limit)
        found = [(self.by_id(monitor_id), self.load_state(monitor_id)) for monitor_id in ids]
        return [(monitor, state) for monitor, state in found if monitor is not None]

    def adrift(self, project_id: int, source: str) -> list[tuple[Monitor, State]]:
        rows = self._execute(_ADRIFT, (project_id, source)).fetchall()
        return [(read_monitor(row[:_SPEC_WIDTH]), read_state(row[_SPEC_WIDTH:])) for row in rows]

    def states(self, project_id: int) -> dict[int, State]:
        rows = self._execute(
            f"SELECT monitor_id, {STATE} FROM monitor_state"
            " WHERE monitor_id IN (SELECT id FROM monitors WHERE project_id = ?)",
            (project_id,),
        ).fetchall()
        return {row[0]: read_state(row[1:]) for row in rows}

    def _one(self, condition: str, values: tuple[Any, ...]) -> Monitor | None:
        row = self._execute(f"SELECT {SPEC} FROM monitors WHERE {condition}", values).fetchone()
        return None if row is None else read_monitor(row)
