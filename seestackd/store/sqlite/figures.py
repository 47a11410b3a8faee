"""Counts that an index answers, or a table of one narrow row per monitor."""

from seestackd.store.figures import Figures
from seestackd.store.sqlite.behind import WriteBehind

_MONITORS = """
SELECT s.status, count(*) FROM monitors m JOIN monitor_state s ON s.monitor_id = m.id
WHERE m.archived_at IS NULL GROUP BY s.status
"""
_INCIDENTS = "SELECT kind, count(*) FROM incidents INDEXED BY incidents_open WHERE closed_at IS NULL GROUP BY kind"
_PENDING = "SELECT channel, count(*) FROM outbox INDEXED BY outbox_due WHERE state = 'pending' GROUP BY channel"
_WAITING = """
SELECT min(CASE attempts WHEN 0 THEN next_attempt_at
  ELSE (SELECT min(at) FROM attempts WHERE outbox_id = outbox.id) END)
FROM outbox WHERE state = 'pending'
"""
_DEAD = "SELECT count(*) FROM outbox INDEXED BY outbox_dead WHERE state = 'dead' AND acknowledged_at IS NULL"
_BLIND = """
SELECT coalesce(sum(ended_at - max(started_at, :since)), 0) FROM blind_windows INDEXED BY blind_windows_end
WHERE ended_at > :since
"""
_SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"


class SqliteFigures:
    """Counts in one SQLite file."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def figures(self, blind_since: int) -> Figures:
        return Figures(
            monitors=dict(self._execute(_MONITORS).fetchall()),
            incidents=dict(self._execute(_INCIDENTS).fetchall()),
            pending=dict(self._execute(_PENDING).fetchall()),
            waiting_since=self._one(_WAITING),
            dead=self.dead(),
            blind_ms=self._one(_BLIND, {"since": blind_since}) or 0,
            size=self._one(_SIZE) or 0,
        )

    def dead(self) -> int:
        return self._one(_DEAD) or 0

    def _one(self, statement: str, values: dict[str, int] | None = None) -> int | None:
        found: int | None = self._execute(statement, values or {}).fetchone()[0]
        return found
