"""HTTP requests: stored in batches, summed up in the background, asked for by time, trace and endpoint."""

from dataclasses import dataclass, field

from seestackd.core.events import RequestsStored
from seestackd.core.telemetry import Endpoint, HttpRequest, OfRun, Tally, merged, of_run, total
from seestackd.errors import NotFound
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.telemetry import Summed, Wanted

ROLLED_AT_ONCE = 1_000
SUMMED_OF_RUN = 1_000


@dataclass(frozen=True, slots=True)
class StoreRequests:
    """A batch of requests, masked already; all of it is stored, or nothing."""

    project_id: int
    requests: tuple[HttpRequest, ...]


@dataclass(frozen=True, slots=True)
class RequestsBetween:
    """Requests of `since <= at < until` (ms UTC)."""

    project_id: int
    since: int
    until: int
    limit: int = 200


@dataclass(frozen=True, slots=True)
class RequestsByTrace:
    """Requests of one trace."""

    project_id: int
    trace_id: str
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListRequests:
    """A page of the wanted requests of `since <= at < until` (ms UTC)."""

    project_id: int
    since: int
    until: int
    page: Page
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True)
class SumRequests:
    """Sums over the requests of `since <= at < until` (ms UTC)."""

    project_id: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class SeriesOf:
    """Sums over `count` stretches of `step` ms in a row, the first of which begins at `since`: a whole minute or hour.

    Steps are whole minutes, from one hour on whole hours.
    """

    project_id: int
    since: int
    step: int
    count: int


@dataclass(frozen=True, slots=True)
class RequestsOfRun:
    """The requests that carry the trace of a run of a monitor, which is named by its uid."""

    project_id: int
    monitor_uid: str
    run_id: int
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RollUp:
    """Add at most `limit` requests to the sums."""

    limit: int = ROLLED_AT_ONCE


@dataclass(frozen=True, slots=True)
class HostSum:
    """What was asked of one host."""

    host: str
    summed: Summed


def store(tx: Transaction, command: StoreRequests, at: int) -> int:
    """Store the batch and return how many requests it holds."""
    tx.telemetry.append(command.project_id, command.requests)
    tx.announce(RequestsStored(command.project_id))
    return len(command.requests)


def requests_between(tx: Transaction, command: RequestsBetween, at: int) -> list[HttpRequest]:
    """Return the requests, the newest first."""
    return tx.telemetry.between(command.project_id, command.since, command.until, command.limit)


def requests_by_trace(tx: Transaction, command: RequestsByTrace, at: int) -> list[HttpRequest]:
    """Return the requests, the oldest first."""
    return [request for _, request in traced(tx, command, at)]


def traced(tx: Transaction, command: RequestsByTrace, at: int) -> list[tuple[int, HttpRequest]]:
    """Return the requests with their ids, the oldest first."""
    return tx.telemetry.by_trace(command.project_id, command.trace_id, command.limit)


def listed(tx: Transaction, command: ListRequests, at: int) -> tuple[list[tuple[int, HttpRequest]], int]:
    """Return a page of requests with their ids, the newest first, and how many there are."""
    return tx.telemetry.listed(command.project_id, command.since, command.until, command.wanted, command.page)


def directions(tx: Transaction, command: SumRequests, at: int) -> dict[bool, Summed]:
    """Return the sums of what was asked of the programs (False) and by them (True)."""
    found = tx.rollups.directions(command.project_id, command.since, command.until)
    return {outbound: found.get(outbound, Summed(Tally(), {})) for outbound in (False, True)}


def endpoints(tx: Transaction, command: SumRequests, at: int) -> list[tuple[Endpoint, Summed]]:
    """Return the sums by endpoint, the most requested first."""
    found = tx.rollups.endpoints(command.project_id, command.since, command.until, at)
    return sorted(found, key=lambda each: (-each[1].tally.requests, each[0]))


def hosts(tx: Transaction, command: SumRequests, at: int) -> list[HostSum]:
    """Return the sums of outbound requests by host, the most failed (400 and above) first, then the busiest."""
    by_host: dict[str, list[Summed]] = {}
    for endpoint, summed in tx.rollups.endpoints(command.project_id, command.since, command.until, at):
        if endpoint.outbound:
            by_host.setdefault(endpoint.host, []).append(summed)
    sums = [HostSum(host, joined(many)) for host, many in by_host.items()]
    return sorted(sums, key=lambda each: (-each.summed.tally.errors, -each.summed.tally.requests, each.host))


def of_a_run(
    tx: Transaction, command: RequestsOfRun, at: int
) -> tuple[str | None, OfRun, list[tuple[int, HttpRequest]]]:
    """Return a run's trace id, what is to be said of its requests, and the requests, oldest first. Raises NotFound."""
    run = tx.runs.by_id(command.run_id)
    monitor = tx.monitors.by_id(run.monitor_id) if run is not None else None
    if run is None or monitor is None or (monitor.uid, monitor.project_id) != (command.monitor_uid, command.project_id):
        raise NotFound(f"Run not found: {command.run_id}")
    found = tx.telemetry.by_trace(command.project_id, run.trace_id, SUMMED_OF_RUN) if run.trace_id else []
    return run.trace_id, of_run(request for _, request in found), found[: command.limit]


def series(tx: Transaction, command: SeriesOf, at: int) -> list[Summed]:
    """Return the sums of each stretch, the oldest first."""
    return tx.rollups.series(command.project_id, command.since, command.step, command.count)


def joined(many: list[Summed]) -> Summed:
    """Add sums up."""
    return Summed(total(each.tally for each in many), merged(each.latencies for each in many))


def roll_up(tx: Transaction, command: RollUp, at: int) -> int:
    """Add the next requests to the sums; returns how many wait still."""
    return tx.rollups.behind() if tx.rollups.advance(command.limit, at) == command.limit else 0
