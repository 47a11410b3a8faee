"""The table of semantics.md section 5, written as a table, and what a row does to streaks and incidents."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from seestackd.core.events import Event
from seestackd.core.incidents import AlertKind, Incident
from seestackd.core.maintenance import Window, moved_out
from seestackd.core.monitor import Monitor, Outcome, SlotEntry, State, Status
from seestackd.core.runs import Run, slot_deadline
from seestackd.core.values import plain


class Cell(Enum):
    """What an event does to a status."""

    HEALTHY = "healthy"
    FAILED = "failed"
    MISSED = "missed"
    OVERRUN = "overrun"
    PAUSED = "paused"
    PAUSED_CLOSING = "paused, incident closed quietly"
    RESUMED = "pending or healthy"
    RUN_OPENED = "run opened"
    CLOSED_SILENTLY = "run closed silently"
    RECORDED = "recorded"
    STAYS = "stays"
    IMPOSSIBLE = "-"


def _row(pending: Cell, healthy: Cell, missed: Cell, failed: Cell, overrun: Cell, paused: Cell) -> dict[Status, Cell]:
    return dict(zip(Status, (pending, healthy, missed, failed, overrun, paused), strict=True))


def _all(cell: Cell, paused: Cell) -> dict[Status, Cell]:
    return _row(cell, cell, cell, cell, cell, paused)


TABLE: dict[Event, dict[Status, Cell]] = {
    Event.SUCCESS: _all(Cell.HEALTHY, Cell.RECORDED),
    Event.FAILED: _all(Cell.FAILED, Cell.RECORDED),
    Event.START: _all(Cell.RUN_OPENED, Cell.RECORDED),
    Event.LOG: _all(Cell.RECORDED, Cell.RECORDED),
    Event.SLOT_DEADLINE: _all(Cell.MISSED, Cell.IMPOSSIBLE),
    Event.RUN_LIMIT: _all(Cell.OVERRUN, Cell.CLOSED_SILENTLY),
    Event.JUDGED_UNKNOWN: _all(Cell.STAYS, Cell.IMPOSSIBLE),
    Event.PAUSE: _row(
        Cell.PAUSED, Cell.PAUSED, Cell.PAUSED_CLOSING, Cell.PAUSED_CLOSING, Cell.PAUSED_CLOSING, Cell.STAYS
    ),
    Event.RESUME: _all(Cell.IMPOSSIBLE, Cell.RESUMED),
    Event.SCHEDULE_CHANGED: _all(Cell.STAYS, Cell.STAYS),
}
_BECOMES = {
    Cell.HEALTHY: Status.HEALTHY,
    Cell.FAILED: Status.FAILED,
    Cell.MISSED: Status.MISSED,
    Cell.OVERRUN: Status.OVERRUN,
    Cell.PAUSED: Status.PAUSED,
    Cell.PAUSED_CLOSING: Status.PAUSED,
}
UNKNOWNS_BEFORE_ALERT = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident opens; `began_at` is the first bad outcome of its streak (ms UTC)."""

    kind: AlertKind
    at: int
    began_at: int
    missed: int


