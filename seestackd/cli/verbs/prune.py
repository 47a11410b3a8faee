"""`seestackd prune` as an operation, repeated by the command line until nothing is left to delete."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.errors import Conflict
from seestackd.operations.upkeep import Upkeep, prune
from seestackd.store.interface import Transaction


def step(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Delete at most 500 old rows of a table, and the oldest of projects that store too much.

    Raises Conflict while the clock is in doubt.
    """
    # Whoever asks is there to confirm the clock: time since boot does not count.
    retention = call.settings.retention
    done = prune(tx, Upkeep(boot_at=0, boot_id="", kept=retention.kept_ms, most=retention.most_bytes), at)
    if done.waits:
        raise Conflict("the clock was set, so nothing is deleted; when it is right: seestackd upkeep confirm")
    return {
        "rows": done.rows,
        "more": done.more,
        "evicted": {kind.value: gone for kind, gone in done.evicted.items()},
    }


VERBS = {"prune.step": Verb(step)}
