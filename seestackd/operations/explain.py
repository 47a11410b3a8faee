"""`seestackd explain`: what is expected of a monitor, who hears of what and when, and how the last slots ended."""

from dataclasses import dataclass

from seestackd.core.alert_rules import trigger_of
from seestackd.core.alerts import EscalationStep, Hearer, channels_of, hearers
from seestackd.core.explain import ClockChange, Expected, clock_changes, coming, hints
from seestackd.core.incidents import SEVERITY, AlertKind, Incident, Severity
from seestackd.core.maintenance import Window
from seestackd.core.monitor import Monitor, SlotEntry
from seestackd.operations.hearing import audience, routing_of, rule_channels, spikes_are_told
from seestackd.operations.monitors import MonitorNamed, MonitorView, shown
from seestackd.store.interface import Transaction

LAST_SLOTS = 10
LAST_RUNS = 20
KINDS = (
    AlertKind.MISSED,
    AlertKind.FAILED,
    AlertKind.OVERRUN,
    AlertKind.UNKNOWN,
    AlertKind.SLOW,
    AlertKind.REMINDER,
    AlertKind.RECOVERED,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What each channel would hear of an alert of this kind, if it were raised now."""

    kind: AlertKind
    severity: Severity
    hearers: tuple[Hearer, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about a monitor's next and last slots; instants in ms UTC.

    `reminders_in` is the zone of the daily reminder.
    """

    view: MonitorView
    at: int
    coming: tuple[Expected, ...]
    clock_changes: tuple[ClockChange, ...]
    channels_from: str
    told: tuple[Told, ...]
    escalation: tuple[EscalationStep, ...]
    reminders_in: str
    incident: Incident | None
    windows: tuple[Window, ...]
    last_slots: tuple[SlotEntry, ...]
    hints: tuple[str, ...]


def explain(tx: Transaction, command: MonitorNamed, at: int) -> Explanation:
    """Explain one monitor. Raises NotFound."""
    view = shown(tx, command, at)
    monitor, state = view.monitor, view.state
    incident = tx.incidents.by_id(state.incident_id) if state.incident_id is not None else None
    _, channels_from = channels_of(tx.routing, monitor)
    slow = monitor.rules.slow_factor is not None or spikes_are_told(tx, monitor.project_id)
    told = [_told(tx, monitor, kind, incident, at) for kind in KINDS if kind is not AlertKind.SLOW or slow]
    windows = tuple(tx.maintenance.concerning(monitor))
    return Explanation(
        view=view,
        at=at,
        coming=coming(monitor, state, windows, at),
        clock_changes=clock_changes(monitor, state, windows, at),
        channels_from=channels_from,
        told=tuple(told),
        escalation=tx.routing.escalation,
        reminders_in=tx.routing.timezone,
        incident=incident,
        windows=tuple(window for window in windows if window.coming(at) is not None),
        last_slots=tuple(tx.slots.latest(monitor.id, LAST_SLOTS)),
        hints=hints(monitor, state, tx.runs.latest(monitor.id, LAST_RUNS)),
    )


def _told(tx: Transaction, monitor: Monitor, kind: AlertKind, incident: Incident | None, at: int) -> Told:
    # Reminders and recoveries go to those who were told; what they are told of first is silence.
    cause = AlertKind.MISSED if kind in (AlertKind.REMINDER, AlertKind.RECOVERED) else kind
    trigger = trigger_of(cause, None)
    if kind is AlertKind.SLOW and monitor.rules.slow_factor is None:
        heard = rule_channels(tx, monitor.project_id, trigger)
    else:
        heard = audience(tx, monitor, cause, None)
    routing = routing_of(tx, monitor.project_id, trigger)
    return Told(kind, SEVERITY[kind], tuple(hearers(routing, heard, kind, SEVERITY[kind], incident, at)))
