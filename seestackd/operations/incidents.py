"""Incidents open, change and close with the status that causes them; their alerts are written in the same breath."""

from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.alert_rules import AlertRule, Trigger, trigger_of
from seestackd.core.alerts import FLAPPING_SPAN_MS, Hearer, channels_of, hearers, is_flapping, next_action
from seestackd.core.events import MonitorChanged
from seestackd.core.incidents import SEVERITY, Alert, AlertKind, Incident
from seestackd.core.monitor import Monitor, State
from seestackd.core.pings import Ping
from seestackd.core.transitions import Changed, Closed, Decision, Effect, MissedAgain, Opened, Slow
from seestackd.errors import Conflict, NotFound
from seestackd.operations.facts import monitor_facts, troubled
from seestackd.operations.hearing import audience, routing_of, rule_channels
from seestackd.operations.projects import projects_of, slug_of
from seestackd.store.interface import Transaction

DIGEST_ONLY = "digest_only"
FLAPPING = "flapping"
HELD_BY = "held_by"
RULE = "alert_rule_id"


@dataclass(frozen=True, slots=True)
class AckIncident:
    """Somebody takes care: no more reminders, no escalation."""

    incident_id: int
    by: str


@dataclass(frozen=True, slots=True)
class SilenceIncident:
    """Nothing is told of the incident until an instant (ms UTC)."""

    incident_id: int
    until: int


@dataclass(frozen=True, slots=True)
class ListIncidents:
    """The newest incidents first."""

    open_only: bool = True
    limit: int = 100


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident and the monitor it is about, if any."""

    incident: Incident
    monitor: Monitor | None


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
        state.incident_id = _open(tx, monitor, effect, facts, at).id
    elif isinstance(effect, Changed):
        current = _current(tx, monitor)
        if current is not None:
            facts = {**facts, **_kept(current)}
            changed = replace(current, kind=AlertKind.FAILED, facts=facts)
            tx.incidents.update(changed)
            alert(tx, monitor, AlertKind.CHANGED, changed, facts, at)
    elif isinstance(effect, Closed):
        _close(tx, monitor, effect, facts, at)
    elif isinstance(effect, Slow):
        slow = {**facts, "median_ms": effect.median_ms, "duration_ms": effect.duration_ms}
        alert(tx, monitor, AlertKind.SLOW, None, slow, at, _hearing_of_slow(tx, monitor, effect))


def _hearing_of_slow(tx: Transaction, monitor: Monitor, effect: Slow) -> tuple[str, ...]:
    """Return the monitor's channels when its own rules ask for it, those of alert rules when theirs do."""
    own = channels_of(tx.routing, monitor)[0] if effect.own else ()
    by_rule = rule_channels(tx, monitor.project_id, Trigger.JOB_DURATION_SPIKE) if effect.spike else ()
    return tuple(dict.fromkeys((*own, *by_rule)))


def _current(tx: Transaction, monitor: Monitor) -> Incident | None:
    return tx.incidents.open_for(subject_of(monitor))


def _kept(incident: Incident) -> dict[str, Any]:
    """Return what stays of an incident's facts whatever becomes of it: whether its monitor flaps."""
    facts = incident.facts or {}
    # Once flapping has been told, all that follows comes in digests.
    return {FLAPPING: True, DIGEST_ONLY: True} if facts.get(FLAPPING) else {}


def _open(tx: Transaction, monitor: Monitor, effect: Opened, facts: dict[str, Any], at: int) -> Incident:
    openings, flapping, news = _flapping(tx, monitor, effect.at)
    told = {**facts, DIGEST_ONLY: True} if flapping and not news else facts
    told = {**told, "openings": openings, "problem": effect.kind.value} if news else told
    new = Incident(
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
        facts={**told, FLAPPING: flapping},
    )
    new = replace(new, next_action_at=next_action(tx.routing, new, monitor.rules.remind_every_ms, at))
    incident = tx.incidents.open(new)
    alert(tx, monitor, AlertKind.FLAPPING if news else effect.kind, incident, told, at)
    return incident


def _flapping(tx: Transaction, monitor: Monitor, at: int) -> tuple[int, bool, bool]:
    """Return how many incidents have opened in 24 h with this one, whether that is flapping, and whether it is news."""
    last = next(iter(tx.incidents.listed(open_only=False, limit=1, monitor_id=monitor.id)), None)
    if last is None:
        return 1, False, False
    openings = tx.incidents.opened_since(monitor.id, at - FLAPPING_SPAN_MS) + 1
    quiet_ms = at - (last.closed_at or last.opened_at)
    return openings, *is_flapping(openings, quiet_ms, bool((last.facts or {}).get(FLAPPING)))


def _close(tx: Transaction, monitor: Monitor, effect: Closed, facts: dict[str, Any], at: int) -> None:
    incident = _current(tx, monitor)
    if incident is None:
        return
    closed = replace(incident, closed_at=effect.at, close_reason=effect.reason, next_action_at=None)
    tx.incidents.update(closed)
    if effect.quiet:
        withdraw(tx, incident.id, f"the incident ended quietly: {effect.reason}", at)
        return
    recovery = {
        **facts,
        **_kept(incident),
        "problem": incident.kind.value,
        "began_at": incident.began_at,
        "closed_at": effect.at,
        "missed": incident.missed,
        "run_duration_ms": facts.get("duration_ms"),
        "still_down": troubled(tx, monitor),
    }
    alert(tx, monitor, AlertKind.RECOVERED, closed, recovery, at)


