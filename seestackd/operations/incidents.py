"""Incidents open, change and close with the status that causes them; their alerts are written in the same breath."""

from dataclasses import replace
from typing import Any

from seestackd.core.alerts import channels_of, hearers
from seestackd.core.incidents import SEVERITY, Alert, AlertKind, Incident
from seestackd.core.monitor import Monitor, State
from seestackd.core.pings import Ping
from seestackd.core.transitions import Changed, Closed, Decision, Effect, MissedAgain, Opened, Slow
from seestackd.operations.facts import monitor_facts, troubled
from seestackd.store.interface import Transaction


def subject_of(monitor: Monitor) -> str:
    """Return the name under which the monitor's incidents are kept."""
    return f"monitor:{monitor.id}"


def apply_effects(tx: Transaction, before: State, decision: Decision, ping: Ping | None, at: int) -> None:
    """Store what the decision does to incidents, one outbox row per channel; its state learns the incident's id."""
    facts: dict[str, Any] | None = None
    for effect in decision.effects:
        if isinstance(effect, MissedAgain):
            _count_missed(tx, decision, effect.count)
            continue
        if facts is None:
            facts = monitor_facts(tx, before, decision, ping, at)
        _apply(tx, decision, effect, facts, at)


def _apply(tx: Transaction, decision: Decision, effect: Effect, facts: dict[str, Any], at: int) -> None:
    monitor, state = decision.monitor, decision.state
    if isinstance(effect, Opened):
        incident = _open(tx, monitor, effect, facts)
        state.incident_id = incident.id
        alert(tx, monitor, effect.kind, incident, facts, at)
    elif isinstance(effect, Changed):
        current = _current(tx, monitor)
        if current is not None:
            changed = replace(current, kind=AlertKind.FAILED)
            tx.incidents.update(changed)
            alert(tx, monitor, AlertKind.CHANGED, changed, facts, at)
    elif isinstance(effect, Closed):
        _close(tx, monitor, effect, facts, at)
    elif isinstance(effect, Slow):
        slow = {**facts, "median_ms": effect.median_ms, "duration_ms": effect.duration_ms}
        alert(tx, monitor, AlertKind.SLOW, None, slow, at)


def _current(tx: Transaction, monitor: Monitor) -> Incident | None:
    return tx.incidents.open_for(subject_of(monitor))


def _open(tx: Transaction, monitor: Monitor, effect: Opened, facts: dict[str, Any]) -> Incident:
    return tx.incidents.open(
        Incident(
            id=0,
            uid=tx.new_id(),
            subject=subject_of(monitor),
            kind=effect.kind,
            severity=SEVERITY[effect.kind],
            began_at=effect.began_at,
            opened_at=effect.at,
            project_id=monitor.project_id,
            monitor_id=monitor.id,
            missed=effect.missed,
            facts=facts,
        )
    )


def _close(tx: Transaction, monitor: Monitor, effect: Closed, facts: dict[str, Any], at: int) -> None:
    incident = _current(tx, monitor)
    if incident is None:
        return
    closed = replace(incident, closed_at=effect.at, close_reason=effect.reason, next_action_at=None)
    tx.incidents.update(closed)
    if effect.quiet:
        return
    recovery = {
        **facts,
        "problem": incident.kind.value,
        "began_at": incident.began_at,
        "closed_at": effect.at,
        "missed": incident.missed,
        "run_duration_ms": facts.get("duration_ms"),
        "still_down": troubled(tx, monitor),
    }
    alert(tx, monitor, AlertKind.RECOVERED, closed, recovery, at)


def _count_missed(tx: Transaction, decision: Decision, count: int) -> None:
    incident = _current(tx, decision.monitor)
    if incident is not None:
        tx.incidents.update(replace(incident, missed=incident.missed + count))


def alert(
    tx: Transaction, monitor: Monitor, kind: AlertKind, incident: Incident | None, facts: dict[str, Any], at: int
) -> None:
    """Write one outbox row per channel that hears of it."""
    severity = incident.severity if incident is not None and kind is not AlertKind.RECOVERED else SEVERITY[kind]
    channels, _ = channels_of(tx.routing, monitor)
    told = {**facts, "incident_id": incident.id if incident is not None else None}
    alerts = [
        Alert(
            alert_id=tx.new_id(),
            channel=hearer.channel,
            kind=kind,
            severity=severity,
            facts=told,
            project_id=monitor.project_id,
            monitor_id=monitor.id,
            incident_id=incident.id if incident is not None else None,
        )
        for hearer in hearers(tx.routing, channels, kind, severity, incident, at)
        if hearer.told
    ]
    if alerts:
        tx.outbox.put(alerts, at)
