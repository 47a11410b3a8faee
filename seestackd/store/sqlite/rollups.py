"""Sums of requests per minute and hour, made in the background by SQLite itself, which needs no interpreter lock.

A request counts in the minute of its own instant, however late it came. What no sum holds yet is counted singly.
"""

from typing import Any

from seestackd.core.monitor import HOUR_MS, MINUTE_MS
from seestackd.core.rollups import ENDPOINT_MINUTES_KEPT_MS, HOURS_KEPT_MS, MINUTES_KEPT_MS, Parts, parts_of
from seestackd.core.telemetry import Endpoint, Tally, merged, total
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.request_rows import BUCKET, COUNTED, EACH, HOUR, MINUTE, SIZE, SUMS
from seestackd.store.sqlite.request_sums import ENDPOINT_HOURS, ENDPOINT_MINUTES, HOURS, MINUTES, Source
from seestackd.store.sqlite.telemetry import SEGMENT_BITS
from seestackd.store.telemetry import Summed

_NAMES = ", ".join(COUNTED)
_ROLLING = f"""
CREATE TEMP TABLE IF NOT EXISTS rolling (
  project_id INTEGER, minute INTEGER, hour INTEGER, outbound INTEGER, endpoint_id INTEGER, bucket INTEGER,
  {", ".join(f"{name} {'REAL' if name.endswith(('_ms', '_bytes')) else 'INTEGER'}" for name in COUNTED)}
)
"""
_GATHER = f"""
INSERT INTO rolling
SELECT project_id, minute, (minute - 59 * (minute < 0)) / 60, outbound, endpoint_id, bucket, {SUMS} FROM
  (SELECT r.project_id, {MINUTE.format("r.at")} AS minute, e.outbound, r.endpoint_id, {BUCKET} AS bucket, {EACH}
   FROM http_requests r CROSS JOIN request_endpoints e ON e.id = r.endpoint_id WHERE r.id > ? AND r.id <= ?)
GROUP BY project_id, minute, outbound, endpoint_id, bucket
"""
_LEVELS = (
    (MINUTES, "minute", "outbound"),
    (HOURS, "hour", "outbound"),
    (ENDPOINT_MINUTES, "minute", "endpoint_id"),
    (ENDPOINT_HOURS, "hour", "endpoint_id"),
)
_ADD_COUNTS = (
    f"INSERT INTO request_counts (level, project_id, since, series, {_NAMES})"
    f" SELECT {{level}}, project_id, {{since}}, {{series}}, {SUMS} FROM rolling WHERE true GROUP BY 2, 3, 4"
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in COUNTED)}"
)
_ADD_LATENCIES = (
    "INSERT INTO request_latencies (level, project_id, since, series, bucket, requests)"
    " SELECT {level}, project_id, {since}, {series}, bucket, sum(requests) FROM rolling WHERE true GROUP BY 2, 3, 4, 5"
    " ON CONFLICT DO UPDATE SET requests = requests + excluded.requests"
)
_ADD_TRACES = f"""
INSERT INTO request_traces (segment, mark, place)
SELECT id >> {SEGMENT_BITS}, substr(trace_id, -5), id & {(1 << SEGMENT_BITS) - 1} FROM http_requests
WHERE id > ? AND id <= ? ORDER BY 1, 2, 3
"""
_ADD_ARRIVALS = (
    "INSERT INTO request_arrivals (hour, last_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET last_id = excluded.last_id"
)
_ADD_SIZES = (
    "INSERT INTO project_sizes (project_id, requests)"
    f" SELECT project_id, sum({SIZE}) FROM http_requests r WHERE id > ? AND id <= ? GROUP BY project_id"
    " ON CONFLICT (project_id) DO UPDATE SET requests = requests + excluded.requests"
)
_FORGET_ARRIVALS = "DELETE FROM request_arrivals WHERE last_id < (SELECT min(id) FROM http_requests)"
_KEPT = (
    (MINUTES, MINUTE_MS, MINUTES_KEPT_MS),
    (HOURS, HOUR_MS, HOURS_KEPT_MS),
    (ENDPOINT_MINUTES, MINUTE_MS, ENDPOINT_MINUTES_KEPT_MS),
    (ENDPOINT_HOURS, HOUR_MS, HOURS_KEPT_MS),
)
_FORGET = (
    "DELETE FROM {table} WHERE level = :level AND project_id = :project AND since < :before AND since <="
    " (SELECT min(since) + :stride FROM {table} WHERE level = :level AND project_id = :project)"
)
_STRIDE = 60