def withdraw(tx: Transaction, incident_id: int, reason: str, at: int) -> None:
    """Take back what waits for the end of quiet hours: nobody needs to hear of it any more."""
    for row in tx.outbox.pending_for(incident_id):
        if row.attempts == 0 and (row.alert.next_attempt_at or 0) > at:
            tx.outbox.settle(row.id, "superseded", reason, at)


def _count_missed(tx: Transaction, decision: Decision, count: int) -> None:
    incident = _current(tx, decision.monitor)
    if incident is not None:
        tx.incidents.update(replace(incident, missed=incident.missed + count))


def alert(
    tx: Transaction,
    about: Monitor | AlertRule,
    kind: AlertKind,
    incident: Incident | None,
    facts: dict[str, Any],
    at: int,
    channels: tuple[str, ...] | None = None,
) -> None:
    """Write one outbox row per channel that hears; `channels` are the monitor's own and those of rules unless given.

    A recovery goes to those who were told of the trouble, and to nobody else.
    """
    severity = incident.severity if incident is not None and kind is not AlertKind.RECOVERED else SEVERITY[kind]
    if channels is None:
        channels = audience(tx, about, kind, incident)
    told = {**facts, **_project(tx, about), "incident_id": incident.id if incident is not None else None}
    routing = routing_of(tx, about.project_id, trigger_of(kind, incident))
    monitor_id = about.id if isinstance(about, Monitor) else None
    heard = [hearer for hearer in hearers(routing, channels, kind, severity, incident, at) if hearer.told]
    alerts = [
        Alert(
            alert_id=tx.new_id(),
            channel=hearer.channel,
            kind=kind,
            severity=severity,
            facts={**told, **_how(hearer)},
            project_id=about.project_id,
            monitor_id=monitor_id,
            incident_id=incident.id if incident is not None else None,
            next_attempt_at=hearer.not_before,
        )
        for hearer in heard
    ]
    for hearer in heard:
        if monitor_id is not None and hearer.not_before is None:
            # Alerts of a monitor keep their order: one that waits for the end of a silence or of quiet hours would hold
            # this one back as long.
            tx.outbox.hurry(hearer.channel, monitor_id, at)
    if alerts:
        tx.outbox.put(alerts, at)
        _log_skipped(tx, [each for each in alerts if each.next_attempt_at is not None and RULE in each.facts], at)


def _project(tx: Transaction, about: Monitor | AlertRule) -> dict[str, Any]:
    """Return the project's slug for links to its pages; those to the default one need none."""
    return projects_of([slug_of(tx, about.project_id)])


def _how(hearer: Hearer) -> dict[str, Any]:
    """Return what an alert's facts say of the way it takes to a channel."""
    held = {HELD_BY: "quiet hours"} if hearer.not_before is not None else {}
    return {**held, RULE: hearer.rule} if hearer.rule is not None else held


def _log_skipped(tx: Transaction, held: list[Alert], at: int) -> None:
    """Let the log say what the quiet hours of rules hold back; it is told after them if it still matters then."""
    skipped = [replace(alert, alert_id=tx.new_id(), next_attempt_at=None) for alert in held]
    for row_id in tx.outbox.put(skipped, at) if skipped else ():
        tx.outbox.settle(row_id, "skipped", "held back by the quiet hours of the alert rule", at)


def acknowledge(tx: Transaction, command: AckIncident, at: int) -> Incident:
    """Note who takes care. Raises NotFound, and Conflict when the incident is closed."""
    incident = _open_one(tx, command.incident_id)
    if incident.acked_at is not None:
        return incident
    return _acted(tx, replace(incident, acked_at=at, acked_by=command.by), at)


def silence(tx: Transaction, command: SilenceIncident, at: int) -> Incident:
    """Say nothing of the incident until then. Raises NotFound, and Conflict when the incident is closed.

    An opening that waits for the end of quiet hours is taken back: whoever has not heard of it does after the silence.
    """
    incident = _open_one(tx, command.incident_id)
    withdraw(tx, incident.id, "the incident was silenced", at)
    return _acted(tx, replace(incident, silenced_until=command.until), at)


def listed(tx: Transaction, command: ListIncidents, at: int) -> list[IncidentView]:
    """Return incidents with their monitors."""
    found = tx.incidents.listed(open_only=command.open_only, limit=command.limit)
    monitors = [tx.monitors.by_id(each.monitor_id) if each.monitor_id is not None else None for each in found]
    return [IncidentView(incident, monitor) for incident, monitor in zip(found, monitors, strict=True)]


def _open_one(tx: Transaction, incident_id: int) -> Incident:
    incident = tx.incidents.by_id(incident_id)
    if incident is None:
        raise NotFound(f"Incident not found: {incident_id}; list them with: seestackd incident ls", field="incident")
    if incident.closed_at is not None:
        raise Conflict(f"incident {incident_id} is closed already ({incident.close_reason})", field="incident")
    return incident


def act_anew(tx: Transaction, monitor: Monitor, state: State, at: int) -> None:
    """Compute anew when something of the monitor's open incident comes due, when a window that put it off is gone."""
    incident = tx.incidents.by_id(state.incident_id) if state.incident_id is not None else None
    if incident is not None and incident.closed_at is None:
        _acted(tx, incident, at)


def _acted(tx: Transaction, incident: Incident, at: int) -> Incident:
    monitor = tx.monitors.by_id(incident.monitor_id) if incident.monitor_id is not None else None
    every = monitor.rules.remind_every_ms if monitor is not None else None
    changed = replace(incident, next_action_at=next_action(tx.routing, incident, every, at))
    tx.incidents.update(changed)
    if monitor is not None:
        tx.announce(MonitorChanged(monitor.id, monitor.project_id))
    return changed
