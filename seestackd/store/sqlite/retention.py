"""Deleting what is old, a few rows at a time: one large DELETE would hold up every ping."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from seestackd.core.retention import Kind
from seestackd.store.retention import Evicted
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.eviction import DELETE, SqliteEviction

_MONITORS_AT_ONCE = 2_000
_BATCH_WEIGHT = 50  # to delete a blob is to read all of it


@dataclass(frozen=True, slots=True)
class _Table:
    """A table in order of age: `aged` is the instant of a row, `over` says that it may go; `children` go with it.

    A row weighs as much as `weight` narrow ones.
    """

    name: str
    aged: str
    over: str = "1"
    children: tuple[tuple[str, str], ...] = ()
    weight: int = 1


# What arrived long enough ago is old, however far in the future its client's clock was.
_REQUEST_AGED = (
    "iif(id <= (SELECT coalesce(max(last_id), 0) FROM request_arrivals WHERE hour < :before / 3600000),"
    " min(at, :before - 1), at)"
)
# The newest row stays: from it the next id is counted, and ids must not come again.
_TABLES = {
    Kind.PINGS: (
        _Table("pings", "arrived_at", children=(("outputs", "ping_id"),)),
        _Table("runs", "started_at"),
    ),
    Kind.OUTBOX: (
        _Table(
            "outbox",
            "created_at",
            "state != 'pending' AND (state != 'dead' OR acknowledged_at IS NOT NULL)",
            (("attempts", "outbox_id"),),
        ),
    ),
    Kind.INCIDENTS: (_Table("incidents", "coalesce(closed_at, opened_at)", "closed_at IS NOT NULL"),),
    Kind.BLIND: (_Table("blind_windows", "ended_at"), _Table("clock_steps", "at")),
    Kind.AUDIT: (_Table("audit", "at"),),
    Kind.REQUESTS: (_Table("http_requests", _REQUEST_AGED),),
    Kind.REPLAY: (_Table("replay_batches", "received_at", weight=_BATCH_WEIGHT),),
}
_IN_ORDER = tuple((kind, table) for kind, tables in _TABLES.items() for table in tables)
_FORGET_SLOTS = """
DELETE FROM slots WHERE monitor_id = :monitor AND first_at IN
  (SELECT first_at FROM slots
   WHERE monitor_id = :monitor AND first_at < :before AND last_at < :before ORDER BY first_at LIMIT :rest)
"""
# Most monitors have none that is old: to ask for each of them in a statement of its own takes several times as long.
_WITH_OLD_SLOTS = """
SELECT count(*), max(id), json_group_array(id) FILTER (WHERE EXISTS (
  SELECT 1 FROM slots WHERE monitor_id = id AND first_at < :before AND last_at < :before))
FROM (SELECT id FROM monitors WHERE id > :passed ORDER BY id LIMIT :monitors)
"""
# A session goes with its last batch.
_FORGET_SESSIONS = (
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE received_at < ? ORDER BY received_at LIMIT ?)"
)


class SqliteRetention:
    """Walks the tables from their old end; remembers how far, for what is old and must stay."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._eviction = SqliteEviction(connection)
        self._passed: dict[str, int] = {}

    def forget(self, before: Mapping[Kind, int], limit: int) -> tuple[int, bool]:
        gone, more, left = 0, False, limit
        for kind, table in _IN_ORDER:
            if left <= 0:
                more = True
                break
            deleted, further = self._forget(table, before[kind], max(1, left // table.weight))
            gone, more, left = gone + deleted, more or further, left - deleted * table.weight
        gone += self._execute(_FORGET_SESSIONS, (before[Kind.REPLAY], limit)).rowcount
        deleted, further = self._forget_slots(before[Kind.LEDGER], limit)
        return gone + deleted, more or further

    def evict(self, kind: Kind, most: int) -> Evicted | None:
        return self._eviction.evict(kind, most)

    def _forget(self, table: _Table, before: int, limit: int) -> tuple[int, bool]:
        """Look at the next rows of a table; returns how many went, and whether old ones may follow."""
        rows = self._execute(
            f"SELECT id, {table.aged} < :before, {table.over}, id < (SELECT max(id) FROM {table.name})"
            f" FROM {table.name} WHERE id > :passed ORDER BY id LIMIT :limit",
            {"before": before, "passed": self._passed.get(table.name, 0), "limit": limit},
        ).fetchall()
        gone = [row_id for row_id, old, over, followed in rows if old and over and followed]
        for name, column in (*table.children, (table.name, "id")) if gone else ():
            self._execute(DELETE.format(table=name, column=column), (json.dumps(gone),))
        more = len(rows) == limit and bool(rows[-1][1])
        self._passed[table.name] = rows[-1][0] if more else 0
        return len(gone), more

    def _forget_slots(self, before: int, limit: int) -> tuple[int, bool]:
        """Look at the slots of the next monitors; there is no order of age over all of them."""
        passed = {"passed": self._passed.get("slots", 0), "monitors": _MONITORS_AT_ONCE, "before": before}
        looked_at, last, found = self._execute(_WITH_OLD_SLOTS, passed).fetchone()
        gone = 0
        for monitor_id in json.loads(found):
            gone += self._execute(
                _FORGET_SLOTS,
                {"monitor": monitor_id, "before": before, "rest": limit - gone},
            ).rowcount
            if gone >= limit:
                self._passed["slots"] = monitor_id - 1
                return gone, True
        more = looked_at == _MONITORS_AT_ONCE
        self._passed["slots"] = last if more else 0
        return gone, more