class SqliteRollups:
    """The tables `request_counts`, `request_latencies`, `request_traces` and `request_progress`."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def behind(self) -> int:
        (count,) = self._execute(
            "SELECT max(0, (SELECT coalesce(max(id), 0) FROM http_requests) - summed) FROM request_progress"
        ).fetchone()
        return int(count)

    def advance(self, limit: int, at: int) -> int:
        (summed,) = self._execute("SELECT summed FROM request_progress").fetchone()
        count, last = self._execute(
            "SELECT count(*), max(id) FROM (SELECT id FROM http_requests WHERE id > ? ORDER BY id LIMIT ?)",
            (summed, limit),
        ).fetchone()
        if not count:
            return 0
        self._execute(_ROLLING)
        self._execute(_GATHER, (summed, last))
        for level, since, series in _LEVELS:
            for add in (_ADD_COUNTS, _ADD_LATENCIES):
                self._execute(add.format(level=level, since=since, series=series))
        self._execute(_ADD_SIZES, (summed, last))
        self._execute("DELETE FROM rolling")
        self._execute(_ADD_ARRIVALS, (at // HOUR_MS, last))
        self._execute(_ADD_TRACES, (summed, last))
        self._execute("UPDATE request_progress SET summed = ?", (last,))
        return int(count)

    def tidy(self, at: int, limit: int) -> None:
        for (project_id,) in self._execute("SELECT id FROM projects").fetchall():
            for level, unit, kept in _KEPT:
                values = {"level": level, "project": project_id, "before": (at - kept) // unit, "stride": _STRIDE}
                for table in ("request_counts", "request_latencies"):
                    self._execute(_FORGET.format(table=table), values)
        self._execute(_FORGET_ARRIVALS)
        self._tidy_traces(limit)

    def _tidy_traces(self, limit: int) -> None:
        """Drop segments of the index none of whose requests is left."""
        segment = self._execute("SELECT min(segment) FROM request_traces").fetchone()[0]
        last = self._execute("SELECT summed >> ? FROM request_progress", (SEGMENT_BITS,)).fetchone()[0]
        while segment is not None and segment < last and limit > 0:
            begin = segment << SEGMENT_BITS
            left = self._execute(
                "SELECT EXISTS (SELECT 1 FROM http_requests WHERE id >= ? AND id < ?)",
                (begin, begin + (1 << SEGMENT_BITS)),
            ).fetchone()[0]
            if not left:
                limit -= self._execute("DELETE FROM request_traces WHERE segment = ?", (segment,)).rowcount
            segment = self._execute("SELECT min(segment) FROM request_traces WHERE segment > ?", (segment,)).fetchone()[
                0
            ]

    def directions(self, project_id: int, since: int, until: int) -> dict[bool, Summed]:
        found = self._summed(project_id, parts_of(since, until), since, until, "series", "e.outbound", False)
        return {bool(direction): summed for direction, summed in found.items()}

    def endpoints(self, project_id: int, since: int, until: int, at: int) -> list[tuple[Endpoint, Summed]]:
        # A minute of spare: the clock of a tidying that has just begun may be a little ahead.
        parts = parts_of(since, until, at - ENDPOINT_MINUTES_KEPT_MS + HOUR_MS)
        found = self._summed(project_id, parts, since, until, "series", "r.endpoint_id", True)
        named = self._execute(
            "SELECT id, outbound, method, host, path FROM request_endpoints WHERE project_id = ?", (project_id,)
        ).fetchall()
        sums: dict[Endpoint, Summed] = {}
        for number, outbound, method, host, path in named:
            if number in found:
                endpoint, one = Endpoint(bool(outbound), method, host, path), found[number]
                other = sums.get(endpoint)
                sums[endpoint] = one if other is None else _joined(other, one)
        return list(sums.items())

    def series(self, project_id: int, since: int, step: int, count: int) -> list[Summed]:
        unit, word = (HOUR_MS, HOUR) if step % HOUR_MS == 0 else (MINUTE_MS, MINUTE)
        first, until = since // unit, since + step * count
        stretch = (first, until // unit)
        parts = Parts(stretch, (), ()) if unit == HOUR_MS else Parts((0, 0), (stretch,), ())
        per = step // unit
        key, one = f"(since - {first}) / {per}", f"({word.format('r.at')} - {first}) / {per}"
        found = self._summed(project_id, parts, since, until, key, one, False)
        return [found.get(number, Summed(Tally(), {})) for number in range(count)]

    def _summed(
        self, project_id: int, parts: Parts, since: int, until: int, key: str, key_of_one: str, of_endpoints: bool
    ) -> dict[int, Summed]:
        tallies = self._grouped(Source(key, key_of_one, of_endpoints), SUMS, "key", project_id, parts, since, until)
        latencies = self._grouped(
            Source(key, key_of_one, of_endpoints, latencies=True), "bucket, sum(requests)", "key, bucket",
            project_id, parts, since, until,
        )  # fmt: skip
        counted: dict[int, dict[int, int]] = {}
        for series, bucket, count in latencies:
            counted.setdefault(series, {})[bucket] = count
        return {series: Summed(Tally(*columns), counted.get(series, {})) for series, *columns in tallies}

    def _grouped(
        self, source: Source, columns: str, by: str, project_id: int, parts: Parts, since: int, until: int
    ) -> list[tuple[Any, ...]]:
        rows, values = source.rows(project_id, parts, since, until)
        return self._execute(f"SELECT key, {columns} FROM ({rows}) GROUP BY {by}", values).fetchall()


def _joined(one: Summed, other: Summed) -> Summed:
    return Summed(total((one.tally, other.tally)), merged((one.latencies, other.latencies)))
