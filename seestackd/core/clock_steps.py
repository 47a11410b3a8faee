"""What a step of the wall clock does to a monitor: elapsed time goes on, calendar slots stay where they are."""

from copy import copy
from dataclasses import replace

from seestackd.core.monitor import HOUR_MS, Monitor, State
from seestackd.core.transitions import Context, Decision

FAR_AHEAD_MS = 48 * HOUR_MS


def after_step(monitor: Monitor, state: State, at: int, step_ms: int) -> State:
    """Return the state after the wall clock moved by `step_ms` to `at` (semantics.md 6).

    Interval deadlines and run limits shift with the step. A slot judged before a step back is not judged again, unless
    the newest judged one lies more than 48 h ahead of now: then the clock had been wrong and that mark is dropped.
    """
    shifted = copy(state)
    shifted.open_runs = tuple(
        replace(run, started_at=run.started_at + step_ms, limit_at=run.limit_at + step_ms) for run in state.open_runs
    )
    if state.hold_until is not None:
        shifted.hold_until = state.hold_until + step_ms
    if monitor.schedule.interval_ms is not None:
        for name in ("expected_at", "silent_slot", "last_finish_at"):
            value = getattr(state, name)
            if value is not None:
                setattr(shifted, name, value + step_ms)
    elif state.newest_judged is not None and state.newest_judged > at + FAR_AHEAD_MS:
        _forget_the_future(monitor, shifted, at)
    return Decision(monitor, shifted, Context()).settle().state


def _forget_the_future(monitor: Monitor, state: State, at: int) -> None:
    state.newest_judged = state.newest_slot = None
    state.watched_from = min(state.watched_from, at)
    if state.expected_at is not None:
        try:
            state.expected_at = monitor.schedule.next_after(at)
        except LookupError:
            state.expected_at = None
