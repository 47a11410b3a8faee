"""Digests: rows of the outbox whose message tells other rows."""

import json

from seestackd.core.digest import Told
from seestackd.core.incidents import AlertKind, Facts, OutboxRow, Severity
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.outbox_rows import COLUMNS, encoded, read_row

_DUE = "channel = :channel AND state = 'pending' AND next_attempt_at <= :at AND coalesce(told_by, 0) = 0"
_FREE = f"""
UPDATE outbox SET told_by = NULL, next_attempt_at = :at
WHERE state = 'pending' AND told_by IN (SELECT id FROM outbox WHERE {_DUE} AND kind = 'digest')
"""
_SUPERSEDE = f"""
UPDATE outbox SET state = 'superseded', result = 'told in a newer digest', settled_at = :at, next_attempt_at = NULL
WHERE {_DUE} AND kind = 'digest'
"""
# A row that waits for something else keeps those of its monitor behind it waiting.
_GATHER = f"""
UPDATE outbox SET told_by = :digest, next_attempt_at = NULL
WHERE {_DUE} AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.state = 'pending'
  AND older.channel = outbox.channel AND older.monitor_id = outbox.monitor_id AND older.id < outbox.id
  AND NOT coalesce(older.next_attempt_at <= :at AND coalesce(older.told_by, 0) = 0, 0))
"""
_MEMBERS = """
SELECT member.kind, member.created_at, member.monitor_id, coalesce(ping.host, ping.source), state.last_ping_at,
  monitor.tags
FROM outbox AS member
LEFT JOIN monitors AS monitor ON monitor.id = member.monitor_id
LEFT JOIN monitor_state AS state ON state.monitor_id = member.monitor_id
LEFT JOIN pings AS ping ON ping.id = state.last_ping_id
WHERE member.told_by = :digest AND member.told_by != member.id ORDER BY member.id
"""
# The inner query leaves the facts alone: they are large, and most are not wanted.
_FIRST = f"""
SELECT {COLUMNS} FROM outbox WHERE id IN (
  SELECT id FROM outbox WHERE told_by = :digest AND told_by != id ORDER BY kind = 'recovered', id LIMIT :limit)
ORDER BY kind = 'recovered', id
"""


class SqliteDigests:
    """What digests tell, in `outbox.told_by`."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def gather(self, channel: str, digest_id: int, at: int) -> int:
        values = {"channel": channel, "at": at, "digest": digest_id}
        self._execute(_FREE, values)
        self._execute(_SUPERSEDE, values)
        return self._execute(_GATHER, values).rowcount

    def describe(self, digest_id: int, severity: Severity, facts: Facts) -> None:
        told = encoded(dict(facts))
        self._execute("UPDATE outbox SET severity = ?, facts = ? WHERE id = ?", (severity, told, digest_id))

    def members(self, digest_id: int) -> list[Told]:
        return [
            Told(AlertKind(kind), created_at, monitor_id, host, last_ping_at, tuple(json.loads(tags or "[]")))
            for kind, created_at, monitor_id, host, last_ping_at, tags in self._execute(
                _MEMBERS, {"digest": digest_id}
            ).fetchall()
        ]

    def first_members(self, digest_id: int, limit: int) -> list[OutboxRow]:
        rows = self._execute(_FIRST, {"digest": digest_id, "limit": limit})
        return [read_row(values) for values in rows.fetchall()]

    def settle(self, digest_id: int, state: str, result: str, at: int) -> None:
        self._execute(
            "UPDATE outbox SET state = ?, result = ?, settled_at = ? WHERE told_by = ? AND told_by != id"
            " AND state = 'pending'",
            (state, result, at, digest_id),
        )

    def acknowledge(self, digest_id: int, at: int) -> None:
        self._execute(
            "UPDATE outbox SET acknowledged_at = ? WHERE told_by = ? AND told_by != id AND state = 'dead'",
            (at, digest_id),
        )