@dataclass(frozen=True, slots=True)
class Changed:
    """The open incident turns from missed or overrun to failed."""

    at: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The open incident closes; `quiet` when nobody is told."""

    at: int
    reason: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class MissedAgain:
    """The open incident counts further missed slots."""

    count: int


@dataclass(frozen=True, slots=True)
class Slow:
    """A good run took much longer than usual (durations in ms).

    `own` says that it is so by the monitor's `slow_factor`, `spike` that it is by the measure of alert rules.
    """

    at: int
    duration_ms: int
    median_ms: int
    own: bool = True
    spike: bool = False


Effect = Opened | Changed | Closed | MissedAgain | Slow


@plain(frozen=True, slots=True)
class History:
    """What the last heard runs were like, newest first (ms)."""

    lateness_ms: tuple[int, ...] = ()
    durations_ms: tuple[int, ...] = ()
    good_durations_ms: tuple[int, ...] = ()


@plain(frozen=True, slots=True)
class Context:
    """What a decision may need besides monitor and state; loaded by the operation.

    `blind` are stretches in which nothing could be heard, `steps` those over which the clock jumped. `entry` is the
    ledger entry of the slot that a ping answers, `before` the one that ends right before `expected_at`; `taken` the
    stretches of slots after `expected_at` that have an outcome; `refused_at` when a ping of this monitor was answered
    503. `spikes` says that an alert rule asks for runs that took much longer than usual.
    """

    incident: Incident | None = None
    entry: SlotEntry | None = None
    before: SlotEntry | None = None
    taken: tuple[tuple[int, int], ...] = ()
    windows: Sequence[Window] = ()
    blind: tuple[tuple[int, int], ...] = ()
    steps: tuple[tuple[int, int], ...] = ()
    history: History = History()
    refused_at: int | None = None
    run_id: int = 0
    spikes: bool = False


@dataclass(slots=True)
class Decision:
    """The new state, the outcome with its reason (also for "nothing"), and what else is to be stored and told.

    `slot` is the slot that the first effect is about.
    """

    monitor: Monitor
    state: State
    context: Context
    outcome: Outcome | None = None
    reason: str = ""
    slot: int | None = None
    run_id: int | None = None
    opened: list[Run] = field(default_factory=list)
    closed: list[Run] = field(default_factory=list)
    entries: list[SlotEntry] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)

    def becomes(self, event: Event) -> Cell:
        """Apply the table to the status and return the cell."""
        cell = TABLE[event][self.state.status]
        self.state.status = _BECOMES.get(cell, self.state.status)
        return cell

    def good(self, event: Event, at: int) -> None:
        """Count a good outcome; the incident closes after `successes_before_recovery` of them."""
        state = self.state
        if self.becomes(event) is not Cell.HEALTHY:
            return
        state.good += 1
        state.bad, state.bad_since, state.unknowns = 0, None, 0
        if self._told_of_silence() or state.good >= self.monitor.rules.successes_before_recovery:
            self.close_incident(at, "recovered")

    def bad(self, event: Event, kind: AlertKind, at: int, revises_bad: bool = False) -> None:
        """Count a bad outcome that came about at `at`; an incident opens at `failures_before_alert` of them.

        `revises_bad`: the slot or run has been counted as bad already, which still stands unless the streak has ended.
        """
        state, before = self.state, self.state.status
        if self.becomes(event) not in (Cell.FAILED, Cell.MISSED, Cell.OVERRUN):
            return
        if not revises_bad or state.bad == 0:
            state.bad += 1
            state.good = 0
            state.bad_since = state.bad_since if state.bad_since is not None and state.bad > 1 else at
        alertable = state.bad >= self.monitor.rules.failures_before_alert
        heard = event is Event.FAILED
        if heard:
            self.heard_again(at, quiet=alertable)
        elif alertable and self._told_of_silence():
            self.close_incident(at, "told as worse", quiet=True)
        if state.incident_id is None:
            if alertable:
                self.open_incident(kind, at, state.bad_since or at)
        elif heard and before in (Status.MISSED, Status.OVERRUN):
            self.effects.append(Changed(at))
        elif kind is AlertKind.MISSED and not revises_bad:
            self._count_missed()

    def heard_again(self, at: int, quiet: bool = False) -> None:
        """End a row of unknowns: any finish closes the incident about them."""
        self.state.unknowns = 0
        if self._told_of_silence():
            self.close_incident(at, "heard again", quiet)

    def _told_of_silence(self) -> bool:
        """Tell whether the open incident is about unknowns; 0 is one that this decision opens."""
        incident, number = self.context.incident, self.state.incident_id
        if number == 0:
            opened = [effect for effect in self.effects if isinstance(effect, Opened)]
            return bool(opened) and opened[-1].kind is AlertKind.UNKNOWN
        return incident is not None and incident.kind is AlertKind.UNKNOWN and number == incident.id

    def _count_missed(self) -> None:
        last = self.effects[-1] if self.effects else None
        if isinstance(last, MissedAgain):
            self.effects[-1] = MissedAgain(last.count + 1)
        elif isinstance(last, Opened) and last.kind is AlertKind.MISSED:
            self.effects[-1] = replace(last, missed=last.missed + 1)
        else:
            self.effects.append(MissedAgain(1))

    def open_incident(self, kind: AlertKind, at: int, began_at: int) -> None:
        """Open an incident unless one is open; the operation gives it its id."""
        if self.state.incident_id is None:
            missed = self.state.bad if kind is AlertKind.MISSED else 0
            self.effects.append(Opened(kind, at, began_at, missed))
            self.state.incident_id = 0

    def close_incident(self, at: int, reason: str, quiet: bool = False) -> None:
        """Close the open incident, if any."""
        if self.state.incident_id is not None:
            self.effects.append(Closed(at, reason, quiet))
            self.state.incident_id = None

    def settle(self) -> "Decision":
        """Set `deadline_at`: the earliest of slot deadline, run limits and the end of a timed pause."""
        state, windows, grace_ms = self.state, self.context.windows, self.monitor.rules.grace_ms
        instants = [moved_out(windows, run.limit_at, grace_ms) for run in state.open_runs if not run.overran]
        if state.status is Status.PAUSED:
            if state.paused_until is not None:
                instants.append(state.paused_until)
        elif state.expected_at is not None:
            instants.append(slot_deadline(self.monitor, state, windows, state.expected_at))
        deadline = min(instants, default=None)
        if deadline is not None and state.hold_until is not None:
            deadline = max(deadline, state.hold_until)
        state.deadline_at = deadline
        return self
