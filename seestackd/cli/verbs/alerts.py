"""`seestackd alert …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.channels import known_channels
from seestackd.cli.verbs.instants import iso
from seestackd.core.incidents import OutboxRow
from seestackd.errors import Invalid
from seestackd.operations import outbox
from seestackd.operations.outbox import AckDead, ListAlerts, QueueTest, Resend, ShowAlert
from seestackd.store.interface import Transaction


def test(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Queue a test message. Raises NotFound when the channel is not in the settings."""
    channel = call.text("channel")
    known_channels([channel], call.settings)
    return {"id": outbox.queue_test(tx, QueueTest(channel, call.optional("sent_by")), at)}


def shown(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return one alert and its attempts. Raises NotFound."""
    view = outbox.shown(tx, ShowAlert(_row_id(call)), at)
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


def ack(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Acknowledge a dead alert. Raises NotFound and Conflict."""
    return _row(outbox.ack_dead(tx, AckDead(_row_id(call)), at))


def resend(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Queue a dead alert again. Raises NotFound and Conflict."""
    again = outbox.resend(tx, Resend(_row_id(call)), at)
    return _row(outbox.shown(tx, ShowAlert(again), at).row)


def _row_id(call: Call) -> int:
    row_id = call.number("id")
    if not 0 < row_id < 2**63:
        raise Invalid("must be a number from: seestackd alert ls", field="id")
    return row_id


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
        "about": _about(row),
        "created_at": iso(row.created_at),
        "state": row.state,
        "attempts_made": row.attempts,
        "settled_at": iso(row.settled_at),
        "result": row.result,
        "acknowledged_at": iso(row.acknowledged_at),
    }


def _about(row: OutboxRow) -> str | None:
    facts = row.alert.facts
    return f"{sum(facts['counts'].values()):,} alerts" if "counts" in facts else facts.get("slug")


VERBS = {
    "alert.test": Verb(test),
    "alert.show": Verb(shown, reads=True),
    "alert.ack": Verb(ack),
    "alert.resend": Verb(resend),
    "alert.ls": Verb(listed, reads=True),
}
