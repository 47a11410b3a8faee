"""Alerts waiting for their channel, every attempt to send them, and the claims on lanes."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from seestackd.core.events import AlertsQueued
from seestackd.core.incidents import Alert, AlertKind, OutboxRow, Severity
from seestackd.store.interface import Attempt, LaneHealth, Tried
from seestackd.store.sqlite.behind import WriteBehind

_PUT = """
INSERT INTO outbox (alert_id, channel, project_id, monitor_id, incident_id, kind, severity, created_at, next_attempt_at,
  attempts, state, facts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'pending', ?)
"""
_COLUMNS = """
id, alert_id, channel, kind, severity, facts, project_id, monitor_id, incident_id, next_attempt_at, created_at,
  attempts, state, settled_at, result
"""
# Order per monitor and channel: only the oldest pending row of a monitor can be due. Both halves read partial indexes.
_HEADS = """
FROM outbox AS head WHERE head.channel = ? AND head.state = 'pending' AND head.next_attempt_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.state = 'pending' AND older.channel = head.channel
    AND older.monitor_id = head.monitor_id AND older.id < head.id)
"""
_DUE = f"SELECT {_COLUMNS} {_HEADS} AND head.next_attempt_at <= ? ORDER BY head.next_attempt_at, head.id LIMIT ?"
_NEXT = f"SELECT head.next_attempt_at {_HEADS} ORDER BY head.next_attempt_at LIMIT 1"
_OLDEST_FAILED = f"""
SELECT {_COLUMNS} FROM outbox WHERE channel = ? AND state = 'pending' AND attempts > 0 ORDER BY id LIMIT 1
"""
_OVERTAKEN = """
SELECT older.id FROM outbox AS recovery JOIN outbox AS older
  ON older.incident_id = recovery.incident_id AND older.channel = recovery.channel AND older.id < recovery.id
WHERE recovery.channel = ? AND recovery.state = 'pending' AND recovery.kind = 'recovered' AND older.state = 'pending'
"""
_WAITING_SINCE = """
SELECT min(CASE attempts WHEN 0 THEN next_attempt_at
  ELSE (SELECT min(at) FROM attempts WHERE outbox_id = outbox.id) END)
