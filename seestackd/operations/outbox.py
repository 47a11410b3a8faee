"""Alerts on their way: claim a lane, settle what was sent, list and test (semantics.md 8)."""

from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.incidents import SEVERITY, Alert, AlertKind, OutboxRow
from seestackd.core.retry import MESSAGE_FAULTS, falls_back, next_attempt, next_probe
from seestackd.errors import NotFound
from seestackd.store.interface import Attempt, Transaction

CLAIM_LIMITS = 3
ROWS_PER_CLAIM = 20
ATTEMPTS_SHOWN = 50


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
    """What became of one sending; `hopeless` failures are not tried again.

    `fallback` is the channel that gets the message when this one gives it up or has failed for 5 minutes.
    """

    row_id: int
    owner: str
    limit_ms: int
    ok: bool
    duration_ms: int
    error: str | None = None
    status: int | None = None
    retry_after_ms: int | None = None
    hopeless: bool = False
    fallback: str | None = None


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
    """Take the lane when a row is due, or a probe of a failing channel; without a row the lane is left free."""
    outbox, channel = tx.outbox, command.channel
    for row_id in outbox.overtaken(channel):
        outbox.settle(row_id, "superseded", "told in one message with the recovery", at)
    probe_at = outbox.health(channel).probe_at
    rows = outbox.due(channel, at, ROWS_PER_CLAIM)
    oldest = outbox.oldest_failed(channel) if probe_at is not None and not rows else None
    if oldest is not None and probe_at is not None and probe_at <= at:
        rows = [oldest]
    if not rows:
        outbox.release(channel, command.owner)
        waits = [outbox.next_due(channel), probe_at if oldest is not None else None]
        next_at = min((wait for wait in waits if wait is not None), default=None)
        return Claimed((), None if next_at is None else max(0, next_at - at))
    if not outbox.claim(channel, command.owner, at, at + CLAIM_LIMITS * command.limit_ms):
        return Claimed((), command.limit_ms)
    return Claimed(tuple(_brought_up_to_date(tx, row) for row in rows), 0)


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
        tx.outbox.mend_lane(channel, at)
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


def waiting_since(tx: Transaction, command: None, at: int) -> int | None:
    """Return since when (ms UTC) the alert that waits longest could have been sent; None when none waits."""
    return tx.outbox.waiting_since()


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
    return AlertView(_existing(tx, command.row_id), tuple(tx.outbox.attempts_of(command.row_id, ATTEMPTS_SHOWN)))


def _existing(tx: Transaction, row_id: int) -> OutboxRow:
    row = tx.outbox.by_id(row_id)
    if row is None:
        raise NotFound(f"There is no alert with the number {row_id}")
    return row


def _brought_up_to_date(tx: Transaction, row: OutboxRow) -> OutboxRow:
    """Add what the text must know of the incident since: that it closed, or that its opening was never told here."""
    alert, incident = row.alert, None
    if alert.incident_id is not None:
        incident = tx.incidents.by_id(alert.incident_id)
    if incident is None or incident.closed_at is None:
        return row
    news: dict[str, Any] = {"closed_at": incident.closed_at}
    if alert.kind is AlertKind.RECOVERED:
        news = {"opening_untold": not tx.outbox.told(incident.id, alert.channel)}
    return replace(row, alert=replace(alert, facts={**alert.facts, **news}))


def _decide_failed(tx: Transaction, row: OutboxRow, command: SettleDelivery, at: int) -> None:
    channel, tried = row.alert.channel, tx.outbox.tried(row.id)
    reason = command.error or "the channel gave no reason"
    if not command.hopeless and command.status not in MESSAGE_FAULTS:
        tx.outbox.fail_lane(channel, at, next_probe(at, command.retry_after_ms))
    again_at = None
    if not command.hopeless and row.alert.kind is not AlertKind.TEST:
        again_at = next_attempt(tried.count, tried.statuses, tried.first_at, at, command.retry_after_ms)
    if again_at is None:
        plural = "" if tried.count == 1 else "s"
        tx.outbox.settle(row.id, "dead", f"given up after {tried.count} attempt{plural}: {reason}", at)
    else:
        tx.outbox.postpone(row.id, again_at, reason)
    if again_at is None or falls_back(tx.outbox.health(channel).failing_since, at):
        _fall_back(tx, row, command.fallback, reason, at)


def _fall_back(tx: Transaction, row: OutboxRow, fallback: str | None, reason: str, at: int) -> None:
    """Give the message to the fallback channel too, once; a message that fell back already goes no further."""
    alert = row.alert
    if fallback is None or fallback == alert.channel or alert.kind is AlertKind.TEST or "instead_of" in alert.facts:
        return
    if tx.outbox.hand_over(row.id, at):
        facts = {**alert.facts, "instead_of": alert.channel, "instead_because": reason}
        tx.outbox.put([replace(alert, channel=fallback, facts=facts, next_attempt_at=None)], at)
