"""What comes due while an incident stays open: the end of a silence, escalation, reminders (semantics.md 7)."""

from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.alerts import channels_of, hearers, next_action, next_escalation, next_reminder
from seestackd.core.incidents import Alert, AlertKind, Incident, Severity
from seestackd.core.monitor import Monitor
from seestackd.operations.incidents import alert
from seestackd.store.interface import Transaction

MAX_INCIDENTS = 200


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Act on at most `limit` incidents whose next action has come."""

    limit: int = MAX_INCIDENTS


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """How many incidents were acted on, and when the next action is due (ms UTC)."""

    incidents: int
    more: bool
    next_action_at: int | None


def follow_up(tx: Transaction, command: FollowUp, at: int) -> FollowedUp:
    """Tell what has come due of open incidents; reminders of a channel share one message."""
    due = tx.incidents.due(at, command.limit)
    reminded: dict[str, list[dict[str, Any]]] = {}
    for incident in due:
        monitor = tx.monitors.by_id(incident.monitor_id) if incident.monitor_id is not None else None
        if monitor is None:
            tx.incidents.update(replace(incident, next_action_at=None))
            continue
        _act(tx, incident, monitor, reminded, at)
    _remind(tx, reminded, at)
    return FollowedUp(len(due), len(due) == command.limit, tx.incidents.next_action())


def _act(
    tx: Transaction, incident: Incident, monitor: Monitor, reminded: dict[str, list[dict[str, Any]]], at: int
) -> None:
    every = monitor.rules.remind_every_ms
    if incident.silenced_until is not None and incident.silenced_until <= at:
        incident = replace(incident, silenced_until=None)
        _tell_belatedly(tx, incident, monitor, at)
    if incident.silenced_until is None:
        incident = _escalate(tx, incident, monitor, at)
        due_at = next_reminder(tx.routing, incident, every, 0)
        if due_at is not None and due_at <= at:
            incident = replace(incident, reminded_at=at)
            _collect(tx, incident, monitor, reminded, at)
    tx.incidents.update(replace(incident, next_action_at=next_action(tx.routing, incident, every, at + 1)))


def _tell_belatedly(tx: Transaction, incident: Incident, monitor: Monitor, at: int) -> None:
    """Send the opening to the channels that have not heard of the incident."""
    channels, _ = channels_of(tx.routing, monitor)
    addressed = tx.outbox.addressed(incident.id)
    untold = tuple(channel for channel in channels if channel not in addressed)
    alert(tx, monitor, incident.kind, incident, dict(incident.facts or {}), at, untold)


def _escalate(tx: Transaction, incident: Incident, monitor: Monitor, at: int) -> Incident:
    while (due_at := next_escalation(tx.routing, incident)) is not None and due_at <= at:
        step = tx.routing.escalation[incident.escalated]
        facts = {**dict(incident.facts or {}), "after_ms": step.after_ms, "opened_at": incident.opened_at, "at": at}
        alert(tx, monitor, AlertKind.ESCALATION, incident, facts, at, step.channels)
        incident = replace(incident, escalated=incident.escalated + 1)
    return incident


def _collect(
    tx: Transaction, incident: Incident, monitor: Monitor, reminded: dict[str, list[dict[str, Any]]], at: int
) -> None:
    facts = incident.facts or {}
    line = {
        "slug": monitor.slug,
        "kind": incident.kind.value,
        "since": incident.began_at,
        "timezone": monitor.schedule.timezone,
        "incident_id": incident.id,
        "last_ok_at": facts.get("last_ok_at"),
        "exit_code": facts.get("exit_code"),
        "message": facts.get("message"),
    }
    for channel in tx.outbox.addressed(incident.id):
        told = hearers(tx.routing, (channel,), AlertKind.REMINDER, incident.severity, incident, at)
        if told and told[0].told:
            reminded.setdefault(channel, []).append(line)


def _remind(tx: Transaction, reminded: dict[str, list[dict[str, Any]]], at: int) -> None:
    alerts = [
        Alert(
            alert_id=tx.new_id(),
            channel=channel,
            kind=AlertKind.REMINDER,
            severity=Severity.CRITICAL if any(line["kind"] != "unknown" for line in lines) else Severity.WARNING,
            facts={"down": lines, "at": at, "timezone": tx.routing.timezone},
        )
        for channel, lines in reminded.items()
    ]
    if alerts:
        tx.outbox.put(alerts, at)
