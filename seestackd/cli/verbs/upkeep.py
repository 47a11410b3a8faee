"""`seestackd upkeep …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.operations import upkeep
from seestackd.store.interface import Transaction


def confirm(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Say that the clock is right, so that what is old may be deleted."""
    return {"waited": upkeep.confirm_clock(tx, None, at)}


VERBS = {"upkeep.confirm": Verb(confirm)}
