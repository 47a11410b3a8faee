"""HTTP requests in SQLite, one row each (performance.md, batches: they are asked for by column)."""

from collections.abc import Sequence

from seestackd.core.telemetry import HttpRequest
from seestackd.store.sqlite.behind import WriteBehind

_COLUMNS = ", ".join(HttpRequest._fields).replace("outbound", "direction")
_INSERT = f"INSERT INTO http_requests (project_id, {_COLUMNS}) VALUES ({', '.join('?' * 14)})"
_BETWEEN = (
    f"SELECT {_COLUMNS} FROM http_requests WHERE project_id = ? AND at >= ? AND at < ?"
    " ORDER BY at DESC, id DESC LIMIT ?"
)
_BY_TRACE = f"SELECT {_COLUMNS} FROM http_requests WHERE project_id = ? AND trace_id = ? ORDER BY at, id LIMIT ?"


class SqliteTelemetry:
    """The `http_requests` table; `direction` is 0 inbound, 1 outbound."""

    def __init__(self, connection: WriteBehind) -> None:
        self._connection = connection

    def append(self, project_id: int, rows: Sequence[HttpRequest]) -> None:
        self._connection.executemany(_INSERT, [(project_id, *row) for row in rows])

    def between(self, project_id: int, since: int, until: int, limit: int) -> list[HttpRequest]:
        """Return requests of `since <= at < until`, the newest first."""
        return self._read(_BETWEEN, (project_id, since, until, limit))

    def by_trace(self, project_id: int, trace_id: str, limit: int) -> list[HttpRequest]:
        """Return the requests of one trace, the oldest first."""
        return self._read(_BY_TRACE, (project_id, trace_id, limit))

    def _read(self, statement: str, values: tuple[object, ...]) -> list[HttpRequest]:
        requests = [HttpRequest(*row) for row in self._connection.execute(statement, values).fetchall()]
        return [
            request._replace(outbound=bool(request.outbound), is_slow=bool(request.is_slow)) for request in requests
        ]
