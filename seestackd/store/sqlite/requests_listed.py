"""Pages of requests: the sums say in which hours the wanted ones are, so that only those hours are looked at."""

from collections.abc import Iterator
from typing import Any

from seestackd.core.monitor import HOUR_MS
from seestackd.core.rollups import ENDPOINT_MINUTES_KEPT_MS, parts_of
from seestackd.core.telemetry import HttpRequest
from seestackd.store.listings import Page
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.request_rows import HOUR, ROW, STATUS, STATUS_COLUMN, request_of
from seestackd.store.sqlite.request_sums import Source
from seestackd.store.telemetry import Wanted

MAX_LOOKED = 50_000

_ROWS = (
    f"SELECT {ROW} FROM http_requests r INDEXED BY http_requests_at"
    " CROSS JOIN request_endpoints e ON e.id = r.endpoint_id"
    " WHERE r.project_id = :project AND r.at >= :since AND r.at < :until {where}"
    " ORDER BY r.at DESC, r.id DESC LIMIT :limit OFFSET :offset"
)
_NEWEST = (
    "SELECT id FROM http_requests WHERE project_id = :project AND at >= :since AND at < :until"
    f" ORDER BY at DESC, id DESC LIMIT {MAX_LOOKED}"
)
_FOUND = (
    f" FROM ({_NEWEST}) newest CROSS JOIN http_requests r ON r.id = newest.id"
    " CROSS JOIN request_endpoints e ON e.id = r.endpoint_id WHERE true {where}"
)

Listed = tuple[list[tuple[int, HttpRequest]], int]


def listed(connection: WriteBehind, project_id: int, since: int, until: int, wanted: Wanted, page: Page) -> Listed:
    """Do what `store.telemetry.Telemetry.listed` says."""
    window = {"project": project_id, "since": since, "until": until}
    where, values = _conditions(wanted)
    if wanted.is_searched:
        return _searched(connection, where, {**window, **values}, page)
    hours = _hours(connection, project_id, since, until, wanted)
    rows: list[tuple[int, HttpRequest]] = []
    statement = _ROWS.format(where=where)
    for begin, end, skip in _stretches(hours, since, until, page.offset):
        more = {"since": begin, "until": end, "limit": page.limit - len(rows), "offset": skip}
        found = connection.execute(statement, {**window, **values, **more}).fetchall()
        rows += [request_of(row) for row in found]
        if len(rows) >= page.limit:
            break
    return rows, sum(hours.values())


def _searched(connection: WriteBehind, where: str, values: dict[str, Any], page: Page) -> Listed:
    found = _FOUND.format(where=where)
    (count,) = connection.execute(f"SELECT count(*){found}", values).fetchone()
    rows = connection.execute(
        f"SELECT {ROW}{found} ORDER BY r.at DESC, r.id DESC LIMIT :limit OFFSET :offset",
        {**values, "limit": page.limit, "offset": page.offset},
    ).fetchall()
    return [request_of(row) for row in rows], count


def _conditions(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Return what a request `r` of endpoint `e` must meet."""
    where, values = _of_endpoint(wanted)
    if wanted.status is not None:
        where.append(STATUS[wanted.status])
    if wanted.user_id is not None:
        where.append("r.user_id = :user")
        values["user"] = wanted.user_id
    if wanted.path is not None:
        where.append("(instr(lower(e.path), :path) OR r.path IS NOT NULL AND instr(lower(r.path), :path))")
        values["path"] = wanted.path.lower()
    return "".join(f" AND {condition}" for condition in where), values


def _of_endpoint(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    asked = {"outbound": wanted.outbound, "method": wanted.method, "host": wanted.host}
    values = {name: value for name, value in asked.items() if value is not None}
    return [f"e.{name} = :{name}" for name in values], values


def _hours(connection: WriteBehind, project_id: int, since: int, until: int, wanted: Wanted) -> dict[int, int]:
    """Return how many wanted requests there are in each hour (counted from 1970) that has any."""
    conditions, values = _of_endpoint(wanted)
    counted = "requests" if wanted.status is None else STATUS_COLUMN[wanted.status]
    by_endpoint = wanted.method is not None or wanted.host is not None
    named = " AND ".join(["e.project_id = :project", *conditions])
    where = f"AND series IN (SELECT e.id FROM request_endpoints e WHERE {named})" if by_endpoint else ""
    if not by_endpoint and wanted.outbound is not None:
        where = "AND series = :outbound"
    source = Source(
        "since / {unit}", HOUR.format("r.at"), by_endpoint, where=where,
        where_one="".join(f" AND {condition}" for condition in conditions),
    )  # fmt: skip
    newest = connection.execute(
        "SELECT max(since) FROM request_counts WHERE level = 3 AND project_id = ?", (project_id,)
    ).fetchone()[0]
    minutes_from = (newest or 0) * 60_000 - ENDPOINT_MINUTES_KEPT_MS + HOUR_MS if by_endpoint else None
    parts = parts_of(since, until, minutes_from)
    rows, more = source.rows(project_id, parts, since, until)
    found = connection.execute(
        f"SELECT key, sum({counted}) FROM ({rows}) GROUP BY key ORDER BY key DESC", {**more, **values}
    ).fetchall()
    return {hour: count for hour, count in found if count}


def _stretches(hours: dict[int, int], since: int, until: int, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield (since, until, rows to skip) of the hours that hold rows after the first `offset`, the newest first."""
    for hour, count in hours.items():
        if offset >= count:
            offset -= count
            continue
        yield max(since, hour * HOUR_MS), min(until, (hour + 1) * HOUR_MS), offset
        offset = 0
