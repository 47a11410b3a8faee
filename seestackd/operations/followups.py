"""What comes due while an incident stays open: the end of a silence, escalation, reminders (semantics.md 7)."""

from dataclasses import dataclass, field, replace
from typing import Any

from seestackd.core.alert_rules import AlertRule, trigger_of
from seestackd.core.alerts import hearers, next_action, next_escalation, next_reminder
from seestackd.core.incidents import Alert, AlertKind, Incident, Severity
from seestackd.core.maintenance import touching
from seestackd.core.monitor import Monitor
from seestackd.operations.hearing import audience, routing_of, rule_of
from seestackd.operations.incidents import DIGEST_ONLY, HELD_BY, alert
from seestackd.operations.projects import projects_of, slug_of
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


@dataclass(slots=True)
class _Reminders:
    """Lines of one message: to a channel, sent at once or at the end of its quiet hours."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    severity: Severity = Severity.WARNING
    next_at: int | None = None


_Collected = dict[tuple[str, int | None], _Reminders]


def follow_up(tx: Transaction, command: FollowUp, at: int) -> FollowedUp:
    """Tell what has come due of open incidents; reminders of a channel share one message."""
    due = tx.incidents.due(at, command.limit)
    collected: _Collected = {}
    for incident in due:
        about = tx.monitors.by_id(incident.monitor_id) if incident.monitor_id is not None else rule_of(tx, incident)
        if about is None:
            tx.incidents.update(replace(incident, next_action_at=None))
            continue
        window = touching(tx.maintenance.concerning(about), at, at) if isinstance(about, Monitor) else None
        if window is not None:
            tx.incidents.update(replace(incident, next_action_at=window[1]))
            continue
        _act(tx, incident, about, collected, at)
    _remind(tx, collected, at)
    return FollowedUp(len(due), len(due) == command.limit, tx.incidents.next_action())


def _act(tx: Transaction, incident: Incident, about: Monitor | AlertRule, collected: _Collected, at: int) -> None:
    every, since = about.rules.remind_every_ms if isinstance(about, Monitor) else None, 0
    just_told: tuple[str, ...] = ()
    if incident.silenced_until is not None and incident.silenced_until <= at:
        # What a silence has swallowed is not made up for.
        since = incident.silenced_until
        incident = replace(incident, silenced_until=None)
        just_told = _tell_belatedly(tx, incident, about, at)
    if incident.silenced_until is None:
        incident = _escalate(tx, incident, about, at)
        due_at = next_reminder(tx.routing, incident, every, since)
        if due_at is not None and due_at <= at:
            incident = replace(incident, reminded_at=at)
            next_at = next_reminder(tx.routing, incident, every, at + 1)
            _collect(tx, incident, about, collected, just_told, next_at, at)
    tx.incidents.update(replace(incident, next_action_at=next_action(tx.routing, incident, every, at + 1)))


def _tell_belatedly(tx: Transaction, incident: Incident, about: Monitor | AlertRule, at: int) -> tuple[str, ...]:
    """Send the opening to the channels that have not heard of the incident; returns them."""
    channels = audience(tx, about, incident.kind, incident)
    addressed = tx.outbox.addressed(incident.id)
    untold = tuple(channel for channel in channels if channel not in addressed)
    facts = {**(incident.facts or {}), HELD_BY: "a silence"}
    alert(tx, about, incident.kind, incident, facts, at, untold)
    return untold


def _escalate(tx: Transaction, incident: Incident, about: Monitor | AlertRule, at: int) -> Incident:
    while (due_at := next_escalation(tx.routing, incident)) is not None and due_at <= at:
        step = tx.routing.escalation[incident.escalated]
        facts = {
            **dict(incident.facts or {}),
            "problem": incident.kind.value,
            "after_ms": step.after_ms,
            "opened_at": incident.opened_at,
            "at": at,
        }
        # Nobody has answered: that is not the flapping that digests are for.
        facts.pop(DIGEST_ONLY, None)
        alert(tx, about, AlertKind.ESCALATION, incident, facts, at, step.channels)
        incident = replace(incident, escalated=incident.escalated + 1)
    return incident


def _collect(
    tx: Transaction,
    incident: Incident,
    about: Monitor | AlertRule,
    collected: _Collected,
    just_told: tuple[str, ...],
    next_at: int | None,
    at: int,
) -> None:
    channels = tuple(channel for channel in tx.outbox.addressed(incident.id) if channel not in just_told)
    routing = routing_of(tx, about.project_id, trigger_of(AlertKind.REMINDER, incident))
    for hearer in hearers(routing, channels, AlertKind.REMINDER, incident.severity, incident, at):
        if not hearer.told:
            continue
        reminders = collected.setdefault((hearer.channel, hearer.not_before), _Reminders())
        reminders.lines.append(_line(tx, incident, about))
        reminders.projects.append(slug_of(tx, about.project_id))
        if incident.severity is Severity.CRITICAL:
            reminders.severity = Severity.CRITICAL
        instants = [instant for instant in (reminders.next_at, next_at) if instant is not None]
        reminders.next_at = min(instants, default=None)


def _line(tx: Transaction, incident: Incident, about: Monitor | AlertRule) -> dict[str, Any]:
    facts = incident.facts or {}
    return {
        "slug": about.slug if isinstance(about, Monitor) else about.name,
        "kind": incident.kind.value,
        "since": incident.began_at,
        "timezone": about.schedule.timezone if isinstance(about, Monitor) else tx.routing.timezone,
        "incident_id": incident.id,
        "last_ok_at": facts.get("last_ok_at"),
        "exit_code": facts.get("exit_code"),
        "message": facts.get("message"),
    }


def _remind(tx: Transaction, collected: _Collected, at: int) -> None:
    alerts = [
        Alert(
            alert_id=tx.new_id(),
            channel=channel,
            kind=AlertKind.REMINDER,
            severity=reminders.severity,
            facts={
                "down": reminders.lines,
                "at": at,
                "next_at": reminders.next_at,
                "timezone": tx.routing.timezone,
                **projects_of(reminders.projects),
            },
            next_attempt_at=not_before,
        )
        for (channel, not_before), reminders in collected.items()
    ]
    if alerts:
        tx.outbox.put(alerts, at)
