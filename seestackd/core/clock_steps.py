"""What a step of the wall clock does to a monitor: elapsed time goes on, calendar slots stay where they are."""

from copy import copy
from dataclasses import replace

from seestackd.core.blind import Stretch
from seestackd.core.expecting import expect_after
from seestackd.core.monitor import HOUR_MS, Monitor, State
from seestackd.core.transitions import Context, Decision
from seestackd.core.watching import is_watched

FAR_AHEAD_MS = 48 * HOUR_MS


def after_step(monitor: Monitor, state: State, at: int, step_ms: int, taken: tuple[Stretch, ...] = ()) -> State:
    """Return the state after the wall clock moved by `step_ms` to `at` (semantics.md 6).

    `taken` are the stretches of slots after `at` that have an outcome.

    Interval deadlines, run limits and pauses shift with the step. A slot judged before a step back is not judged again,
    unless the newest judged one lies more than 48 h ahead of now: then the clock had been wrong and that mark is
    dropped (`is_forgotten`).
    """
    shifted = copy(state)
    shifted.open_runs = tuple(
        replace(run, started_at=run.started_at + step_ms, limit_at=run.limit_at + step_ms) for run in state.open_runs
    )
    elapsed = ("hold_until", "paused_until", "last_finish_at", "last_ping_at", "unknown_of")
    interval = monitor.schedule.interval_ms is not None
    for name in (*elapsed, "expected_at") if interval else elapsed:
        value = getattr(state, name)
        if value is not None:
            setattr(shifted, name, value + step_ms)
    forgotten = is_forgotten(monitor, state, at)
    decision = Decision(monitor, shifted, Context(taken=() if forgotten else taken))
    if forgotten:
        shifted.newest_judged = shifted.newest_slot = None
    if interval:
        # What the ledger calls the silent expectation lies before the step.
        shifted.silent_slot = None
    elif step_ms < 0:
        _expect_from_the_new_now(decision, at)
    return decision.settle().state


def is_forgotten(monitor: Monitor, state: State, at: int) -> bool:
    """Tell whether slots were judged so far ahead of now that the clock must have been wrong.

    An interval's expectation may be answered a whole interval before its time.
    """
    ahead = FAR_AHEAD_MS + (monitor.schedule.interval_ms or 0)
    return state.newest_slot is not None and state.newest_slot > at + ahead


def _expect_from_the_new_now(decision: Decision, at: int) -> None:
    monitor, state = decision.monitor, decision.state
    state.watched_from = min(state.watched_from, at)
    if state.newest_judged is not None:
        # What was judged stays judged, but a job that reports now is news, not a straggler.
        state.newest_judged = min(state.newest_judged, monitor.schedule.newest_at_or_before(at) or at)
    waiting = state.expected_at
    if is_watched(monitor, state):
        expect_after(decision, at)
        if waiting is not None and (state.expected_at is None or waiting < state.expected_at):
            state.expected_at = waiting
