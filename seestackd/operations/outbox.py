"""Alerts on their way: settle what was sent, list, test, send again (semantics.md 8)."""

from dataclasses import dataclass, replace

from seestackd.core.alerts import hearers
from seestackd.core.digest import OUTSIDE_BUDGET, after_digest, after_singles, refreshed
from seestackd.core.events import AlertSettled
from seestackd.core.incidents import SEVERITY, Alert, AlertKind, OutboxRow
from seestackd.core.retry import MESSAGE_FAULTS, falls_back, next_attempt, next_probe
from seestackd.errors import Conflict, NotFound
from seestackd.operations.lanes import CLAIM_LIMITS
from seestackd.store.interface import Attempt, Transaction

INSTEAD_OF = "instead_of"
ATTEMPTS_SHOWN = 50
NOTICE_EVERY_MS = 3_600_000


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
class AlertLog:
    """Ask for alerts of a project and of none, the newest first, older than the number `before`.

    `state` as in ListAlerts; the dead are those of every project that nobody has put away.
    """

    project_id: int
    state: str | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ShowAlert:
    """Ask for one alert."""

    row_id: int


@dataclass(frozen=True, slots=True)
class AckDead:
    """Somebody has seen that an alert was given up."""

    row_id: int


@dataclass(frozen=True, slots=True)
class Resend:
    """Send an alert again that was given up."""

    row_id: int


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert with every attempt to send it, oldest first."""

    row: OutboxRow
    attempts: tuple[Attempt, ...]


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
    channel, lanes = row.alert.channel, tx.outbox.lanes
    tx.announce(AlertSettled(channel))
    if command.ok:
        _delivered(tx, row, at)
    elif lanes.holds(channel, command.owner):
        _decide_failed(tx, row, command, at)
    if lanes.holds(channel, command.owner):
        lanes.claim(channel, command.owner, at, at + CLAIM_LIMITS * command.limit_ms)
    return _existing(tx, row.id)


def waiting_since(tx: Transaction, command: None, at: int) -> int | None:
    """Return since when (ms UTC) the alert that waits longest could have been sent; None when none waits."""
    return tx.outbox.waiting_since()


def queue_test(tx: Transaction, command: QueueTest, at: int) -> int:
    """Queue a test message and return the id of its row; it is tried once, for somebody is waiting for the answer."""
    facts = {"channel": command.channel, "sent_by": command.sent_by, "at": at, "example": command.example}
    alert = Alert(tx.new_id(), command.channel, AlertKind.TEST, SEVERITY[AlertKind.TEST], facts)
    return tx.outbox.put([alert], at)[0]


def ack_dead(tx: Transaction, command: AckDead, at: int) -> OutboxRow:
    """Put a dead alert out of sight. Raises NotFound, and Conflict when it is not dead."""
    row = _dead(tx, command.row_id)
    if row.acknowledged_at is None:
        tx.announce(AlertSettled(row.alert.channel))
        tx.outbox.acknowledge(row.id, at)
        tx.outbox.digests.acknowledge(row.id, at)
    return _existing(tx, row.id)


def resend(tx: Transaction, command: Resend, at: int) -> int:
    """Queue a dead alert again, with the same alert id and all its tries before it; returns the new row's id.

    Raises NotFound, and Conflict when it is not dead.
    """
    row = _dead(tx, command.row_id)
    (again,) = tx.outbox.put([replace(row.alert, next_attempt_at=None)], at)
    tx.outbox.tell_alone([again])
    ack_dead(tx, AckDead(row.id), at)
    return again


def listed(tx: Transaction, command: ListAlerts, at: int) -> list[OutboxRow]:
    """Return the newest alerts first."""
    return tx.outbox.listed(command.limit, command.state)


def log(tx: Transaction, command: AlertLog, at: int) -> tuple[list[OutboxRow], bool]:
    """Return a page of the alert log, and whether there are older ones."""
    found = tx.outbox.log(command.project_id, command.state, command.before, command.limit + 1)
    return found[: command.limit], len(found) > command.limit


def shown(tx: Transaction, command: ShowAlert, at: int) -> AlertView:
    """Return one alert with its attempts, or those of the digest that tells it. Raises NotFound."""
    row = _existing(tx, command.row_id)
    return AlertView(row, tuple(tx.outbox.attempts_of(row.told_by or row.id, ATTEMPTS_SHOWN)))


def _existing(tx: Transaction, row_id: int) -> OutboxRow:
    row = tx.outbox.by_id(row_id)
    if row is None:
        raise NotFound(f"There is no alert with the number {row_id}; list them with: seestackd alert ls")
    return row


def _dead(tx: Transaction, row_id: int) -> OutboxRow:
    row = _existing(tx, row_id)
    if row.state != "dead":
        raise Conflict(f"alert {row_id} is {row.state}, not dead; list the dead ones with: seestackd alert ls")
    return row


def _delivered(tx: Transaction, row: OutboxRow, at: int) -> None:
    channel, outbox = row.alert.channel, tx.outbox
    outbox.settle(row.id, "delivered", "delivered", at)
    if row.alert.kind is AlertKind.DIGEST:
        outbox.digests.settle(row.id, "delivered", f"told in digest {row.alert.alert_id[-8:]}", at)
    if row.told_by != row.id:
        # A retry, which went whatever the budget said: what follows has to reckon with it.
        outbox.tell_alone([row.id])
        budget = refreshed(outbox.lanes.budget(channel), at)
        spent = after_digest(at) if row.alert.kind is AlertKind.DIGEST else after_singles(budget, 1, at)
        outbox.lanes.spend(channel, spent)
    outbox.lanes.mend(channel, at)


def _decide_failed(tx: Transaction, row: OutboxRow, command: SettleDelivery, at: int) -> None:
    channel, tried = row.alert.channel, tx.outbox.tried(row.id)
    reason = command.error or "the channel gave no reason"
    if not command.hopeless and command.status not in MESSAGE_FAULTS:
        tx.outbox.lanes.fail(channel, at, next_probe(at, command.retry_after_ms))
    again_at = None
    if not command.hopeless and row.alert.kind is not AlertKind.TEST:
        again_at = next_attempt(tried.count, tried.statuses, tried.first_at, at, command.retry_after_ms)
    if again_at is None:
        plural = "" if tried.count == 1 else "s"
        _bury(tx, row, f"given up after {tried.count} attempt{plural}: {reason}", at)
    else:
        tx.outbox.postpone(row.id, again_at, reason, alone=_stands_alone(row))
    if again_at is None or falls_back(tx.outbox.lanes.health(channel).failing_since, at):
        _fall_back(tx, row, command.fallback, reason, at)


def _stands_alone(row: OutboxRow) -> bool:
    """Return whether no digest may tell it; a digest that stands in for another channel's has nobody's rows to free."""
    alert = row.alert
    return alert.kind in OUTSIDE_BUDGET or (alert.kind is AlertKind.DIGEST and INSTEAD_OF in alert.facts)


def _bury(tx: Transaction, row: OutboxRow, result: str, at: int) -> None:
    """End a row that nobody will hear, and tell the other default channels, once per hour and dead channel."""
    tx.outbox.settle(row.id, "dead", result, at)
    if row.alert.kind is AlertKind.DIGEST:
        tx.outbox.digests.settle(row.id, "dead", result, at)
    channel = row.alert.channel
    noticed = tx.outbox.noticed_since(at - NOTICE_EVERY_MS)
    if row.alert.kind in OUTSIDE_BUDGET or any(notice.alert.facts.get("channel") == channel for notice in noticed):
        return
    facts = {
        **{
            name: row.alert.facts[name]
            for name in ("slug", "name", "timezone", "counts", "project", "projects")
            if name in row.alert.facts
        },
        "channel": channel,
        "kind": row.alert.kind.value,
        "created_at": row.created_at,
        "reason": result,
        "row_id": row.id,
        "at": at,
    }
    kind = AlertKind.DEAD_LETTER
    others = tuple(other for other in tx.routing.default_channels if other != channel)
    # Its death is news to whom the alert itself would have been.
    told = [hearer for hearer in hearers(tx.routing, others, kind, row.alert.severity, None, at) if hearer.told]
    notices = [
        Alert(tx.new_id(), hearer.channel, kind, SEVERITY[kind], facts, next_attempt_at=hearer.not_before)
        for hearer in told
    ]
    tx.outbox.put(notices, at)


def _fall_back(tx: Transaction, row: OutboxRow, fallback: str | None, reason: str, at: int) -> None:
    """Give the message to the fallback channel too, once; a message that fell back already goes no further."""
    alert = row.alert
    if fallback is None or fallback == alert.channel or alert.kind is AlertKind.TEST or INSTEAD_OF in alert.facts:
        return
    if tx.outbox.hand_over(row.id, at):
        facts = {**alert.facts, INSTEAD_OF: alert.channel, "instead_because": reason}
        copy = replace(alert, channel=fallback, facts=facts, next_attempt_at=None)
        copies = tx.outbox.put([copy], at)
        if alert.kind is AlertKind.DIGEST:
            tx.outbox.tell_alone(copies)
