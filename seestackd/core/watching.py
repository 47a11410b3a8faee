"""From when on a monitor is watched: created, paused, resumed, rescheduled (semantics.md 4 and 5)."""

from copy import copy
from dataclasses import replace

from seestackd.core.events import Event
from seestackd.core.expecting import expect_after, free_instant, is_held, mark
from seestackd.core.ledger import MAX_SLOTS
from seestackd.core.monitor import MINUTE_MS, Monitor, Outcome, SlotEntry, State, Status
from seestackd.core.runs import slot_deadline
from seestackd.core.schedule import Schedule
from seestackd.core.transitions import Cell, Context, Decision

RESCHEDULED = "schedule changed"


def first_expectation(monitor: Monitor, at: int) -> State:
    """Return the state of a monitor that is watched from `at` on and has never reported."""
    decision = Decision(monitor, State(watched_from=at), Context())
    if monitor.rules.watch_from_creation:
        _expect_first(decision, at)
    return decision.settle().state


def pause(monitor: Monitor, state: State, at: int, until: int | None, context: Context) -> Decision:
    """Stop watching; an open incident closes quietly. `until` ends the pause by itself."""
    decision = Decision(monitor, copy(state), context, reason="paused")
    if decision.becomes(Event.PAUSE) is not Cell.STAYS:
        decision.close_incident(at, "paused", quiet=True)
        decision.state.bad, decision.state.bad_since, decision.state.unknowns = 0, None, 0
    decision.state.paused_until = None if until is None else max(until, at)
    return decision.settle()


def resumed(monitor: Monitor, state: State, at: int, context: Context) -> Decision:
    """Watch again, without re-arming a full interval unless its deadline has passed (semantics.md 5)."""
    decision = Decision(monitor, copy(state), context)
    if state.status is Status.PAUSED:
        resume(decision, at)
    return decision.settle()


def resume(decision: Decision, at: int) -> None:
    """End a pause."""
    monitor, state = decision.monitor, decision.state
    decision.becomes(Event.RESUME)
    state.status = Status.PENDING if state.last_finish_at is None else Status.HEALTHY
    state.paused_until = None
    decision.reason = "resumed"
    interval = monitor.schedule.interval_ms
    if interval is None:
        state.watched_from = at
        if is_watched(monitor, state):
            expect_after(decision, at)
    elif not is_held(state) and is_watched(monitor, state):
        if state.expected_at is None:
            state.expected_at = (at if state.last_finish_at is None else state.last_finish_at) + interval
        if slot_deadline(monitor, state, decision.context.windows, state.expected_at) <= at:
            state.expected_at = at + interval


def schedule_changed(
    monitor: Monitor, state: State, at: int, context: Context, before: Schedule | None = None
) -> Decision:
    """Expect runs by the monitor's new schedule; what was due by the old one and is still open ends `skipped`.

    `before` is the old schedule; without it only the oldest open slot is known.
    """
    decision = Decision(monitor, copy(state), context, reason=RESCHEDULED)
    decision.becomes(Event.SCHEDULE_CHANGED)
    state = decision.state
    if state.status is not Status.PAUSED:
        for slot in _still_open(state, context, at, before):
            decision.entries.append(SlotEntry(slot, slot, 1, Outcome.SKIPPED, RESCHEDULED, None, at))
            mark(state, slot, Outcome.SKIPPED)
    watched = is_watched(monitor, state)
    # An interval's expectation may have been answered long before its time; no slot of the new schedule is older.
    state.newest_judged = None if state.newest_judged is None else min(state.newest_judged, at)
    state.silent_slot = state.expected_at = None
    if watched:
        _expect_by_the_new(decision, at)
    return decision.settle()


def zones_changed(monitor: Monitor, state: State, at: int, context: Context) -> Decision:
    """Compute the next slot anew by time zone data that has changed; one that is due already stays."""
    decision = Decision(monitor, copy(state), context, reason="time zone data changed")
    coming = state.expected_at is not None and state.expected_at > at
    if coming and monitor.schedule.interval_ms is None:
        expect_after(decision, max(at, state.newest_slot or at))
    return decision.settle()


def _still_open(state: State, context: Context, at: int, before: Schedule | None) -> list[int]:
    oldest = state.expected_at
    if oldest is None or oldest > at:
        return []
    slots = [oldest]
    if before is not None and before.interval_ms is None:
        slots += before.slots_between(oldest, at, MAX_SLOTS)
    if before is not None and before.interval_ms is not None:
        return [free_instant(context.taken, oldest)]
    running = {run.slot for run in state.open_runs}
    return [slot for slot in slots if slot not in running and not any(a <= slot <= b for a, b in context.taken)]


def _expect_by_the_new(decision: Decision, at: int) -> None:
    state, interval = decision.state, decision.monitor.schedule.interval_ms
    if interval is None:
        state.watched_from = at
        expect_after(decision, at)
    elif not is_held(state):
        since = at if state.last_finish_at is None else state.last_finish_at
        state.expected_at = max(at, since + interval)


def _expect_first(decision: Decision, at: int) -> None:
    interval = decision.monitor.schedule.interval_ms
    if interval is None:
        expect_after(decision, at)
    else:
        decision.state.expected_at = at + interval


def is_watched(monitor: Monitor, state: State) -> bool:
    """Tell whether silence counts: not before the first finish when `watch_from_creation` is off."""
    heard = state.last_finish_at is not None or state.status not in (Status.PENDING, Status.PAUSED)
    return monitor.rules.watch_from_creation or heard or state.expected_at is not None


def limits_changed(monitor: Monitor, state: State, at: int, context: Context) -> Decision:
    """Recompute the deadline after a change of grace or limits, never earlier than a minute from now."""
    decision = Decision(monitor, copy(state), context, reason="grace or limits changed")
    decision.state.hold_until = at + MINUTE_MS
    decision.state.open_runs = tuple(
        replace(run, limit_at=run.started_at + monitor.run_limit_ms) for run in decision.state.open_runs
    )
    never_heard = state.last_ping_at is None and state.status in (Status.PENDING, Status.PAUSED)
    nothing_due = state.expected_at is None and state.status is not Status.PAUSED and not is_held(state)
    if never_heard and not monitor.rules.watch_from_creation:
        decision.state.expected_at = None
    elif nothing_due and is_watched(monitor, state):
        _expect_first(decision, at)
    return decision.settle()
