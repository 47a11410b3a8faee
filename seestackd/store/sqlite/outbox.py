"""Alerts waiting for their channel, and every attempt to send them."""

from collections.abc import Callable, Sequence

from seestackd.core.digest import OUTSIDE_BUDGET
from seestackd.core.events import AlertsQueued
from seestackd.core.incidents import Alert, AlertKind, OutboxRow
from seestackd.store.interface import Attempt, Tried
from seestackd.store.sqlite.behind import Insert, Rows, WriteBehind
from seestackd.store.sqlite.digests import SqliteDigests
from seestackd.store.sqlite.lanes import SqliteLanes
from seestackd.store.sqlite.outbox_rows import COLUMNS, read_row, write_row

_PUT = Insert(
    "outbox",
    "id, alert_id, channel, project_id, monitor_id, incident_id, kind, severity, created_at, next_attempt_at, told_by,"
    " facts, attempts, state",
)
# Only rows from before: one that follows may have to wait.
_HURRY = Rows(
    "WITH hurried (channel, monitor_id, at, before) AS (",
    4,
    """) UPDATE outbox SET next_attempt_at = hurried.at FROM hurried
    WHERE outbox.channel = hurried.channel AND outbox.monitor_id = hurried.monitor_id AND outbox.id < hurried.before
      AND state = 'pending' AND attempts = 0 AND next_attempt_at > hurried.at""",
)
# Order per monitor and channel: only the oldest pending row of a monitor can be due. Both halves read partial indexes.
_HEADS = """
FROM outbox AS head WHERE head.channel = :channel AND head.state = 'pending' AND head.next_attempt_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.state = 'pending' AND older.channel = head.channel
    AND older.monitor_id = head.monitor_id AND older.id < head.id)
"""
_UNDECIDED = f"{_HEADS} AND head.next_attempt_at <= :at AND coalesce(head.told_by, 0) = 0"
_OLDEST_DUE = f"SELECT head.next_attempt_at {_UNDECIDED} ORDER BY head.next_attempt_at LIMIT 1"
_SINGLES = f"""
SELECT {COLUMNS} {_UNDECIDED} AND (head.told_by IS NULL OR :any) ORDER BY head.next_attempt_at, head.id LIMIT :limit
"""
_DUE_BEHIND = """
SELECT 1 FROM outbox AS row JOIN outbox AS later ON later.channel = row.channel AND later.monitor_id = row.monitor_id
  AND later.id > row.id WHERE row.id = :row AND later.state = 'pending' AND later.next_attempt_at <= :at
"""
_RESOLVING = f"""
SELECT {COLUMNS} {_UNDECIDED} AND head.kind = 'recovered'
  AND EXISTS (SELECT 1 FROM outbox AS opening WHERE opening.incident_id = head.incident_id
    AND opening.channel = head.channel AND opening.state = 'delivered' AND opening.told_by = opening.id)
ORDER BY head.id LIMIT :limit
"""
_ALONE = f"""
SELECT {COLUMNS} FROM outbox INDEXED BY outbox_alone WHERE channel = :channel AND state = 'pending' AND told_by = id
  AND next_attempt_at <= :at ORDER BY next_attempt_at, id LIMIT :limit
"""
_FAILED = """
FROM outbox AS head INDEXED BY outbox_failed WHERE channel = :channel AND state = 'pending' AND attempts > 0
  AND next_attempt_at IS NOT NULL
"""
_RETRY = f"SELECT {COLUMNS} {_FAILED} AND next_attempt_at <= :at ORDER BY next_attempt_at, id LIMIT 1"
_OLDEST_FAILED = f"SELECT {COLUMNS} {_FAILED} ORDER BY id LIMIT 1"
_NEXT = f"SELECT head.next_attempt_at {_HEADS} AND head.next_attempt_at > :at ORDER BY head.next_attempt_at LIMIT 1"
_OVERTAKEN = """
SELECT older.id FROM outbox AS recovery JOIN outbox AS older
  ON older.incident_id = recovery.incident_id AND older.channel = recovery.channel AND older.id < recovery.id
WHERE recovery.channel = ? AND recovery.state = 'pending' AND recovery.kind = 'recovered' AND older.state = 'pending'
  AND coalesce(older.told_by, 0) = 0
"""
# Until somebody has seen them the dead stay in sight; those of a digest are seen in it.
_UNSEEN = "state = 'dead' AND acknowledged_at IS NULL AND (told_by IS NULL OR told_by IN (0, id))"
_LISTED = f"""
SELECT {COLUMNS} FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id DESC LIMIT :limit)
  OR id IN (SELECT id FROM outbox INDEXED BY outbox_dead WHERE {_UNSEEN} ORDER BY id DESC LIMIT :limit)
ORDER BY id DESC
"""
_LOG = f"""
SELECT {COLUMNS} FROM outbox WHERE id < :before AND (project_id = :project OR project_id IS NULL)
  AND (:state IS NULL OR state = :state) ORDER BY id DESC LIMIT :limit
"""
_LOG_OF_DEAD = f"""
SELECT {COLUMNS} FROM outbox INDEXED BY outbox_dead WHERE id < :before AND {_UNSEEN} ORDER BY id DESC LIMIT :limit
"""
# Few wait of many, and a project's may be few of many: SQLite cannot know, so the indexes are named.
_LOG_OF_WAITING = f"""
SELECT {COLUMNS} FROM outbox WHERE id IN (SELECT id FROM outbox INDEXED BY outbox_due WHERE state = 'pending')
  AND id < :before AND (project_id = :project OR project_id IS NULL) ORDER BY id DESC LIMIT :limit
"""
_DELIVERED = (
    "SELECT * FROM (SELECT id FROM outbox INDEXED BY outbox_project WHERE project_id {} AND state = 'delivered'"
    " AND state IN ('delivered', 'dead', 'skipped') AND id < :before ORDER BY id DESC LIMIT :limit)"
)
_LOG_OF_DELIVERED = (
    f"SELECT {COLUMNS} FROM outbox"
    f" WHERE id IN ({_DELIVERED.format('= :project')} UNION ALL {_DELIVERED.format('IS NULL')})"
    " ORDER BY id DESC LIMIT :limit"
)
_LOGS = {"dead": _LOG_OF_DEAD, "pending": _LOG_OF_WAITING, "delivered": _LOG_OF_DELIVERED}
_NEWEST = 2**63 - 1
_WAITING_SINCE = """
SELECT min(CASE attempts WHEN 0 THEN next_attempt_at
  ELSE (SELECT min(at) FROM attempts WHERE outbox_id = outbox.id) END)
FROM outbox WHERE state = 'pending'
"""


