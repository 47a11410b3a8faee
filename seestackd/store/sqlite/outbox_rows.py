"""How an alert lies in its row."""

import json
from json import JSONEncoder
from typing import Any

from seestackd.core.incidents import Alert, AlertKind, OutboxRow, Severity

COLUMNS = """
id, alert_id, channel, kind, severity, facts, project_id, monitor_id, incident_id, next_attempt_at, created_at,
  attempts, state, settled_at, result, told_by, acknowledged_at
"""

# One for all: json.dumps makes one for each text, and to look for circles, of which facts have none, doubles its time.
encoded = JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""Write facts as JSON, without a space between them."""


def write_row(alert: Alert, at: int) -> tuple[object, ...]:
    """Return the values of a new row, in the order of the outbox's INSERT."""
    due_at = at if alert.next_attempt_at is None else alert.next_attempt_at
    facts = encoded(dict(alert.facts))
    identity = (alert.alert_id, alert.channel, alert.project_id, alert.monitor_id, alert.incident_id)
    return *identity, alert.kind, alert.severity, at, due_at, 0 if alert.facts.get("digest_only") else None, facts


def read_row(values: tuple[Any, ...]) -> OutboxRow:
    """Return what a row of COLUMNS holds."""
    row_id, alert_id, channel, kind, severity, facts, project, monitor, incident, due_at, created_at, *rest = values
    alert = Alert(
        alert_id, channel, AlertKind(kind), Severity(severity), json.loads(facts), project, monitor, incident, due_at
    )
    return OutboxRow(row_id, alert, created_at, *rest)
