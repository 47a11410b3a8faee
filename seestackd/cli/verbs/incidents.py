"""`seestackd incident …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import iso, until
from seestackd.core.incidents import Incident
from seestackd.core.monitor import Monitor
from seestackd.errors import Invalid
from seestackd.operations import incidents
from seestackd.operations.incidents import AckIncident, ListIncidents, SilenceIncident
from seestackd.store.interface import Transaction

LISTED = 100


def listed(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return the open incidents, or the newest hundred of all, the newest first."""
    command = ListIncidents(open_only=not call.arguments.get("all"), limit=LISTED)
    views = incidents.listed(tx, command, at)
    return {"at": iso(at), "incidents": [shown(view.incident, view.monitor) for view in views]}


def acknowledge(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Note who takes care. Raises NotFound, Conflict when the incident is closed."""
    return _told(tx, incidents.acknowledge(tx, AckIncident(_number(call), call.text("by")), at), at)


def silence(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Say nothing of an incident for a while. Raises NotFound, Conflict when it is closed, Invalid for the time."""
    end = until(call, at)
    if end is None:
        raise Invalid("say how long, for example --for 8h", field="for")
    return _told(tx, incidents.silence(tx, SilenceIncident(_number(call), end), at), at)


def shown(incident: Incident, monitor: Monitor | None) -> dict[str, Any]:
    """Return an incident as JSON values; `slug` and `name` are None when it is about no monitor."""
    return {
        "id": incident.id,
        "uid": incident.uid,
        "kind": incident.kind.value,
        "severity": incident.severity.value,
        "slug": monitor.slug if monitor is not None else None,
        "name": monitor.name if monitor is not None else None,
        "began_at": iso(incident.began_at),
        "opened_at": iso(incident.opened_at),
        "closed_at": iso(incident.closed_at),
        "close_reason": incident.close_reason,
        "missed": incident.missed,
        "acked_at": iso(incident.acked_at),
        "acked_by": incident.acked_by,
        "silenced_until": iso(incident.silenced_until),
        "next_action_at": iso(incident.next_action_at),
    }


def _told(tx: Transaction, incident: Incident, at: int) -> dict[str, Any]:
    monitor = tx.monitors.by_id(incident.monitor_id) if incident.monitor_id is not None else None
    return {"at": iso(at), **shown(incident, monitor)}


def _number(call: Call) -> int:
    number = call.number("id")
    if not 0 < number < 2**63:
        raise Invalid("must be a number from: seestackd incident ls", field="id")
    return number


VERBS = {
    "incident.ls": Verb(listed, reads=True),
    "incident.ack": Verb(acknowledge),
    "incident.silence": Verb(silence),
}
