"""What outsiders are told of a monitor: on the status page and on badges."""

from collections.abc import Sequence
from enum import StrEnum

from seestackd.core.incidents import AlertKind
from seestackd.core.maintenance import Window, touching
from seestackd.core.monitor import Monitor, State, Status, shown_status


class Health(StrEnum):
    """How a component is, the worst first."""

    DOWN = "down"
    LATE = "late"
    MAINTENANCE = "maintenance"
    OK = "ok"
    WAITING = "waiting"
    PAUSED = "paused"


_OF_STATUS = {
    Status.PENDING: Health.WAITING,
    Status.HEALTHY: Health.OK,
    Status.MISSED: Health.DOWN,
    Status.FAILED: Health.DOWN,
    Status.OVERRUN: Health.DOWN,
    Status.PAUSED: Health.PAUSED,
}
WORDS = {
    Health.DOWN: "Down",
    Health.LATE: "Late",
    Health.MAINTENANCE: "Maintenance",
    Health.OK: "Operational",
    Health.WAITING: "No report yet",
    Health.PAUSED: "Not watched",
}
_DID = {
    AlertKind.MISSED: "did not run",
    AlertKind.FAILED: "failed",
    AlertKind.CHANGED: "failed",
    AlertKind.OVERRUN: "did not finish",
    AlertKind.UNKNOWN: "could not be heard",
}


def health(monitor: Monitor, state: State, windows: Sequence[Window], at: int) -> Health:
    """Return how a monitor is at an instant (ms UTC), to outsiders; planned work is told before its trouble."""
    found = _OF_STATUS[state.status]
    if found is Health.PAUSED:
        return found
    if touching(windows, at, at) is not None:
        return Health.MAINTENANCE
    late = shown_status(monitor, state, at) == "late"
    return Health.LATE if late and found in (Health.OK, Health.WAITING) else found


def sentence(states: Sequence[Health]) -> str:
    """Say in one sentence how all of them are."""
    down, late, planned = (states.count(which) for which in (Health.DOWN, Health.LATE, Health.MAINTENANCE))
    watched = len(states) - states.count(Health.PAUSED)
    if down:
        return f"{down} of {len(states)} systems {'is' if down == 1 else 'are'} down"
    if late:
        return f"{late} of {len(states)} systems {'is' if late == 1 else 'are'} late"
    if planned:
        return f"Planned work on {planned} of {len(states)} systems"
    if not watched:
        return "No system is watched right now"
    return "All systems operational"


def worst(states: Sequence[Health]) -> Health:
    """Return the state that matters most."""
    return min(states, key=list(Health).index, default=Health.WAITING)


def did(kind: AlertKind) -> str:
    """Say what a job did, as in: Backups `did not run` for 41 min."""
    return _DID.get(kind, "was down")
