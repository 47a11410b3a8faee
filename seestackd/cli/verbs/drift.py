"""`seestackd drift` as an operation."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import iso
from seestackd.cli.verbs.monitors import project_of
from seestackd.operations.drift import drift
from seestackd.store.interface import Transaction


def found(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return where what is declared and what reports differ."""
    result = drift(tx, project_of(tx), at)
    return {
        "at": iso(at),
        "never_reported": [
            {"slug": monitor.slug, "source": monitor.source, "since": iso(monitor.created_at)}
            for monitor in result.never
        ],
        "silent": [
            {"slug": monitor.slug, "source": monitor.source, "since": iso(state.last_ping_at)}
            for monitor, state in result.silent
        ],
        "made_by_ping": [
            {"slug": monitor.slug, "source": monitor.source, "since": iso(monitor.created_at)}
            for monitor in result.made_by_ping
        ],
        "undeclared": [
            {"slug": stranger.slug, "since": iso(stranger.first_at), "last_ping_at": iso(stranger.last_at)}
            for stranger in result.strangers
        ],
    }


VERBS = {"drift.find": Verb(found, reads=True)}
