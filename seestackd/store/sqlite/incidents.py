"""Incidents: stretches of trouble, at most one open per subject."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seestackd.core.incidents import AlertKind, Incident, Severity
from seestackd.store.sqlite.behind import Insert, WriteBehind
from seestackd.store.sqlite.outbox_rows import encoded

_COLUMNS = (
    "id, uid, subject, kind, severity, began_at, opened_at, project_id, monitor_id, closed_at, close_reason, missed,"
    " acked_at, acked_by, silenced_until, next_action_at, reminded_at, escalated, facts"
)
_NAMES = _COLUMNS.split(", ")[1:]
_INSERT = Insert("incidents", _COLUMNS)
_MAX_DOWN = 16
_DOWN = (
    "SELECT opened_at, monitor_id FROM incidents INDEXED BY incidents_down WHERE closed_at IS NULL AND project_id = ?"
    f" AND monitor_id IS NOT NULL ORDER BY opened_at DESC, id DESC LIMIT {_MAX_DOWN}"
)
_UNTROUBLED = (
    "SELECT json_group_array(value) FROM json_each(?)"
    " WHERE NOT EXISTS (SELECT 1 FROM incidents WHERE monitor_id = value)"
)


def _incident(row: tuple[Any, ...]) -> Incident:
    values = [*row[:3], AlertKind(row[3]), Severity(row[4]), *row[5:18], json.loads(row[18])]
    return Incident(*values)


def _values(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.uid, incident.subject, incident.kind.value, incident.severity.value, incident.began_at,
        incident.opened_at, incident.project_id, incident.monitor_id, incident.closed_at, incident.close_reason,
        incident.missed, incident.acked_at, incident.acked_by, incident.silenced_until, incident.next_action_at,
        incident.reminded_at, incident.escalated, encoded(dict(incident.facts or {})),
    )  # fmt: skip


class SqliteIncidents:
    """Rows of incidents; remembers which are the newest open ones of a project."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._add = connection.add
        self._next_id = 0
        self._down: dict[int | None, list[tuple[int, int]]] = {}
        self._untroubled: set[int] = set()

    def forget(self) -> None:
        """Drop what is remembered."""
        self._next_id = 0
        self._down.clear()
        self._untroubled.clear()

    def open(self, incident: Incident) -> Incident:
        if self._next_id == 0:
            row = self._execute("SELECT seq FROM sqlite_sequence WHERE name = 'incidents'").fetchone()
            self._next_id = (row[0] if row else 0) + 1
        opened = replace(incident, id=self._next_id)
        self._next_id += 1
        self._add(_INSERT, opened.id, (opened.id, *_values(opened)))
        if opened.monitor_id is not None:
            self._untroubled.discard(opened.monitor_id)
            self._goes_down(opened.project_id, opened.opened_at, opened.monitor_id)
        return opened

    def _goes_down(self, project_id: int | None, at: int, monitor_id: int) -> None:
        known = self._down.get(project_id)
        if known is None:
            return
        if known and known[0][0] > at:
            del self._down[project_id]
        else:
            self._down[project_id] = [(at, monitor_id), *known[: _MAX_DOWN - 1]]

    def down(self, project_id: int, besides: int, limit: int) -> list[int]:
        """Return the monitors of the newest open incidents, at most 15."""
        known = self._down.get(project_id)
        if known is None:
            known = self._down[project_id] = self._execute(_DOWN, (project_id,)).fetchall()
        return [monitor_id for _, monitor_id in known if monitor_id != besides][:limit]

    def expect(self, monitor_ids: Sequence[int]) -> None:
        (found,) = self._execute(_UNTROUBLED, (json.dumps(monitor_ids),)).fetchone()
        self._untroubled = set(json.loads(found))

    def update(self, incident: Incident) -> None:
        self._down.pop(incident.project_id, None)
        assignments = ", ".join(f"{name} = ?" for name in _NAMES)
        self._execute(f"UPDATE incidents SET {assignments} WHERE id = ?", (*_values(incident), incident.id))

    def by_id(self, incident_id: int) -> Incident | None:
        return self._one("id = ?", (incident_id,))

    def open_for(self, subject: str) -> Incident | None:
        return self._one("subject = ? AND closed_at IS NULL", (subject,))

    def listed(self, *, open_only: bool, limit: int, monitor_id: int | None = None) -> list[Incident]:
        conditions = ["closed_at IS NULL"] if open_only else []
        values: list[Any] = []
        if monitor_id is not None:
            if monitor_id in self._untroubled:
                return []
            conditions.append("monitor_id = ?")
            values.append(monitor_id)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._execute(f"SELECT {_COLUMNS} FROM incidents{where} ORDER BY id DESC LIMIT ?", (*values, limit))
        return [_incident(row) for row in rows.fetchall()]

    def of_rules(self, project_id: int) -> list[Incident]:
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM incidents WHERE project_id = ? AND closed_at IS NULL AND subject LIKE 'rule:%'",
            (project_id,),
        ).fetchall()
        return [_incident(row) for row in rows]

    def opened_since(self, monitor_id: int, since: int) -> int:
        row = self._execute(
            "SELECT count(*) FROM incidents WHERE monitor_id = ? AND opened_at >= ?", (monitor_id, since)
        ).fetchone()
        return int(row[0])

    def due(self, until: int, limit: int) -> list[Incident]:
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM incidents WHERE next_action_at <= ? ORDER BY next_action_at LIMIT ?",
            (until, limit),
        ).fetchall()
        return [_incident(row) for row in rows]

    def next_action(self) -> int | None:
        row = self._execute("SELECT min(next_action_at) FROM incidents WHERE next_action_at IS NOT NULL").fetchone()
        return None if row is None else row[0]

    def shift(self, step_ms: int) -> None:
        self._execute(
            "UPDATE incidents SET next_action_at = next_action_at + ?, silenced_until = silenced_until + ?"
            " WHERE closed_at IS NULL",
            (step_ms, step_ms),
        )

    def _one(self, condition: str, values: tuple[Any, ...]) -> Incident | None:
        row = self._execute(f"SELECT {_COLUMNS} FROM incidents WHERE {condition}", values).fetchone()
        return None if row is None else _incident(row)
