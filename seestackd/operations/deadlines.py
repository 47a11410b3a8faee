"""Judging silence: the monitors whose deadline has passed."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seestackd.core.expecting import earliest
from seestackd.core.judging import judge
from seestackd.core.monitor import DAY_MS, Monitor, State
from seestackd.core.transitions import Context, Decision, History
from seestackd.errors import Invalid, SeestackdError
from seestackd.operations.pings import store
from seestackd.operations.slots import entry_before, stretches_after
from seestackd.store.interface import BlindWindow, Transaction

log = logging.getLogger(__name__)

MAX_MONITORS = 100
MAX_SLOTS_PER_BATCH = 1_000
BLIND_MEMORY_MS = 61 * DAY_MS
"""How long a blind window may matter: the longest grace plus the longest run."""

RETRY_BROKEN_MS = 60_000
HISTORY_RUNS = 10
CLOCK_STEP = "clock step"

# What a decision may stumble over; errors of the store are none of these.
_UNDECIDABLE = (SeestackdError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class JudgeDue:
    """Judge what is due, at most `limit` monitors.

    `refused` says when a ping of a monitor was last answered 503 ((project id, slug) -> ms UTC).
    """

    limit: int = MAX_MONITORS
    refused: Mapping[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """How many monitors were judged, whether more are due already, and the next instant to look (ms UTC).

    `lateness_ms` holds, for each whose deadline had passed, by how much.
    """

    monitors: int
    more: bool
    next_wake_at: int | None
    lateness_ms: tuple[int, ...] = ()


def judge_due(tx: Transaction, command: JudgeDue, at: int) -> Judged:
    """Judge the monitors whose deadline is not later than `at`, as many as a batch can hold."""
    due, more = tx.monitors.due(at, command.limit)
    blind = tx.blind.since(at - BLIND_MEMORY_MS) if due else []
    if due:
        tx.incidents.expect(due)
    decisions: list[tuple[State, Decision]] = []
    work = judged = 0
    lateness: list[int] = []
    # All is read before anything is written: rows that wait to be written go in together.
    for monitor_id in due:
        if work >= MAX_SLOTS_PER_BATCH:
            more = True
            break
        judged += 1
        decided = _decide(tx, monitor_id, blind, command, at, lateness)
        if decided is not None:
            decisions.append(decided)
            work += sum(entry.count for entry in decided[1].entries)
    for state, decision in decisions:
        store(tx, state, decision, None, at)
        tx.monitors.rearm(decision.monitor.id, decision.state.deadline_at)
    _blame(tx, [decision for _, decision in decisions])
    return Judged(judged, more, tx.monitors.next_wake(), tuple(lateness))


def _decide(
    tx: Transaction,
    monitor_id: int,
    blind: Sequence[BlindWindow],
    command: JudgeDue,
    at: int,
    lateness: list[int],
) -> tuple[State, Decision] | None:
    """Return a monitor's state and what is decided about it; None when it is gone, or to be looked at again later."""
    try:
        monitor = tx.monitors.by_id(monitor_id)
        if monitor is None:
            tx.monitors.rearm(monitor_id, None)
            return None
        if monitor.schedule.problem is not None:
            raise Invalid(monitor.schedule.problem, field="schedule")
        state = tx.monitors.load_state(monitor_id)
        if state.deadline_at is not None and state.deadline_at <= at:
            lateness.append(at - state.deadline_at)
        return state, judge(monitor, state, at, _context(tx, monitor, state, blind, command, at))
    except _UNDECIDABLE:
        # One monitor that cannot be judged, say of a time zone that is gone, must not keep the others waiting.
        log.exception("monitor %d could not be judged", monitor_id)
        tx.monitors.rearm(monitor_id, at + RETRY_BROKEN_MS)
        return None


def _context(
    tx: Transaction, monitor: Monitor, state: State, blind: Sequence[BlindWindow], command: JudgeDue, at: int
) -> Context:
    return Context(
        incident=tx.incidents.by_id(state.incident_id) if state.incident_id is not None else None,
        before=entry_before(tx, monitor, state),
        taken=stretches_after(tx, monitor, state, earliest(state, at)),
        windows=tx.maintenance.concerning(monitor),
        blind=tuple((window.started_at, window.ended_at) for window in blind),
        steps=tuple((window.started_at, window.ended_at) for window in blind if window.cause == CLOCK_STEP),
        history=_history(tx, monitor) if blind else History(),
        refused_at=command.refused.get((monitor.project_id, monitor.slug)),
    )


def _history(tx: Transaction, monitor: Monitor) -> History:
    runs = tx.runs.latest(monitor.id, HISTORY_RUNS * 2)
    return History(
        lateness_ms=tuple(run.lateness_ms for run in runs if run.lateness_ms is not None),
        durations_ms=tuple(run.duration_ms for run in runs if run.duration_ms is not None and run.heard_start),
    )


def _blame(tx: Transaction, decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        for cause, runs in Counter(cause for _, cause in decision.unknown).items():
            tx.blind.blame(cause, decision.monitor.slug, runs)