FROM outbox WHERE state = 'pending'
"""
_CLAIM = """
INSERT INTO lanes (channel, owner, epoch, claimed_until, failures, singles) VALUES (:channel, :owner, 1, :until, 0, 0)
ON CONFLICT (channel) DO UPDATE SET epoch = epoch + (owner IS NOT :owner), owner = :owner, claimed_until = :until
WHERE owner IS NULL OR owner = :owner OR claimed_until <= :at
"""


class SqliteOutbox:
    """The outbox, its attempts and its lanes in one SQLite file."""

    def __init__(self, connection: WriteBehind, announce: Callable[[object], None]) -> None:
        self._execute = connection.execute
        self._announce = announce

    def put(self, alerts: Sequence[Alert], at: int) -> list[int]:
        ids = [self._execute(_PUT, _values(alert, at)).lastrowid or 0 for alert in alerts]
        for channel in dict.fromkeys(alert.channel for alert in alerts):
            self._announce(AlertsQueued(channel))
        return ids

    def claim(self, channel: str, owner: str, at: int, expires_at: int) -> bool:
        values = {"channel": channel, "owner": owner, "at": at, "until": expires_at}
        return self._execute(_CLAIM, values).rowcount == 1

    def holds(self, channel: str, owner: str) -> bool:
        return (
            self._execute("SELECT 1 FROM lanes WHERE channel = ? AND owner = ?", (channel, owner)).fetchone()
            is not None
        )

    def release(self, channel: str, owner: str) -> None:
        self._execute(
            "UPDATE lanes SET owner = NULL, claimed_until = NULL WHERE channel = ? AND owner = ?", (channel, owner)
        )

    def void_claims(self) -> int:
        return self._execute("UPDATE lanes SET owner = NULL, claimed_until = NULL WHERE owner IS NOT NULL").rowcount

    def due(self, channel: str, at: int, limit: int) -> list[OutboxRow]:
        return [_row(values) for values in self._execute(_DUE, (channel, at, limit))]

    def next_due(self, channel: str) -> int | None:
        found = self._execute(_NEXT, (channel,)).fetchone()
        return found[0] if found else None

    def waiting_channels(self) -> list[str]:
        return [name for (name,) in self._execute("SELECT DISTINCT channel FROM outbox WHERE state = 'pending'")]

    def waiting_since(self) -> int | None:
        found: int | None = self._execute(_WAITING_SINCE).fetchone()[0]
        return found

    def by_id(self, row_id: int) -> OutboxRow | None:
        values = self._execute(f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", (row_id,)).fetchone()
        return _row(values) if values else None

    def settle(self, row_id: int, state: str, result: str, at: int) -> None:
        self._execute(
            "UPDATE outbox SET state = ?, result = ?, settled_at = ?, next_attempt_at = NULL WHERE id = ?",
            (state, result, at, row_id),
        )

    def postpone(self, row_id: int, next_attempt_at: int, result: str) -> None:
        self._execute(
            "UPDATE outbox SET next_attempt_at = ?, result = ? WHERE id = ?", (next_attempt_at, result, row_id)
        )

    def record_attempt(self, row_id: int, attempt: Attempt) -> None:
        self._execute(
            "INSERT INTO attempts (outbox_id, at, duration_ms, result, error, status_code) VALUES (?, ?, ?, ?, ?, ?)",
            (row_id, attempt.at, attempt.duration_ms, attempt.result, attempt.error, attempt.status),
        )
        self._execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", (row_id,))

    def attempts_of(self, row_id: int, limit: int) -> list[Attempt]:
        rows = self._execute(
            "SELECT at, duration_ms, result, error, status_code FROM attempts WHERE outbox_id = ?"
            " ORDER BY id DESC LIMIT ?",
            (row_id, limit),
        )
        return [Attempt(*values) for values in rows.fetchall()[::-1]]

    def tried(self, row_id: int) -> Tried:
        (count,) = self._execute("SELECT attempts FROM outbox WHERE id = ?", (row_id,)).fetchone()
        first = self._execute("SELECT at FROM attempts WHERE outbox_id = ? ORDER BY id LIMIT 1", (row_id,)).fetchone()
        return Tried(count, first[0], tuple(attempt.status for attempt in self.attempts_of(row_id, 3)))

    def health(self, channel: str) -> LaneHealth:
        found = self._execute("SELECT failing_since, probe_at FROM lanes WHERE channel = ?", (channel,)).fetchone()
        return LaneHealth(*found) if found else LaneHealth()

    def fail_lane(self, channel: str, at: int, probe_at: int) -> None:
        self._execute(
            "UPDATE lanes SET failing_since = coalesce(failing_since, ?), failures = failures + 1, probe_at = ?"
            " WHERE channel = ?",
            (at, probe_at, channel),
        )

    def mend_lane(self, channel: str, at: int) -> None:
        mended = self._execute(
            "UPDATE lanes SET failing_since = NULL, failures = 0, probe_at = NULL"
            " WHERE channel = ? AND failing_since IS NOT NULL",
            (channel,),
        )
        if mended.rowcount:
            self._execute(
                "UPDATE outbox SET next_attempt_at = :at WHERE channel = :channel AND state = 'pending'"
                " AND attempts > 0 AND next_attempt_at > :at",
                {"channel": channel, "at": at},
            )

    def oldest_failed(self, channel: str) -> OutboxRow | None:
        values = self._execute(_OLDEST_FAILED, (channel,)).fetchone()
        return _row(values) if values else None

    def overtaken(self, channel: str) -> list[int]:
        return [row_id for (row_id,) in self._execute(_OVERTAKEN, (channel,))]

    def hand_over(self, row_id: int, at: int) -> bool:
        handed = self._execute("UPDATE outbox SET fallback_at = ? WHERE id = ? AND fallback_at IS NULL", (at, row_id))
        return handed.rowcount == 1

    def pending_for(self, incident_id: int, channel: str | None = None) -> list[OutboxRow]:
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE incident_id = :incident AND state = 'pending'"
            " AND (:channel IS NULL OR channel = :channel) ORDER BY id",
            {"incident": incident_id, "channel": channel},
        )
        return [_row(values) for values in rows]

    def listed(self, limit: int, state: str | None = None) -> list[OutboxRow]:
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE :state IS NULL OR state = :state ORDER BY id DESC LIMIT :limit",
            {"state": state, "limit": limit},
        )
        return [_row(values) for values in rows]

    def addressed(self, incident_id: int) -> list[str]:
        rows = self._execute(
            "SELECT channel FROM outbox WHERE incident_id = ? AND state != 'superseded'"
            " GROUP BY channel ORDER BY min(id)",
            (incident_id,),
        )
        return [row[0] for row in rows.fetchall()]

    def told(self, incident_id: int, channel: str, kind: AlertKind | None = None) -> bool:
        found = self._execute(
            "SELECT 1 FROM outbox WHERE incident_id = :incident AND channel = :channel AND state = 'delivered'"
            " AND (:kind IS NULL OR kind = :kind)",
            {"incident": incident_id, "channel": channel, "kind": kind},
        )
        return found.fetchone() is not None

    def shift(self, step_ms: int) -> None:
        self._execute("UPDATE outbox SET next_attempt_at = next_attempt_at + ? WHERE state = 'pending'", (step_ms,))
        self._execute(
            "UPDATE lanes SET claimed_until = claimed_until + :step, window_ends_at = window_ends_at + :step,"
            " failing_since = failing_since + :step, probe_at = probe_at + :step",
            {"step": step_ms},
        )


def _values(alert: Alert, at: int) -> tuple[object, ...]:
    due_at = at if alert.next_attempt_at is None else alert.next_attempt_at
    facts = json.dumps(dict(alert.facts), separators=(",", ":"), allow_nan=False)
    identity = (alert.alert_id, alert.channel, alert.project_id, alert.monitor_id, alert.incident_id)
    return *identity, alert.kind, alert.severity, at, due_at, facts


def _row(values: tuple[Any, ...]) -> OutboxRow:
    row_id, alert_id, channel, kind, severity, facts, project, monitor, incident, due_at, created_at, *rest = values
    alert = Alert(
        alert_id, channel, AlertKind(kind), Severity(severity), json.loads(facts), project, monitor, incident, due_at
    )
    return OutboxRow(row_id, alert, created_at, *rest)
