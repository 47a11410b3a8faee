"""Judging silence: the monitors whose deadline has passed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seestackd.core.judging import judge
from seestackd.core.monitor import DAY_MS, Monitor, State
from seestackd.core.transitions import Context, Decision, History
from seestackd.operations.pings import store
from seestackd.store.interface import BlindWindow, Transaction

log = logging.getLogger(__name__)

MAX_MONITORS = 200
BLIND_MEMORY_MS = 40 * DAY_MS
RETRY_BROKEN_MS = 60_000
HISTORY_RUNS = 10
CLOCK_STEP = "clock step"


@dataclass(frozen=True, slots=True)
class JudgeDue:
    """Judge what is due, at most `limit` monitors.

    `refused` says when a ping of a monitor was last answered 503 ((project id, slug) -> ms UTC).
    """

    limit: int = MAX_MONITORS
    refused: Mapping[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """How many monitors were judged, whether more are due already, and the next instant to look (ms UTC)."""

    monitors: int
    more: bool
    next_wake_at: int | None


def judge_due(tx: Transaction, command: JudgeDue, at: int) -> Judged:
    """Judge the monitors whose deadline is not later than `at`."""
    due, more = tx.monitors.due(at, command.limit)
    blind = tx.blind.since(at - BLIND_MEMORY_MS) if due else []
    for monitor_id in due:
        _judge_one(tx, monitor_id, blind, command, at)
    return Judged(len(due), more, tx.monitors.next_wake())


def _judge_one(tx: Transaction, monitor_id: int, blind: Sequence[BlindWindow], command: JudgeDue, at: int) -> None:
    monitor = tx.monitors.by_id(monitor_id)
    if monitor is None:
        tx.monitors.rearm(monitor_id, None)
        return
    state = tx.monitors.load_state(monitor_id)
    try:
        decision = judge(monitor, state, at, _context(tx, monitor, state, blind, command))
    except Exception:
        # One monitor that cannot be judged must not keep the others from being judged.
        log.exception("monitor %s could not be judged", monitor.slug)
        tx.monitors.rearm(monitor_id, at + RETRY_BROKEN_MS)
        return
    store(tx, state, decision, None, at)
    _blame(tx, decision)
    tx.monitors.rearm(monitor_id, decision.state.deadline_at)


def _context(
    tx: Transaction, monitor: Monitor, state: State, blind: Sequence[BlindWindow], command: JudgeDue
) -> Context:
    newest = state.newest_slot
    slots = [run.slot for run in state.open_runs if run.slot is not None]
    slots += [state.expected_at] if state.expected_at is not None else []
    calendar = monitor.schedule.interval_ms is None
    taken = tx.slots.stretches(monitor.id, min(slots) - 1, newest) if calendar and slots and newest is not None else ()
    entry = tx.slots.covering(monitor.id, state.newest_judged) if state.newest_judged is not None else None
    incident = tx.incidents.by_id(state.incident_id) if state.incident_id is not None else None
    history = _history(tx, monitor) if blind else History()
    refused = command.refused.get((monitor.project_id, monitor.slug))
    deaf = tuple((window.started_at, window.ended_at) for window in blind)
    steps = tuple((window.started_at, window.ended_at) for window in blind if window.cause == CLOCK_STEP)
    return Context(incident, entry, taken, tx.maintenance.concerning(monitor), deaf, steps, history, refused)


def _history(tx: Transaction, monitor: Monitor) -> History:
    runs = [run for run in tx.runs.latest(monitor.id, HISTORY_RUNS * 2) if run.ended_at is not None]
    return History(
        lateness_ms=tuple(run.lateness_ms for run in runs if run.lateness_ms is not None),
        durations_ms=tuple(run.duration_ms for run in runs if run.duration_ms is not None and run.heard_start),
    )


def _blame(tx: Transaction, decision: Decision) -> None:
    for _, cause in decision.unknown:
        tx.blind.blame(cause, decision.monitor.slug)
