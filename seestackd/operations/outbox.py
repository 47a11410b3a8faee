"""Alerts on their way: claim a lane, settle what was sent, list and test (semantics.md 8)."""

from dataclasses import dataclass

from seestackd.core.incidents import SEVERITY, Alert, AlertKind, OutboxRow
from seestackd.core.retry import next_attempt
from seestackd.errors import NotFound
from seestackd.store.interface import Attempt, Transaction

CLAIM_LIMITS = 3
ROWS_PER_CLAIM = 20


@dataclass(frozen=True, slots=True)
class ClaimLane:
    """Ask for the due rows of a channel; a send takes `limit_ms` at most, a claim lasts three of them."""

    channel: str
    owner: str
    limit_ms: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Rows to send now, in order, and the milliseconds until the next one is due (None: none is waiting)."""

    rows: tuple[OutboxRow, ...]
    wait_ms: int | None


@dataclass(frozen=True, slots=True)
class SettleDelivery:
    """What became of one sending; `hopeless` failures are not tried again."""

    row_id: int
    owner: str
    limit_ms: int
    ok: bool
    duration_ms: int
    error: str | None = None
    status: int | None = None
    retry_after_ms: int | None = None
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseLane:
    """Give the lane back without waiting for the claim to expire."""

    channel: str
    owner: str


@dataclass(frozen=True, slots=True)
class QueueTest:
    """Ask for a test message; `example` is the title of an alert as it would look."""

    channel: str
    sent_by: str | None = None
    example: str | None = None


@dataclass(frozen=True, slots=True)
class ListAlerts:
    """Ask for the newest alerts; `state` is pending, delivered, superseded or dead."""

    limit: int = 50
    state: str | None = None


@dataclass(frozen=True, slots=True)
class ShowAlert:
    """Ask for one alert."""

    row_id: int


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert with every attempt to send it, oldest first."""

    row: OutboxRow
    attempts: tuple[Attempt, ...]


def claim_lane(tx: Transaction, command: ClaimLane, at: int) -> Claimed:
    """Take the lane when a row is due; without a due row the lane is left free."""
    outbox = tx.outbox
    rows = outbox.due(command.channel, at, ROWS_PER_CLAIM)
    if not rows:
        outbox.release(command.channel, command.owner)
        next_at = outbox.next_due(command.channel)
        return Claimed((), None if next_at is None else max(0, next_at - at))
    if not outbox.claim(command.channel, command.owner, at, at + CLAIM_LIMITS * command.limit_ms):
        return Claimed((), command.limit_ms)
    return Claimed(tuple(rows), 0)


def settle_delivery(tx: Transaction, command: SettleDelivery, at: int) -> OutboxRow:
    """Record the attempt and decide: delivered, again later, or dead.

    A success counts whoever reports it. A failure reported after the lane went to another owner is recorded only: what
    happens next is the new owner's to say. Raises NotFound.
    """
    row = _existing(tx, command.row_id)
    if row.state != "pending":
        return row
    begun_at = at - command.duration_ms
    result = "delivered" if command.ok else "failed"
    tx.outbox.record_attempt(row.id, Attempt(begun_at, command.duration_ms, result, command.error, command.status))
    channel = row.alert.channel
    if command.ok:
        tx.outbox.settle(row.id, "delivered", "delivered", at)
    elif tx.outbox.holds(channel, command.owner):
        _decide_failed(tx, row, command, at)
    if tx.outbox.holds(channel, command.owner):
        tx.outbox.claim(channel, command.owner, at, at + CLAIM_LIMITS * command.limit_ms)
    return _existing(tx, row.id)


def release_lane(tx: Transaction, command: ReleaseLane, at: int) -> None:
    """Free the lane for any other owner."""
    tx.outbox.release(command.channel, command.owner)


def void_claims(tx: Transaction, command: None, at: int) -> int:
    """Free every lane at a start: the database lock proves that no other owner lives. Returns how many were claimed."""
    return tx.outbox.void_claims()


def waiting_channels(tx: Transaction, command: None, at: int) -> list[str]:
    """Return the channels for which alerts wait."""
    return tx.outbox.waiting_channels()


def queue_test(tx: Transaction, command: QueueTest, at: int) -> int:
    """Queue a test message and return the id of its row; it is tried once, for somebody is waiting for the answer."""
    facts = {"channel": command.channel, "sent_by": command.sent_by, "at": at, "example": command.example}
    alert = Alert(tx.new_id(), command.channel, AlertKind.TEST, SEVERITY[AlertKind.TEST], facts)
    return tx.outbox.put([alert], at)[0]


def listed(tx: Transaction, command: ListAlerts, at: int) -> list[OutboxRow]:
    """Return the newest alerts first."""
    return tx.outbox.listed(command.limit, command.state)


def shown(tx: Transaction, command: ShowAlert, at: int) -> AlertView:
    """Return one alert with its attempts. Raises NotFound."""
    return AlertView(_existing(tx, command.row_id), tuple(tx.outbox.attempts_of(command.row_id)))


def _existing(tx: Transaction, row_id: int) -> OutboxRow:
    row = tx.outbox.by_id(row_id)
    if row is None:
        raise NotFound(f"There is no alert with the number {row_id}")
    return row


def _decide_failed(tx: Transaction, row: OutboxRow, command: SettleDelivery, at: int) -> None:
    tries = tx.outbox.attempts_of(row.id)
    reason = command.error or "the channel gave no reason"
    statuses = [attempt.status for attempt in tries]
    again_at = None
    if not command.hopeless and row.alert.kind is not AlertKind.TEST:
        again_at = next_attempt(statuses, tries[0].at, at, command.retry_after_ms)
    if again_at is None:
        plural = "" if len(tries) == 1 else "s"
        tx.outbox.settle(row.id, "dead", f"given up after {len(tries)} attempt{plural}: {reason}", at)
    else:
        tx.outbox.postpone(row.id, again_at, reason)
