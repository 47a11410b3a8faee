"""Incidents with who was told of them, and lanes of slots."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from seestackd.core.incidents import OutboxRow
from seestackd.store.listings import IncidentRow, Page
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.incidents import _COLUMNS as _INCIDENT
from seestackd.store.sqlite.listings import _OF_MONITOR, _STATES, _incident_row
from seestackd.store.sqlite.outbox_rows import COLUMNS, read_row
from seestackd.store.told import Tick, Wanted

_TO = (
    " AND EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_incident"
    " WHERE outbox.incident_id = incidents.id AND outbox.channel = ?)"
)
_RECENT = (
    "SELECT began_at, closed_at FROM (SELECT began_at, closed_at FROM incidents INDEXED BY incidents_project"
    " WHERE project_id = ? ORDER BY id DESC LIMIT ?) WHERE began_at > ?"
)
# An interval's expectation lies ahead of the run that answers it: such a run stands where it ended.
_TICKS = """
WITH found AS (
  SELECT min(first_at, judged_at) AS begin, min(last_at, judged_at) AS end, outcome, count
  FROM slots WHERE monitor_id = :monitor AND first_at >= coalesce(
    (SELECT max(first_at) FROM slots WHERE monitor_id = :monitor AND first_at <= :since), :since)
)
SELECT max(0, (begin - :since) * :pieces / (:until - :since)) AS piece, outcome, min(begin), max(end), sum(count)
FROM found WHERE begin < :until AND end >= :since GROUP BY piece, outcome ORDER BY piece
"""


class SqliteTold:
    """Reads for incidents and the timeline."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def incidents(self, project_id: int, wanted: Wanted, page: Page) -> list[IncidentRow]:
        which, values = _which(project_id, wanted)
        rows = self._execute(
            f"SELECT {_INCIDENT}{_OF_MONITOR} FROM {which} ORDER BY id DESC LIMIT ? OFFSET ?",
            (*values, page.limit, page.offset),
        ).fetchall()
        return [_incident_row(row) for row in rows]

    def count(self, project_id: int, wanted: Wanted, limit: int) -> int:
        which, values = _which(project_id, wanted)
        counted = self._execute(f"SELECT count(*) FROM (SELECT 1 FROM {which} LIMIT ?)", (*values, limit))
        return int(counted.fetchone()[0])

    def recent(self, project_id: int, since: int, limit: int) -> list[tuple[int, int | None]]:
        return self._execute(_RECENT, (project_id, limit, since)).fetchall()

    def incident(self, incident_id: int) -> IncidentRow | None:
        row = self._execute(f"SELECT {_INCIDENT}{_OF_MONITOR} FROM incidents WHERE id = ?", (incident_id,)).fetchone()
        return None if row is None else _incident_row(row)

    def alerts(self, incident_ids: Sequence[int]) -> dict[int, list[OutboxRow]]:
        found: dict[int, list[OutboxRow]] = defaultdict(list)
        if not incident_ids:
            return found
        marks = ", ".join("?" * len(incident_ids))
        rows = self._execute(
            f"SELECT {COLUMNS} FROM outbox WHERE incident_id IN ({marks}) ORDER BY id", tuple(incident_ids)
        ).fetchall()
        for row in map(read_row, rows):
            found[row.alert.incident_id or 0].append(row)
        return found

    def channels(self, project_id: int, limit: int) -> list[str]:
        rows = self._execute(
            "SELECT DISTINCT channel FROM (SELECT channel FROM outbox ORDER BY id DESC LIMIT ?) ORDER BY channel",
            (limit,),
        ).fetchall()
        return [row[0] for row in rows]

    def ticks(self, monitor_id: int, since: int, until: int, pieces: int) -> list[Tick]:
        values = {"monitor": monitor_id, "since": since, "until": until, "pieces": pieces}
        return [Tick(*row) for row in self._execute(_TICKS, values).fetchall()]


def _which(project_id: int, wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    where, values = "incidents WHERE project_id = ?" + _STATES[wanted.state], [project_id]
    if wanted.monitor_id is not None:
        where, values = f"{where} AND monitor_id = ?", [*values, wanted.monitor_id]
    return (where + _TO, (*values, wanted.channel)) if wanted.channel is not None else (where, tuple(values))