class SqliteOutbox:
    """The outbox and its attempts in one SQLite file."""

    def __init__(self, connection: WriteBehind, announce: Callable[[object], None]) -> None:
        self._execute = connection.execute
        self._add = connection.add
        self._next_id = 0
        self._announce = announce
        self.lanes = SqliteLanes(connection)
        self.digests = SqliteDigests(connection)

    def forget(self) -> None:
        """Drop what is remembered."""
        self._next_id = 0

    def _take_ids(self, count: int) -> range:
        if self._next_id == 0:
            (last,) = self._execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()
            self._next_id = last + 1
        self._next_id += count
        return range(self._next_id - count, self._next_id)

    def put(self, alerts: Sequence[Alert], at: int) -> list[int]:
        ids = list(self._take_ids(len(alerts)))
        for row_id, alert in zip(ids, alerts, strict=True):
            self._add(_PUT, row_id, (row_id, *write_row(alert, at), 0, "pending"))
        self.tell_alone([i for i, alert in zip(ids, alerts, strict=True) if alert.kind in OUTSIDE_BUDGET])
        for channel in dict.fromkeys(alert.channel for alert in alerts):
            self._announce(AlertsQueued(channel))
        return ids

    def tell_alone(self, row_ids: Sequence[int]) -> None:
        for row_id in row_ids:
            self._execute("UPDATE outbox SET told_by = id WHERE id = ?", (row_id,))

    def alone(self, channel: str, at: int, limit: int) -> list[OutboxRow]:
        values = {"channel": channel, "at": at, "limit": limit}
        return [read_row(row) for row in self._execute(_ALONE, values).fetchall()]

    def retried(self, channel: str, at: int) -> OutboxRow | None:
        values = self._execute(_RETRY, {"channel": channel, "at": at}).fetchone()
        return read_row(values) if values else None

    def due(self, channel: str, at: int, limit: int, *, in_digest: bool = False) -> list[OutboxRow]:
        values = {"channel": channel, "at": at, "limit": limit, "any": in_digest}
        return [read_row(row) for row in self._execute(_SINGLES, values).fetchall()]

    def oldest_due(self, channel: str, at: int) -> int | None:
        found = self._execute(_OLDEST_DUE, {"channel": channel, "at": at}).fetchone()
        return found[0] if found else None

    def due_behind(self, row_id: int, at: int) -> bool:
        return self._execute(_DUE_BEHIND, {"row": row_id, "at": at}).fetchone() is not None

    def resolving(self, channel: str, at: int, limit: int) -> list[OutboxRow]:
        values = {"channel": channel, "at": at, "limit": limit}
        return [read_row(row) for row in self._execute(_RESOLVING, values).fetchall()]

    def next_due(self, channel: str, at: int) -> int | None:
        found = self._execute(_NEXT, {"channel": channel, "at": at}).fetchone()
        return found[0] if found else None

    def waiting_channels(self) -> list[str]:
        return [name for (name,) in self._execute("SELECT DISTINCT channel FROM outbox WHERE state = 'pending'")]

    def waiting_since(self) -> int | None:
        found: int | None = self._execute(_WAITING_SINCE).fetchone()[0]
        return found

    def by_id(self, row_id: int) -> OutboxRow | None:
        values = self._execute(f"SELECT {COLUMNS} FROM outbox WHERE id = ?", (row_id,)).fetchone()
        return read_row(values) if values else None

    def settle(self, row_id: int, state: str, result: str, at: int) -> None:
        self._execute(
            "UPDATE outbox SET state = ?, result = ?, settled_at = ?, next_attempt_at = NULL WHERE id = ?",
            (state, result, at, row_id),
        )

    def postpone(self, row_id: int, next_attempt_at: int, result: str, *, alone: bool) -> None:
        self._execute(
            "UPDATE outbox SET next_attempt_at = ?, result = ?, told_by = iif(?, id, NULL) WHERE id = ?",
            (next_attempt_at, result, alone, row_id),
        )

    def hurry(self, channel: str, monitor_id: int, at: int) -> None:
        before = self._take_ids(0).start
        self._add(_HURRY, (channel, monitor_id, before), (channel, monitor_id, at, before))

    def acknowledge(self, row_id: int, at: int) -> None:
        self._execute("UPDATE outbox SET acknowledged_at = ? WHERE id = ?", (at, row_id))

    def noticed_since(self, since: int) -> list[OutboxRow]:
        rows = self._execute(
            f"SELECT {COLUMNS} FROM outbox INDEXED BY outbox_notices WHERE kind = 'dead_letter' AND created_at > ?",
            (since,),
        )
        return [read_row(values) for values in rows.fetchall()]

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

    def oldest_failed(self, channel: str) -> OutboxRow | None:
        values = self._execute(_OLDEST_FAILED, {"channel": channel}).fetchone()
        return read_row(values) if values else None

    def overtaken(self, channel: str) -> list[int]:
        return [row_id for (row_id,) in self._execute(_OVERTAKEN, (channel,))]

    def hand_over(self, row_id: int, at: int) -> bool:
        handed = self._execute("UPDATE outbox SET fallback_at = ? WHERE id = ? AND fallback_at IS NULL", (at, row_id))
        return handed.rowcount == 1

    def withdraw_channel(self, channel: str, reason: str, at: int) -> None:
        self._execute(
            "UPDATE outbox SET state = 'superseded', result = ?, settled_at = ?, next_attempt_at = NULL"
            " WHERE channel = ? AND state = 'pending'",
            (reason, at, channel),
        )

    def pending_for(self, incident_id: int, channel: str | None = None) -> list[OutboxRow]:
        rows = self._execute(
            f"SELECT {COLUMNS} FROM outbox WHERE incident_id = :incident AND state = 'pending'"
            " AND (:channel IS NULL OR channel = :channel) ORDER BY id",
            {"incident": incident_id, "channel": channel},
        )
        return [read_row(values) for values in rows]

    def listed(self, limit: int, state: str | None = None) -> list[OutboxRow]:
        statement = f"SELECT {COLUMNS} FROM outbox WHERE state = :state ORDER BY id DESC LIMIT :limit"
        rows = self._execute(statement if state else _LISTED, {"state": state, "limit": limit})
        return [read_row(values) for values in rows]

    def log(self, project_id: int, state: str | None, before: int | None, limit: int) -> list[OutboxRow]:
        before = _NEWEST if before is None else before
        values = {"project": project_id, "state": state, "before": before, "limit": limit}
        return [read_row(row) for row in self._execute(_LOGS.get(state or "", _LOG), values)]

    def addressed(self, incident_id: int) -> list[str]:
        rows = self._execute(
            "SELECT channel FROM outbox WHERE incident_id = ? AND state NOT IN ('superseded', 'skipped')"
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
        # The 72 hours after which an alert is given up are hours that passed.
        self._execute(
            "UPDATE attempts SET at = at + ? WHERE outbox_id IN (SELECT id FROM outbox WHERE state = 'pending')",
            (step_ms,),
        )
        self._execute(
            "UPDATE lanes SET claimed_until = claimed_until + :step, window_ends_at = window_ends_at + :step,"
            " failing_since = failing_since + :step, probe_at = probe_at + :step, last_sent_at = last_sent_at + :step",
            {"step": step_ms},
        )
