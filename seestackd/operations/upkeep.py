"""Forgetting what has served its time."""

from dataclasses import dataclass

from seestackd.core.monitor import DAY_MS
from seestackd.store.interface import Transaction

PING_KEYS_KEPT_MS = 8 * DAY_MS


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Delete at most `limit` rows of a kind."""

    limit: int = 500


def forget_old(tx: Transaction, command: Upkeep, at: int) -> int:
    """Delete expired idempotency keys; returns how many rows went."""
    return tx.pings.forget_keys(at - PING_KEYS_KEPT_MS, command.limit)
