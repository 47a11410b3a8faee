"""Forgetting what has served its time, but not by a clock that may be wrong (semantics.md 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from seestackd.core.monitor import DAY_MS, MINUTE_MS
from seestackd.core.retention import Kind
from seestackd.operations import evictions
from seestackd.store.interface import Transaction

PING_KEYS_KEPT_MS = 8 * DAY_MS
KEPT_MS = {
    Kind.PINGS: 90 * DAY_MS,
    Kind.REQUESTS: 14 * DAY_MS,
    Kind.REPLAY: 7 * DAY_MS,
    Kind.LEDGER: 400 * DAY_MS,
    Kind.INCIDENTS: 400 * DAY_MS,
    Kind.BLIND: 400 * DAY_MS,
    Kind.OUTBOX: 90 * DAY_MS,
    Kind.AUDIT: 400 * DAY_MS,
}
"""How long rows of a kind are kept when the settings do not say (ms)."""
WAIT_AFTER_STEP_MS = 10 * MINUTE_MS
WAIT_FOR_OPERATOR_MS = DAY_MS

_AFTER_STEP = "upkeep_after"
_FOR_OPERATOR = "upkeep_held"


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Delete at most `limit` rows of a kind that are older than what is `kept` of it (ms).

    Of kinds in `most`, the oldest go of projects that store more bytes.

    `boot_at` is milliseconds since boot, `boot_id` says which boot.
    """

    boot_at: int
    boot_id: str
    limit: int = 500
    kept: Mapping[Kind, int] = field(default_factory=lambda: KEPT_MS)
    most: Mapping[Kind, int] = field(default_factory=dict)


def forget_old(tx: Transaction, command: Upkeep, at: int) -> int:
    """Delete expired idempotency keys, unless the clock is in doubt; returns how many rows went."""
    if _in_doubt(tx, command, at):
        return 0
    return tx.pings.forget_keys(at - PING_KEYS_KEPT_MS, command.limit)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows went, whether more may follow, and whether upkeep waits because the clock is in doubt.

    `evicted` counts those that went before their time, since their project stored too much.
    """

    rows: int
    more: bool
    waits: bool = False
    evicted: Mapping[Kind, int] = field(default_factory=dict)


def prune(tx: Transaction, command: Upkeep, at: int) -> Forgotten:
    """Delete what has been kept as long as its kind is, at most `limit` rows of a table."""
    if _in_doubt(tx, command, at):
        return Forgotten(0, False, waits=True)
    rows, more = tx.retention.forget({kind: at - kept for kind, kept in command.kept.items()}, command.limit)
    if not more:
        tx.rollups.tidy(at, command.limit)
    evicted = {kind: gone for kind, most in command.most.items() if (gone := tx.retention.evict(kind, most))}
    evictions.note(tx, evicted, at)
    counts = {kind: gone.rows for kind, gone in evicted.items() if gone.rows}
    return Forgotten(rows + sum(counts.values()), more or any(gone.more for gone in evicted.values()), evicted=counts)


def hold_after_step(tx: Transaction, at: int) -> None:
    """Delete nothing for ten minutes: the clock has made a great step to `at`."""
    tx.set_meta(_AFTER_STEP, str(at + WAIT_AFTER_STEP_MS))


def hold_for_an_operator(tx: Transaction, boot_id: str, boot_at: int) -> None:
    """Delete nothing until an operator confirms the clock, or for 24 hours of boot time from `boot_at` on."""
    tx.set_meta(_FOR_OPERATOR, f"{boot_id} {boot_at}")


def confirm_clock(tx: Transaction, command: None, at: int) -> bool:
    """Let upkeep go on: an operator says that the clock is right. Returns whether it waited for that."""
    waited = bool(tx.meta(_FOR_OPERATOR))
    tx.set_meta(_FOR_OPERATOR, "")
    return waited


def awaits_operator(tx: Transaction, command: None, at: int) -> bool:
    """Tell whether upkeep waits for an operator."""
    return bool(tx.meta(_FOR_OPERATOR))


def clock_settles(tx: Transaction, at: int) -> bool:
    """Tell whether the clock has made a great step within the last ten minutes."""
    return at < int(tx.meta(_AFTER_STEP) or 0)


def _in_doubt(tx: Transaction, command: Upkeep, at: int) -> bool:
    if clock_settles(tx, at):
        return True
    held = tx.meta(_FOR_OPERATOR)
    if not held:
        return False
    boot_id, _, since = held.rpartition(" ")
    # Another boot began after the hold did.
    waited = command.boot_at - int(since) if boot_id == command.boot_id else command.boot_at
    if waited < WAIT_FOR_OPERATOR_MS:
        return True
    tx.set_meta(_FOR_OPERATOR, "")
    return False
