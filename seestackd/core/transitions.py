"""The table of semantics.md section 5, written as a table, and what a row does to streaks and incidents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from seestackd.core.events import Event
from seestackd.core.incidents import AlertKind, Incident
from seestackd.core.maintenance import Window, moved_out
from seestackd.core.monitor import Monitor, Outcome, SlotEntry, State, Status
from seestackd.core.runs import Run, wait_ms


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
    """A good run took much longer than usual (durations in ms)."""

    at: int
    duration_ms: int
    median_ms: int


Effect = Opened | Changed | Closed | MissedAgain | Slow


@dataclass(frozen=True, slots=True)
class History:
    """What the last heard runs were like, newest first (ms)."""

    lateness_ms: tuple[int, ...] = ()
    durations_ms: tuple[int, ...] = ()
    good_durations_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What `decide` may need besides monitor and state; loaded by the operation.

    `blind` are stretches in which nothing could be heard, `steps` those over which the clock jumped. `entry` is the
    ledger entry of the slot that a ping answers, or the newest one when judging; `taken` the stretches of slots after
    `expected_at` that have an outcome; `refused_at` when a ping of this monitor was answered 503.
    """

    incident: Incident | None = None
    entry: SlotEntry | None = None
    taken: tuple[tuple[int, int], ...] = ()
    windows: Sequence[Window] = ()
    blind: tuple[tuple[int, int], ...] = ()
    steps: tuple[tuple[int, int], ...] = ()
    history: History = History()
    refused_at: int | None = None
    run_id: int = 0


@dataclass(slots=True)
class Decision:
    """The new state, the outcome with its reason (also for "nothing"), and what else is to be stored and told."""

    monitor: Monitor
    state: State
    context: Context
    outcome: Outcome | None = None
    reason: str = ""
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
        incident = self.context.incident
        told_of_silence = incident is not None and incident.kind is AlertKind.UNKNOWN
        if told_of_silence or state.good >= self.monitor.rules.successes_before_recovery:
            self.close_incident(at, "recovered")

    def bad(self, event: Event, kind: AlertKind, at: int, revises_bad: bool = False) -> None:
        """Count a bad outcome that came about at `at`; an incident opens at `failures_before_alert` of them."""
        state, before = self.state, self.state.status
        if self.becomes(event) not in (Cell.FAILED, Cell.MISSED, Cell.OVERRUN):
            return
        if not revises_bad:
            state.bad += 1
            state.good = 0
            state.bad_since = state.bad_since if state.bad_since is not None and state.bad > 1 else at
        heard = event is Event.FAILED
        if heard:
            state.unknowns = 0
        incident = self.context.incident
        if heard and incident is not None and incident.kind is AlertKind.UNKNOWN:
            self.close_incident(at, "heard again", quiet=state.bad >= self.monitor.rules.failures_before_alert)
        if state.incident_id is None:
            if state.bad >= self.monitor.rules.failures_before_alert:
                self.open_incident(kind, at, state.bad_since or at)
        elif heard and before in (Status.MISSED, Status.OVERRUN):
            self.effects.append(Changed(at))
        elif kind is AlertKind.MISSED:
            self.effects.append(MissedAgain(1))

    def open_incident(self, kind: AlertKind, at: int, began_at: int) -> None:
        """Open an incident unless one is open; the operation gives it its id."""
        if self.state.incident_id is None:
            self.effects.append(Opened(kind, at, began_at, self.state.bad if kind is AlertKind.MISSED else 0))
            self.state.incident_id = 0

    def close_incident(self, at: int, reason: str, quiet: bool = False) -> None:
        """Close the open incident, if any."""
        if self.state.incident_id is not None:
            self.effects.append(Closed(at, reason, quiet))
            self.state.incident_id = None

    def advance(self) -> None:
        """Move `expected_at` of a calendar monitor to the next slot that nothing has answered."""
        state, schedule = self.state, self.monitor.schedule
        if state.expected_at is None:
            return
        answered = {run.slot for run in state.open_runs} | {entry.first_at for entry in self.entries}
        slot = state.expected_at
        try:
            while True:
                slot = schedule.next_after(slot)
                stretch = next((s for s in self.context.taken if s[0] <= slot <= s[1]), None)
                if stretch is not None:
                    slot = max(slot, stretch[1])
                elif slot not in answered:
                    break
        except LookupError:
            state.expected_at = None
            return
        state.expected_at = slot

    def slot_deadline(self, slot: int) -> int:
        """Return when silence about the slot is judged (semantics.md 4, maintenance included)."""
        deadline = slot + wait_ms(self.monitor, self.state)
        if self.monitor.schedule.interval_ms is not None and self.context.windows:
            return moved_out(self.context.windows, deadline, self.monitor.rules.grace_ms)
        return deadline

    def run_limit(self, limit_at: int) -> int:
        """Return when a run is judged hung; maintenance moves it to window end plus grace."""
        if self.context.windows:
            return moved_out(self.context.windows, limit_at, self.monitor.rules.grace_ms)
        return limit_at

    def settle(self) -> "Decision":
        """Set `deadline_at`: the earliest of slot deadline, run limits and the end of a timed pause."""
        state = self.state
        instants = [self.run_limit(run.limit_at) for run in state.open_runs if not run.overran]
        if state.status is Status.PAUSED:
            if state.paused_until is not None:
                instants.append(state.paused_until)
        elif state.expected_at is not None:
            instants.append(self.slot_deadline(state.expected_at))
        deadline = min(instants, default=None)
        if deadline is not None and state.hold_until is not None:
            deadline = max(deadline, state.hold_until)
        state.deadline_at = deadline
        return self
