"""Monitors: their rules in one table, their narrow state in another."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from seestackd.core.events import DeadlineSet
from seestackd.core.monitor import Monitor, NewMonitor, OpenRun, Outcome, Rules, State, Status
from seestackd.core.schedule import Schedule, stored_schedule
from seestackd.errors import Conflict
from seestackd.store.sqlite.behind import Insert, WriteBehind

_SPEC = (
    "id, uid, project_id, slug, name, ping_id, schedule, timezone, rules, channels, tags, source, created_at,"
    " archived_at, version"
)
_STATE = (
    "status, good, bad, bad_since, unknowns, unknown_of, watched_from, expected_at, newest_slot, newest_judged,"
    " silent_slot, hold_until, paused_until, open_runs, incident_id, deadline_at, last_ping_at, last_ping_id,"
    " last_ping_mark, last_ok_at, last_finish_at, last_run_id, last_duration_ms, ends_only"
)
_COLUMNS = _STATE.split(", ")
_LOAD_STATE = f"SELECT {_STATE} FROM monitor_state WHERE monitor_id = ?"
_ASSIGNMENTS = ", ".join(f"{column} = ?" for column in _COLUMNS)
_SAVE_STATE = Insert(
    "monitor_state",
    f"{_STATE}, monitor_id",
    tail="ON CONFLICT (monitor_id) DO UPDATE SET " + ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS),
)
_SAVE_AND_WAKE = f"UPDATE monitor_state SET {_ASSIGNMENTS}, wake_at = ? WHERE monitor_id = ?"
_INSERT_STATE = (
    f"INSERT INTO monitor_state ({_STATE}, wake_at, monitor_id) VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"
)
_MAX_REMEMBERED = 200_000


def _runs_to_text(runs: tuple[OpenRun, ...]) -> str | None:
    if not runs:
        return None
    rows = [[r.id, r.rid, r.slot, r.started_at, r.limit_at, r.overran, r.outcome] for r in runs]
    return json.dumps(rows, separators=(",", ":"))


def _open_run(row: list[Any]) -> OpenRun:
    outcome = Outcome(row[6]) if row[6] is not None else None
    return OpenRun(row[0], row[1], row[2], row[3], row[4], row[5], outcome)


def _state_values(state: State) -> tuple[Any, ...]:
    return (
        state.status._value_,
        state.good,
        state.bad,
        state.bad_since,
        state.unknowns,
        state.unknown_of,
        state.watched_from,
        state.expected_at,
        state.newest_slot,
        state.newest_judged,
        state.silent_slot,
        state.hold_until,
        state.paused_until,
        _runs_to_text(state.open_runs),
        state.incident_id,
        state.deadline_at,
        state.last_ping_at,
        state.last_ping_id,
        state.last_ping_mark,
        state.last_ok_at,
        state.last_finish_at,
        state.last_run_id,
        state.last_duration_ms,
        state.ends_only,
    )


_STATUSES = {status.value: status for status in Status}


def _state(row: tuple[Any, ...]) -> State:
    runs = row[13]
    opened = tuple(_open_run(row) for row in json.loads(runs)) if runs else ()
    values = [_STATUSES[row[0]], *row[1:13], opened, *row[14:23], bool(row[23])]
    return State(*values)


def _monitor(row: tuple[Any, ...]) -> Monitor:
    return Monitor(
        id=row[0],
        uid=row[1],
        project_id=row[2],
        slug=row[3],
        name=row[4],
        ping_id=row[5],
        schedule=stored_schedule(row[6], row[7]),
        rules=Rules(**json.loads(row[8])),
        channels=tuple(json.loads(row[9])) if row[9] is not None else None,
        tags=tuple(json.loads(row[10])),
        source=row[11],
        created_at=row[12],
        archived_at=row[13],
        version=row[14],
    )


def _readable(schedule: Schedule) -> tuple[str | None, str | None]:
    """Return text and zone to be stored; what cannot be read stays as it is stored."""
    return (schedule.text, schedule.timezone) if schedule.problem is None else (None, None)


def _text(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else json.dumps(values)


class SqliteMonitors:
    """Rows of monitors and monitor_state; remembers parsed rules between transactions."""

    def __init__(self, connection: WriteBehind, announce: Callable[[object], None]) -> None:
        self._execute = connection.execute
        self._add = connection.add
        self._announce = announce
        self._by_slug: dict[tuple[int, str], Monitor] = {}
        self._states: dict[int, State] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._by_slug.clear()
        self._states.clear()

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
        self._by_slug.pop((monitor.project_id, monitor.slug), None)
        return changed

    def remove(self, monitor_id: int) -> None:
        self.forget()
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
            if len(self._by_slug) >= _MAX_REMEMBERED:
                self._by_slug.clear()
            self._by_slug[(project_id, slug)] = found
        return found

    def by_ping_id(self, ping_id: str) -> Monitor | None:
        return self._one("ping_id = ?", (ping_id,))

    def by_id(self, monitor_id: int) -> Monitor | None:
        return self._one("id = ?", (monitor_id,))

    def in_project(self, project_id: int, archived: bool = False) -> list[Monitor]:
        hidden = "" if archived else " AND archived_at IS NULL"
        rows = self._execute(f"SELECT {_SPEC} FROM monitors WHERE project_id = ?{hidden} ORDER BY slug", (project_id,))
        return [_monitor(row) for row in rows.fetchall()]

    def count(self, project_id: int, created_since: int, source: str | None = None) -> int:
        row = self._execute(
            "SELECT count(*) FROM monitors WHERE project_id = ? AND created_at >= ? AND source = coalesce(?, source)",
            (project_id, created_since, source),
        ).fetchone()
        return int(row[0])

    def load_state(self, monitor_id: int, for_update: bool = True) -> State:
        known = self._states.get(monitor_id)
        if known is None:
            known = self._remember(monitor_id, _state(self._execute(_LOAD_STATE, (monitor_id,)).fetchone()))
        return known

    def _remember(self, monitor_id: int, state: State) -> State:
        if len(self._states) >= _MAX_REMEMBERED:
            self._states.clear()
        self._states[monitor_id] = state
        return state

    def save_state(self, monitor_id: int, state: State, previous: State | None) -> None:
        self._remember(monitor_id, state)
        deadline = state.deadline_at
        if previous is None:
            self._execute(_INSERT_STATE, (*_state_values(state), deadline, monitor_id))
        elif deadline is not None and (previous.deadline_at is None or deadline < previous.deadline_at):
            self._execute(_SAVE_AND_WAKE, (*_state_values(state), deadline, monitor_id))
        else:
            self._add(_SAVE_STATE, monitor_id, (*_state_values(state), monitor_id))
            return
        if deadline is not None:
            self._announce(DeadlineSet(deadline))

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
        return due, len(rows) == limit

    def rearm(self, monitor_id: int, wake_at: int | None) -> None:
        self._execute("UPDATE monitor_state SET wake_at = ? WHERE monitor_id = ?", (wake_at, monitor_id))

    def next_wake(self) -> int | None:
        row = self._execute("SELECT min(wake_at) FROM monitor_state WHERE wake_at IS NOT NULL").fetchone()
        return None if row is None else row[0]

    def troubled(self, project_id: int, besides: int, limit: int) -> list[tuple[Monitor, State]]:
        rows = self._execute(
            "SELECT monitor_id FROM incidents WHERE closed_at IS NULL AND project_id = ? AND monitor_id != ?"
            " ORDER BY opened_at DESC LIMIT ?",
            (project_id, besides, limit),
        ).fetchall()
        found = [(self.by_id(row[0]), self.load_state(row[0])) for row in rows]
        return [(monitor, state) for monitor, state in found if monitor is not None]

    def states(self, project_id: int) -> dict[int, State]:
        rows = self._execute(
            f"SELECT monitor_id, {_STATE} FROM monitor_state"
            " WHERE monitor_id IN (SELECT id FROM monitors WHERE project_id = ?)",
            (project_id,),
        ).fetchall()
        return {row[0]: _state(row[1:]) for row in rows}

    def _one(self, condition: str, values: tuple[Any, ...]) -> Monitor | None:
        row = self._execute(f"SELECT {_SPEC} FROM monitors WHERE {condition}", values).fetchone()
        return None if row is None else _monitor(row)
