"""HTTP requests that programs served and made: figures, endpoints, hosts, a list, and one trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from seestackd.core.monitor import HOUR_MS, MINUTE_MS
from seestackd.core.runs import Run
from seestackd.core.telemetry import OfRun, Tally, of_run, percent, percentile
from seestackd.core.waterfall import waterfall
from seestackd.errors import NotFound
from seestackd.operations import telemetry
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.telemetry import Wanted
from seestackd.web.pages import traffic
from seestackd.web.pages.incidents import page_number
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site
from seestackd.web.pages.wording import about

PER_PAGE = 50
ENDPOINTS_SHOWN = 200
HOSTS_SHOWN = 200
OF_TRACE = 500
RUNS_SHOWN = 5
STATUSES = {"2xx": 2, "3xx": 3, "4xx": 4, "5xx": 5, "none": 0}
FILTERS = ("direction", "method", "status", "host", "path", "user")


@dataclass(frozen=True, slots=True)
class Range:
    """A window up to now: `step` is what one column of the charts stands for, `every` the lines of their clock; ms."""

    length: int
    step: int
    every: int


RANGES = {
    "1h": Range(HOUR_MS, MINUTE_MS, 10 * MINUTE_MS),
    "24h": Range(24 * HOUR_MS, 15 * MINUTE_MS, 4 * HOUR_MS),
    "7d": Range(168 * HOUR_MS, 2 * HOUR_MS, 24 * HOUR_MS),
}


async def shown(site: Site, visit: Visit) -> web.StreamResponse:
    """Show the requests of the last hour, day or week."""
    chosen = visit.query("range") if visit.query("range") in RANGES else "24h"
    tab = visit.query("show") if visit.query("show") in _TABS else "requests"
    query = {name: visit.query(name).strip() for name in FILTERS if visit.query(name).strip()}
    number = page_number(visit)

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        span = RANGES[chosen]
        until = (at // span.step + 1) * span.step
        window = (until - span.length, until)
        sums = telemetry.SumRequests(visit.project_id, *window)
        by_direction = telemetry.directions(tx, sums, at)
        of_series = telemetry.SeriesOf(visit.project_id, window[0], span.step, span.length // span.step)
        points = telemetry.series(tx, of_series, at)
        command = telemetry.ListRequests(
            visit.project_id, *window, Page((number - 1) * PER_PAGE, PER_PAGE), wanted_of(query)
        )
        return {
            "summed": telemetry.joined(list(by_direction.values())),
            "inbound": by_direction[False].tally.requests,
            "outbound": by_direction[True].tally.requests,
            "rates": traffic.requests(points, span.step),
            "latencies": traffic.latencies(points),
            "numbers": traffic.numbers(points, window[0], span.step),
            "clock": _clock(*window, span.every),
            **_TABS[tab](tx, sums, command, at),
        }

    return await site.show(
        visit, "http.html", read, chosen=chosen, ranges=tuple(RANGES), tab=tab, query=query, page=number,
        per_page=PER_PAGE, percent=percent, percentile=percentile, classes=traffic.CLASSES,
    )  # fmt: skip


def wanted_of(query: dict[str, str]) -> Wanted:
    """Return which requests the filters of the page ask for; a filter that says nothing known leaves it open."""
    direction, method = query.get("direction"), query.get("method")
    return Wanted(
        outbound=direction == "outbound" if direction in ("inbound", "outbound") else None,
        method=method.upper() if method else None,
        status=STATUSES.get(query.get("status", "")),
        host=query.get("host"),
        path=query.get("path"),
        user_id=query.get("user"),
    )


def _requests(tx: Transaction, sums: telemetry.SumRequests, command: telemetry.ListRequests, at: int) -> dict[str, Any]:
    rows, total = telemetry.listed(tx, command, at)
    return {"rows": [request for _, request in rows], "total": total}


def _endpoints(
    tx: Transaction, sums: telemetry.SumRequests, command: telemetry.ListRequests, at: int
) -> dict[str, Any]:
    found = telemetry.endpoints(tx, sums, at)
    return {"endpoints": found[:ENDPOINTS_SHOWN], "total": len(found)}


def _hosts(tx: Transaction, sums: telemetry.SumRequests, command: telemetry.ListRequests, at: int) -> dict[str, Any]:
    found = sorted(telemetry.hosts(tx, sums, at), key=lambda each: -_bad(each.summed.tally))
    return {"hosts": found[:HOSTS_SHOWN], "total": len(found)}


def _bad(tally: Tally) -> int:
    """Return how many got an error or no answer: a host that never answers is the worst of all."""
    return tally.errors + tally.silent


_TABS = {"requests": _requests, "endpoints": _endpoints, "hosts": _hosts}


async def trace(site: Site, visit: Visit) -> web.StreamResponse:
    """Show the requests that carry one trace, on one clock."""
    name = visit.part("trace")

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        found = telemetry.traced(tx, telemetry.RequestsByTrace(visit.project_id, name, OF_TRACE), at)
        if not found:
            raise NotFound(f"No request of the trace {name[:80]} is stored")
        return {"trace": name, "fall": waterfall(found), "said": of_run(request for _, request in found)}

    return await site.show(visit, "trace.html", read, most=OF_TRACE, apart=lambda ms: about(abs(ms)))


def of_runs(tx: Transaction, project_id: int, uid: str, runs: Sequence[Run], at: int) -> list[tuple[Run, OfRun]]:
    """Return the newest runs that carry a trace, with what is to be said of their requests."""
    traced = [run for run in runs if run.trace_id][:RUNS_SHOWN]
    commands = [telemetry.RequestsOfRun(project_id, uid, run.id, 0) for run in traced]
    return [(run, telemetry.of_a_run(tx, command, at)[1]) for run, command in zip(traced, commands, strict=True)]


def _clock(since: int, until: int, every: int) -> list[tuple[int, int]]:
    """Return (instant, per mille of the width) of the lines of the clock."""
    first = -(-since // every) * every
    return [(at, round((at - since) * 1000 / (until - since))) for at in range(first, until, every)]
