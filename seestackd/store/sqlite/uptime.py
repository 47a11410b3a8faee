"""Stretches of trouble and who is public, each read along an index that holds all it needs."""

from typing import Any

from seestackd.core.incidents import AlertKind
from seestackd.core.monitor import Monitor, State
from seestackd.core.uptime import Trouble
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.monitor_rows import SPEC, STATE, read_monitor, read_state

_SPEC_WIDTH = len(SPEC.split(","))
_FOUND = "SELECT monitor_id, kind, began_at, closed_at, id FROM incidents INDEXED BY"
_OF_ALL = f"""
{_FOUND} incidents_spans WHERE project_id = :of AND closed_at > :since AND began_at < :until
UNION ALL
{_FOUND} incidents_spans WHERE project_id = :of AND closed_at IS NULL AND began_at < :until
"""
_OF_ONE = f"""
{_FOUND} incidents_past WHERE monitor_id = :of AND closed_at > :since AND began_at < :until
UNION ALL
{_FOUND} incidents_past WHERE monitor_id = :of AND closed_at IS NULL AND began_at < :until
"""
_MONITORS = f"SELECT {SPEC}, {STATE} FROM monitors JOIN monitor_state ON monitor_id = monitors.id"
_PUBLIC = (
    f"SELECT {SPEC}, {STATE} FROM monitors INDEXED BY monitors_public"
    " JOIN monitor_state ON monitor_id = monitors.id WHERE project_id = ?"
    " AND json_extract(rules, '$.public') = 1 AND archived_at IS NULL ORDER BY slug"
)
_TAGGED = (
    f"{_MONITORS} WHERE project_id = ? AND archived_at IS NULL"
    " AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?) ORDER BY slug"
)
_TAGS = "SELECT DISTINCT value FROM monitors, json_each(tags) WHERE project_id = ? AND archived_at IS NULL ORDER BY 1"
_COUNT_PUBLIC = (
    "SELECT count(*) FROM monitors INDEXED BY monitors_public WHERE project_id = ?"
    " AND json_extract(rules, '$.public') = 1 AND archived_at IS NULL"
)


class SqliteUptime:
    """Reads for uptime."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def troubles(self, project_id: int, since: int, until: int) -> list[Trouble]:
        return self._troubles(_OF_ALL, project_id, since, until)

    def troubles_of(self, monitor_id: int, since: int, until: int) -> list[Trouble]:
        return self._troubles(_OF_ONE, monitor_id, since, until)

    def public(self, project_id: int) -> list[tuple[Monitor, State]]:
        return self._monitors(_PUBLIC, (project_id,))

    def tagged(self, project_id: int, tag: str) -> list[tuple[Monitor, State]]:
        return self._monitors(_TAGGED, (project_id, tag))

    def count_public(self, project_id: int) -> int:
        return int(self._execute(_COUNT_PUBLIC, (project_id,)).fetchone()[0])

    def tags(self, project_id: int) -> list[str]:
        return [tag for (tag,) in self._execute(_TAGS, (project_id,)).fetchall()]

    def _troubles(self, statement: str, of: int, since: int, until: int) -> list[Trouble]:
        rows = self._execute(statement, {"of": of, "since": since, "until": until}).fetchall()
        found = [Trouble(row[0], AlertKind(row[1]), *row[2:]) for row in rows if row[0] is not None]
        return sorted(found, key=lambda trouble: (trouble.began_at, trouble.incident_id))

    def _monitors(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Monitor, State]]:
        rows = self._execute(statement, values).fetchall()
        return [(read_monitor(row[:_SPEC_WIDTH]), read_state(row[_SPEC_WIDTH:])) for row in rows]
