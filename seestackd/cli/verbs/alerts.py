"""`seestackd alert …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.channels import known_channels
from seestackd.cli.verbs.monitors import iso
from seestackd.core.incidents import OutboxRow
from seestackd.errors import Invalid
from seestackd.operations import outbox
from seestackd.operations.outbox import ListAlerts, QueueTest, ShowAlert
from seestackd.store.interface import Transaction


def test(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Queue a test message. Raises NotFound when the channel is not in the settings."""
    channel = call.text("channel")
    known_channels([channel], call.settings)
    return {"id": outbox.queue_test(tx, QueueTest(channel, call.optional("sent_by")), at)}


def shown(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return one alert and its attempts. Raises NotFound."""
    row_id = call.arguments.get("id")
    if not isinstance(row_id, int):
        raise Invalid("must be a number", field="id")
    view = outbox.shown(tx, ShowAlert(row_id), at)
    attempts = [
        {
            "at": iso(attempt.at),
            "duration_ms": attempt.duration_ms,
            "result": attempt.result,
            "error": attempt.error,
            "status_code": attempt.status,
        }
        for attempt in view.attempts
    ]
    return {**_row(view.row), "attempts": attempts}


def listed(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return the newest alerts."""
    return {"at": iso(at), "alerts": [_row(row) for row in outbox.listed(tx, ListAlerts(100), at)]}


def _row(row: OutboxRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "alert_id": row.alert.alert_id,
        "channel": row.alert.channel,
        "kind": row.alert.kind,
        "severity": row.alert.severity,
        "about": row.alert.facts.get("slug"),
        "created_at": iso(row.created_at),
        "state": row.state,
        "attempts_made": row.attempts,
        "settled_at": iso(row.settled_at),
        "result": row.result,
    }


VERBS = {
    "alert.test": Verb(test),
    "alert.show": Verb(shown, reads=True),
    "alert.ls": Verb(listed, reads=True),
}
