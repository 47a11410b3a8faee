"""Lists for people and consoles: bounded reads along indexes and `prev` chains."""

from collections.abc import Sequence
from typing import Any

from seestackd.core.monitor import SlotEntry
from seestackd.core.runs import Run
from seestackd.store.interface import BlindWindow, StoredPing
from seestackd.store.listings import (
    IncidentRow,
    MonitorBrief,
    MonitorDetails,
    MonitorLine,
    MonitorRow,
    Notification,
    Page,
    Which,
)
from seestackd.store.sqlite import blocks
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.blind import _COLUMNS as _BLIND
from seestackd.store.sqlite.blind import _window as _blind_window
from seestackd.store.sqlite.incidents import _COLUMNS as _INCIDENT
from seestackd.store.sqlite.incidents import _incident
from seestackd.store.sqlite.monitor_rows import SPEC, STATE, names_of, read_monitor, read_state
from seestackd.store.sqlite.outbox_rows import COLUMNS as _ALERT
from seestackd.store.sqlite.outbox_rows import read_row as _alert
from seestackd.store.sqlite.pings import _COLUMNS as _PING
from seestackd.store.sqlite.pings import _stored
from seestackd.store.sqlite.runs import _RUN, _SLOT, _entry
from seestackd.store.sqlite.runs import _run as _closed_run

_SPEC_WIDTH = len(SPEC.split(","))
_INCIDENT_WIDTH = len(_INCIDENT.split(","))
_ALERT_WIDTH = len(_ALERT.split(","))

_MONITORS = (
    f"SELECT {SPEC}, {STATE}, (SELECT message FROM pings WHERE pings.id = last_ping_id),"
    " (SELECT open.uid FROM incidents AS open WHERE open.id = incident_id)"
    " FROM monitors JOIN monitor_state ON monitor_id = monitors.id WHERE archived_at IS NULL AND project_id = :project"
)
# Statuses as in core.monitor.shown_status; a run that overran is no longer waited for.
_STANDING = """
    CASE WHEN status IN ('healthy', 'pending') AND expected_at < :at THEN 'late' ELSE status END AS shown,
    open_runs IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(open_runs) WHERE NOT value ->> 5) AS running
  FROM monitors JOIN monitor_state ON monitor_id = id WHERE project_id = :project AND archived_at IS NULL
"""
_BRIEFS = f"""
SELECT id, slug, name, tags, iif(running AND shown IN ('healthy', 'pending', 'late'), 'running', shown)
FROM (SELECT id, slug, name, tags, {_STANDING})
"""
_LINES = f"""
SELECT {{}} FROM (SELECT {SPEC}, {STATE}, {_STANDING})
WHERE CASE :state WHEN 'trouble' THEN shown IN ('missed', 'failed', 'overrun') WHEN 'running' THEN running
    WHEN 'ok' THEN shown = 'healthy' ELSE shown = coalesce(:state, shown) END
  AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = :tag))
ORDER BY CASE shown WHEN 'failed' THEN 0 WHEN 'missed' THEN 1 WHEN 'overrun' THEN 2 WHEN 'late' THEN 3
    WHEN 'pending' THEN 4 WHEN 'healthy' THEN 5 ELSE 6 END, slug
"""
_NARROW = _LINES.format("slug, shown, running, schedule, timezone, last_ping_at, expected_at, last_duration_ms")
_WIDE = _LINES.format(
    "slug, shown, running, schedule, timezone, last_ping_at, expected_at, last_duration_ms, name, uid, rules, channels,"
    " tags, source, created_at, deadline_at, last_ok_at, good, bad, paused_until, incident_id"
)
# In SQL, for it costs a tenth of a statement per step.
_CHAIN = """
WITH RECURSIVE chain (id, prev, at, kind, n) AS (
  SELECT id, prev, at, kind, 1 FROM pings
  WHERE id = (SELECT last_ping_id FROM monitor_state WHERE monitor_id = :monitor) AND arrived_at >= :since
  UNION ALL
  SELECT pings.id, pings.prev, pings.at, pings.kind, n + 1 FROM chain JOIN pings ON pings.id = chain.prev
  WHERE n < :limit AND pings.arrived_at >= :since
)
SELECT id, at, kind FROM chain
"""
_RUNS = f"""
WITH RECURSIVE chain (run, n) AS (
  SELECT :first, 1
  UNION ALL
  SELECT runs.prev, n + 1 FROM chain JOIN runs ON runs.id = chain.run WHERE n < :limit AND runs.prev IS NOT NULL
)
SELECT {_RUN} FROM chain JOIN runs ON runs.id = chain.run ORDER BY n
"""
_OUTCOMES = (
    "SELECT id, (SELECT group_concat(replace(hex(zeroblob(min(count, ?))), '00', substr(outcome, 1, 2)), '')"
    " FROM (SELECT outcome, count FROM slots WHERE monitor_id = monitors.id ORDER BY first_at DESC LIMIT ?))"
    " FROM monitors WHERE id IN ({})"
)
_BY_STATUS = """
SELECT CASE
    WHEN status IN ('healthy', 'pending') AND open_runs IS NOT NULL THEN 'running'
    WHEN status IN ('healthy', 'pending') AND expected_at < ? THEN 'late'
    ELSE status END AS shown, count(*)
FROM monitors JOIN monitor_state ON monitor_id = id WHERE project_id = ? AND archived_at IS NULL GROUP BY shown
"""
_STATES = {"open": " AND closed_at IS NULL", "closed": " AND closed_at IS NOT NULL", "all": ""}
_OPEN_BLOCKS = (
    f"SELECT id >> {blocks.BLOCK_BITS} AS block, count(*) FROM incidents INDEXED BY incidents_down"
    " WHERE project_id = ? AND closed_at IS NULL GROUP BY block"
)
_TOLD = "state IN ('delivered', 'dead', 'skipped')"


