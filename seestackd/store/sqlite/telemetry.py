"""HTTP requests in SQLite, one narrow row each (performance.md, batches: they are asked for by column)."""

from collections.abc import Sequence

from seestackd.core.telemetry import HttpRequest, grouped
from seestackd.store.listings import Page
from seestackd.store.sqlite.behind import Insert, WriteBehind
from seestackd.store.sqlite.request_rows import ROW, packed, packed_span, request_of
from seestackd.store.sqlite.requests_listed import listed
from seestackd.store.telemetry import Wanted

SEGMENT_BITS = 13
"""The index of traces is in segments of 8,192 rows, each of which stays in the cache while it grows."""

MAX_ENDPOINTS = 10_000
"""So many endpoints a project has; requests to further ones share one, and carry their own words."""

MAX_NAME = 255
MAX_TRACE = 5_000
_MAX_REMEMBERED = 50_000
_INSERT = Insert(
    "http_requests",
    "project_id, at, endpoint_id, trace_id, status_code, duration_ms, request_size, response_size, user_id,"
    " error_fingerprint, method, host, path, span_id, parent_span_id",
)
_FROM = f"SELECT {ROW} FROM http_requests r CROSS JOIN request_endpoints e ON e.id = r.endpoint_id"
_BETWEEN = f"{_FROM} WHERE r.project_id = ? AND r.at >= ? AND r.at < ? ORDER BY r.at DESC, r.id DESC LIMIT ?"
_BY_TRACE = f"""
WITH RECURSIVE
  bounds (first, last) AS (SELECT (SELECT min(id) FROM http_requests) >> {SEGMENT_BITS},
    (SELECT max(id) FROM http_requests) >> {SEGMENT_BITS}),
  segments (number) AS (SELECT first FROM bounds UNION ALL SELECT number + 1 FROM segments, bounds WHERE number < last),
  found (id) AS (
    SELECT (t.segment << {SEGMENT_BITS}) + t.place FROM segments CROSS JOIN request_traces t
      ON t.segment = segments.number AND t.mark = substr(:trace, -5)
    UNION ALL
    SELECT id FROM http_requests NOT INDEXED WHERE id > (SELECT summed FROM request_progress) AND trace_id = :trace
  )
SELECT {ROW} FROM found CROSS JOIN http_requests r ON r.id = found.id
  CROSS JOIN request_endpoints e ON e.id = r.endpoint_id
  WHERE r.trace_id = :trace AND r.project_id = :project LIMIT :limit
"""

_Key = tuple[int, bool, str, str, str]


class SqliteTelemetry:
    """The tables `http_requests` and `request_endpoints`."""

    def __init__(self, connection: WriteBehind) -> None:
        self._connection = connection
        self._endpoints: dict[_Key, int] = {}
        self._counts: dict[int, int] = {}

    def forget(self) -> None:
        """Drop what is remembered of rows that a rollback may have undone, or an erasure changed."""
        self._endpoints.clear()
        self._counts.clear()

    def append(self, project_id: int, rows: Sequence[HttpRequest]) -> None:
        known = self._endpoints
        values = []
        for (
            at, trace_id, outbound, method, host, path, status, duration, asked, answered, _, user_id, fingerprint,
            span, parent,
        ) in rows:  # fmt: skip
            key = (project_id, outbound, method, host, grouped(path, user_id))
            endpoint_id = known.get(key) or self._endpoint(key)
            shared = endpoint_id < 0
            values.append(
                (
                    project_id, at, abs(endpoint_id), packed(trace_id), status, duration, asked, answered, user_id,
                    fingerprint, method if shared else None, host if shared else None,
                    path if shared or path != key[4] else None, packed_span(span), packed_span(parent),
                )
            )  # fmt: skip
        self._connection.insert(_INSERT, values)

    def between(self, project_id: int, since: int, until: int, limit: int) -> list[HttpRequest]:
        rows = self._connection.execute(_BETWEEN, (project_id, since, until, limit)).fetchall()
        return [request_of(row)[1] for row in rows]

    def by_trace(self, project_id: int, trace_id: str, limit: int) -> list[tuple[int, HttpRequest]]:
        values = {"project": project_id, "trace": packed(trace_id), "limit": MAX_TRACE}
        found = [request_of(row) for row in self._connection.execute(_BY_TRACE, values).fetchall()]
        return sorted(found, key=lambda each: (each[1].at, each[0]))[:limit]

    def listed(
        self, project_id: int, since: int, until: int, wanted: Wanted, page: Page
    ) -> tuple[list[tuple[int, HttpRequest]], int]:
        return listed(self._connection, project_id, since, until, wanted, page)

    def _endpoint(self, key: _Key) -> int:
        """Return the number of an endpoint, made when it is new; that of the shared one is negative."""
        found = self._find(key)
        if found is None:
            project_id, outbound, method, host, _ = key
            if self._count(project_id) >= MAX_ENDPOINTS or len(method) > MAX_NAME or len(host) > MAX_NAME:
                shared = (project_id, outbound, "", "", "")
                found = -(self._find(shared) or self._make(shared))
            else:
                found = self._make(key)
                self._counts[project_id] += 1
        if len(self._endpoints) >= _MAX_REMEMBERED:
            self._endpoints.clear()
        self._endpoints[key] = found
        return found

    def _count(self, project_id: int) -> int:
        if project_id not in self._counts:
            (self._counts[project_id],) = self._connection.execute(
                "SELECT count(*) FROM request_endpoints WHERE project_id = ?", (project_id,)
            ).fetchone()
        return self._counts[project_id]

    def _find(self, key: _Key) -> int | None:
        row = self._connection.execute(
            "SELECT id FROM request_endpoints WHERE project_id = ? AND outbound = ? AND method = ? AND host = ?"
            " AND path = ? AND copy = 0",
            key,
        ).fetchone()
        return None if row is None else int(row[0])

    def _make(self, key: _Key) -> int:
        (made,) = self._connection.execute(
            "INSERT INTO request_endpoints (project_id, outbound, method, host, path) VALUES (?, ?, ?, ?, ?)"
            " RETURNING id",
            key,
        ).fetchone()
        return int(made)
