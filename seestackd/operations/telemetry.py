"""HTTP requests: stored in batches, asked for by time or trace."""

from dataclasses import dataclass

from seestackd.core.telemetry import HttpRequest
from seestackd.store.interface import Transaction


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


def store(tx: Transaction, command: StoreRequests, at: int) -> int:
    """Store the batch and return how many requests it holds."""
    tx.telemetry.append(command.project_id, command.requests)
    return len(command.requests)


def requests_between(tx: Transaction, command: RequestsBetween, at: int) -> list[HttpRequest]:
    """Return the requests, the newest first."""
    return tx.telemetry.between(command.project_id, command.since, command.until, command.limit)


def requests_by_trace(tx: Transaction, command: RequestsByTrace, at: int) -> list[HttpRequest]:
    """Return the requests, the oldest first."""
    return tx.telemetry.by_trace(command.project_id, command.trace_id, command.limit)