class SqliteListings:
    """Reads for lists."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def monitors(self, project_id: int, page: Page | None = None, slug: str | None = None) -> list[MonitorRow]:
        statement, values = _MONITORS, {"project": project_id, "slug": slug}
        if slug is not None:
            statement += " AND slug = :slug"
        statement += " ORDER BY slug"
        if page is not None:
            statement += " LIMIT :limit OFFSET :offset"
            values |= {"limit": page.limit, "offset": page.offset}
        return [_monitor_row(row) for row in self._execute(statement, values).fetchall()]

    def monitor_briefs(self, project_id: int, at: int) -> list[MonitorBrief]:
        rows = self._execute(_BRIEFS, {"project": project_id, "at": at})
        return [MonitorBrief(row[0], row[1], row[2], names_of(row[3]), row[4]) for row in rows.fetchall()]

    def monitor_lines(self, project_id: int, which: Which, at: int) -> list[MonitorLine]:
        values = {"project": project_id, "state": which.state, "tag": which.tag, "at": at}
        return [MonitorLine(*row) for row in self._execute(_NARROW, values).fetchall()]

    def monitor_details(self, project_id: int, which: Which, at: int) -> list[MonitorDetails]:
        values = {"project": project_id, "state": which.state, "tag": which.tag, "at": at}
        return [MonitorDetails(*row) for row in self._execute(_WIDE, values).fetchall()]

    def count_monitors(self, project_id: int, slug: str | None = None) -> int:
        if slug is not None:
            return len(self.monitors(project_id, None, slug))
        return self._count("monitors WHERE project_id = ? AND archived_at IS NULL", (project_id,))

    def monitor(self, project_id: int, uid: str) -> MonitorRow | None:
        row = self._execute(f"{_MONITORS} AND uid = :uid", {"project": project_id, "uid": uid}).fetchone()
        return None if row is None else _monitor_row(row)

    def pings_since(self, monitor_id: int, since: int, limit: int) -> list[tuple[int, int, str]]:
        return self._execute(_CHAIN, {"monitor": monitor_id, "since": since, "limit": limit}).fetchall()

    def pings(self, ids: Sequence[int]) -> dict[int, StoredPing]:
        if not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        rows = self._execute(f"SELECT {_PING} FROM pings WHERE id IN ({marks})", tuple(ids))
        return {row[0]: _stored(row) for row in rows.fetchall()}

    def runs(self, monitor_id: int, before: int | None, limit: int) -> list[Run] | None:
        if before is None:
            found = self._execute("SELECT last_run_id FROM monitor_state WHERE monitor_id = ?", (monitor_id,))
        else:
            found = self._execute("SELECT prev FROM runs WHERE id = ? AND monitor_id = ?", (before, monitor_id))
        first = found.fetchone()
        if first is None:
            return None
        return [_closed_run(row) for row in self._execute(_RUNS, {"first": first[0], "limit": limit}).fetchall()]

    def slots(self, monitor_id: int, since: int, until: int, limit: int, outcomes: Sequence[str]) -> list[SlotEntry]:
        kinds = f" AND outcome IN ({', '.join('?' * len(outcomes))})" if outcomes else ""
        # Entries do not overlap, so only the one before `since` can reach into the window.
        rows = self._execute(
            f"SELECT {_SLOT} FROM slots WHERE monitor_id = ? AND first_at < ? AND first_at >= coalesce("
            f"(SELECT max(first_at) FROM slots WHERE monitor_id = ? AND first_at <= ?), ?) AND last_at >= ?{kinds}"
            " ORDER BY first_at DESC LIMIT ?",
            (monitor_id, until, monitor_id, since, since, since, *outcomes, limit),
        ).fetchall()
        return [_entry(row) for row in rows]

    def incidents(self, project_id: int, page: Page, state: str, monitor_id: int | None) -> list[IncidentRow]:
        which, values = _incidents(project_id, state, monitor_id)
        below, offset = 2**62, page.offset
        if monitor_id is None and state != "open":
            left_out = dict(self._execute(_OPEN_BLOCKS, (project_id,)).fetchall()) if state == "closed" else {}
            below, offset = blocks.begin(self._execute, project_id, "incidents", offset, left_out)
        rows = self._execute(
            f"SELECT {_INCIDENT}{_OF_MONITOR} FROM incidents WHERE id IN"
            f" (SELECT id FROM {which} AND id < ? ORDER BY id DESC LIMIT ? OFFSET ?) ORDER BY id DESC",
            (*values, below, page.limit, offset),
        ).fetchall()
        return [_incident_row(row) for row in rows]

    def count_incidents(self, project_id: int, state: str, monitor_id: int | None) -> int:
        if monitor_id is not None or state == "open":
            return self._count(*_incidents(project_id, state, monitor_id))
        known = blocks.count(self._execute, project_id, "incidents")
        return known if state == "all" else known - self.count_incidents(project_id, "open", None)

    def incident(self, project_id: int, uid: str) -> IncidentRow | None:
        row = self._execute(
            f"SELECT {_INCIDENT}{_OF_MONITOR} FROM incidents WHERE uid = ? AND project_id = ?", (uid, project_id)
        ).fetchone()
        return None if row is None else _incident_row(row)

    def notifications(self, project_id: int, page: Page) -> list[Notification]:
        below, offset = blocks.begin(self._execute, project_id, "told", page.offset, {})
        rows = self._execute(
            f"SELECT {_ALERT}, acknowledged_at FROM outbox WHERE id IN"
            f" (SELECT id FROM outbox WHERE project_id = ? AND {_TOLD} AND id < ? ORDER BY id DESC LIMIT ? OFFSET ?)"
            " ORDER BY id DESC",
            (project_id, below, page.limit, offset),
        ).fetchall()
        return [_notification(row) for row in rows]

    def count_notifications(self, project_id: int) -> int:
        return blocks.count(self._execute, project_id, "told")

    def count_unread(self, project_id: int, limit: int) -> int:
        return self._count(
            f"(SELECT 1 FROM outbox WHERE project_id = ? AND {_TOLD} AND acknowledged_at IS NULL LIMIT ?)",
            (project_id, limit),
        )

    def notification(self, project_id: int, alert_id: str) -> Notification | None:
        row = self._execute(
            f"SELECT {_ALERT}, acknowledged_at FROM outbox WHERE alert_id = ? AND project_id = ? AND {_TOLD}",
            (alert_id, project_id),
        ).fetchone()
        return None if row is None else _notification(row)

    def mark_read(self, project_id: int, row_id: int | None, at: int) -> None:
        self._execute(
            f"UPDATE outbox SET acknowledged_at = ? WHERE project_id = ? AND {_TOLD} AND acknowledged_at IS NULL"
            " AND id = coalesce(?, id)",
            (at, project_id, row_id),
        )

    def last_outcomes(self, monitor_ids: Sequence[int], limit: int) -> dict[int, str]:
        if not monitor_ids:
            return {}
        statement = _OUTCOMES.format(", ".join("?" * len(monitor_ids)))
        rows = self._execute(statement, (limit, limit, *monitor_ids)).fetchall()
        return {row[0]: row[1] or "" for row in rows}

    def count_by_status(self, project_id: int, at: int) -> dict[str, int]:
        return dict(self._execute(_BY_STATUS, (at, project_id)).fetchall())

    def blind_windows(self, page: Page) -> list[BlindWindow]:
        rows = self._execute(
            f"SELECT {_BLIND} FROM blind_windows ORDER BY id DESC LIMIT ? OFFSET ?", (page.limit, page.offset)
        )
        return [_blind_window(row) for row in rows.fetchall()]

    def count_blind_windows(self) -> int:
        return self._count("blind_windows", ())

    def _count(self, rows: str, values: tuple[Any, ...]) -> int:
        return int(self._execute(f"SELECT count(*) FROM {rows}", values).fetchone()[0])


_OF_MONITOR = "".join(
    f", (SELECT {column} FROM monitors WHERE monitors.id = monitor_id)" for column in ("uid", "slug", "name")
)


def _monitor_row(row: tuple[Any, ...]) -> MonitorRow:
    return MonitorRow(read_monitor(row[:_SPEC_WIDTH]), read_state(row[_SPEC_WIDTH:-2]), row[-2], row[-1])


def _incidents(project_id: int, state: str, monitor_id: int | None) -> tuple[str, tuple[int, ...]]:
    if monitor_id is not None:
        return f"incidents WHERE monitor_id = ?{_STATES[state]}", (monitor_id,)
    # Few are open of many, which the planner cannot know.
    index = {"open": "incidents_down", "closed": "incidents_closed", "all": "incidents_project"}[state]
    return f"incidents INDEXED BY {index} WHERE project_id = ?{_STATES[state]}", (project_id,)


def _incident_row(row: tuple[Any, ...]) -> IncidentRow:
    monitor = row[_INCIDENT_WIDTH:]
    return IncidentRow(_incident(row[:_INCIDENT_WIDTH]), None if monitor[0] is None else monitor)


def _notification(row: tuple[Any, ...]) -> Notification:
    return Notification(_alert(row[:_ALERT_WIDTH]), row[_ALERT_WIDTH] is not None)
