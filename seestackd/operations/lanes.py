"""Claiming a channel's lane: what is sent next, and when (semantics.md 8)."""

from dataclasses import dataclass

from seestackd.core.digest import SINGLES, after_digest, after_singles, digest_at, refreshed, singles_left
from seestackd.core.incidents import OutboxRow
from seestackd.operations.digests import brought_up_to_date, gather
from seestackd.store.interface import Transaction

CLAIM_LIMITS = 3
ROWS_PER_CLAIM = 20


@dataclass(frozen=True, slots=True)
class ClaimLane:
    """Ask for the due rows of a channel; a send takes `limit_ms` at most, a claim lasts three of them.

    `digest` is how many messages go out on their own before a storm comes in digests. A channel that `resolves`
    closes at its service what it opened there, so the recoveries of what it was told alone never wait.
    """

    channel: str
    owner: str
    limit_ms: int
    digest: int = SINGLES
    resolves: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """Rows to send now, in order, and the milliseconds until the next one is due (None: none is waiting)."""

    rows: tuple[OutboxRow, ...]
    wait_ms: int | None


@dataclass(frozen=True, slots=True)
class ReleaseLane:
    """Give the lane back without waiting for the claim to expire."""

    channel: str
    owner: str


def claim_lane(tx: Transaction, command: ClaimLane, at: int) -> Claimed:
    """Take the lane when something is to be sent: a row, a digest, or a probe of a failing channel."""
    lanes, channel = tx.outbox.lanes, command.channel
    if not lanes.claim(channel, command.owner, at, at + CLAIM_LIMITS * command.limit_ms):
        return Claimed((), command.limit_ms)
    rows = _decided(tx, channel, at)
    waits: list[int | None] = []
    if not rows:
        rows, told_at = _budgeted(tx, command, at)
        waits.append(told_at)
    if rows:
        return Claimed(tuple(brought_up_to_date(tx, row) for row in rows), 0)
    lanes.release(channel, command.owner)
    probed = tx.outbox.oldest_failed(channel) is not None
    waits += [tx.outbox.next_due(channel, at), lanes.health(channel).probe_at if probed else None]
    next_at = min((wait for wait in waits if wait is not None), default=None)
    return Claimed((), None if next_at is None else max(0, next_at - at))


def release_lane(tx: Transaction, command: ReleaseLane, at: int) -> None:
    """Free the lane for any other owner."""
    tx.outbox.lanes.release(command.channel, command.owner)


def void_claims(tx: Transaction, command: None, at: int) -> int:
    """Free every lane at a start: the database lock proves that no other owner lives. Returns how many were claimed."""
    return tx.outbox.lanes.void_claims()


def waiting_channels(tx: Transaction, command: None, at: int) -> list[str]:
    """Return the channels for which alerts wait."""
    return tx.outbox.waiting_channels()


def _decided(tx: Transaction, channel: str, at: int) -> list[OutboxRow]:
    """Return what goes whatever the budget says: what it paid for already, and retries of a failing channel."""
    alone = tx.outbox.alone(channel, at, ROWS_PER_CLAIM)
    if alone:
        return alone
    probe_at = tx.outbox.lanes.health(channel).probe_at
    if probe_at is None:
        return []
    # One at a time: its success ends the outage, and what follows is a storm like any other.
    row = tx.outbox.retried(channel, at) or (tx.outbox.oldest_failed(channel) if probe_at <= at else None)
    return [row] if row is not None else []


def _budgeted(tx: Transaction, command: ClaimLane, at: int) -> tuple[list[OutboxRow], int | None]:
    """Return what may be sent of the rows that nothing tells yet, or when they may be told."""
    outbox, channel = tx.outbox, command.channel
    oldest_due_at = outbox.oldest_due(channel, at)
    if oldest_due_at is None:
        # A recovery may wait behind an opening that failed: both become one.
        oldest_due_at = outbox.oldest_due(channel, at) if _merge_closed(tx, channel, at) else None
    if oldest_due_at is None:
        return [], None
    budget = refreshed(outbox.lanes.budget(channel), oldest_due_at)
    left, told_at = singles_left(budget, command.digest), digest_at(budget, oldest_due_at)
    if not left and told_at > at and not command.resolves:
        return [], told_at
    _merge_closed(tx, channel, at)
    resolving = outbox.resolving(channel, at, ROWS_PER_CLAIM) if command.resolves else []
    singles = [] if resolving else outbox.due(channel, at, left)
    if resolving or singles:
        outbox.tell_alone([row.id for row in (*resolving, *singles)])
        if singles:
            outbox.lanes.spend(channel, after_singles(budget, len(singles), at))
        return [*resolving, *singles], None
    if told_at > at:
        return [], told_at
    outbox.lanes.spend(channel, after_digest(at))
    return _turn(tx, channel, at), None


def _merge_closed(tx: Transaction, channel: str, at: int) -> bool:
    """Let recoveries tell of incidents that closed before their opening was told; returns whether there were any."""
    overtaken = tx.outbox.overtaken(channel)
    for row_id in overtaken:
        tx.outbox.settle(row_id, "superseded", "told in one message with the recovery", at)
    return bool(overtaken)


def _turn(tx: Transaction, channel: str, at: int) -> list[OutboxRow]:
    """Return the digest, or the only row there is for it."""
    rows = tx.outbox.due(channel, at, 2, in_digest=True)
    only = rows[0] if len(rows) == 1 else None
    if only is not None and only.told_by is None and not tx.outbox.due_behind(only.id, at):
        tx.outbox.tell_alone([only.id])
        return [only]
    return [gather(tx, channel, at)]
