"""`seestackd passwd` as an operation."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.operations import logins
from seestackd.store.interface import Transaction


def set_password(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Store the password's hash, which the command line has made, or none."""
    return {"before": logins.set_password(tx, call.optional("hash"), at)}


VERBS = {"password.set": Verb(set_password)}
