"""What nearly every ping is: a success that answers the slot which a healthy monitor waits for, in time.

`answer` and `hear` say the same of it, and look at everything else that it might be; a test holds the two together.
"""

from seestackd.core.monitor import Monitor, Outcome, State, Status
from seestackd.core.runs import MAX_DURATION_MS, slot_at, wait_ms
from seestackd.core.values import plain


@plain(frozen=True, slots=True)
class SteadyReport:
    """One run, its slot and the new state, in which the ids of ping and run are those of the report before it.

    Instants in ms UTC, the duration in ms.
    """

    at: int
    duration_ms: int | None
    slot: int
    started_at: int
    outcome: Outcome
    state: State


REASONS = {Outcome.ON_TIME: "came in time", Outcome.EARLY: "started shortly before its time"}


def steady(monitor: Monitor, state: State, at: int, duration_ms: int | None) -> SteadyReport | None:
    """Return what a success heard at `at` (ms UTC) changes, or None when the general rules have to be asked.

    It was not sent late, and there are no windows of maintenance, no limits on how slow a run may be.
    """
    slot, deadline = state.expected_at, state.deadline_at
    if slot is None or deadline is None or not _is_well(state, slot, at):
        return None
    started_at = at - duration_ms if duration_ms is not None and 0 < duration_ms <= MAX_DURATION_MS else at
    interval_ms = monitor.schedule.interval_ms
    outcome, following = Outcome.ON_TIME, None
    if interval_ms is not None:
        following = at + interval_ms
    elif (found := _outcome(monitor, state, slot, started_at, at)) is not None:
        outcome, following = found, _after(monitor, slot)
    if following is None or (interval_ms is None and following < at):
        return None
    new = _heard(state, slot, at, duration_ms)
    new.expected_at = following
    new.deadline_at = following + wait_ms(monitor, new)
    if state.hold_until is not None:
        new.deadline_at = max(new.deadline_at, state.hold_until)
    if new.deadline_at < deadline:
        return None
    return SteadyReport(at, duration_ms, slot, started_at, outcome, new)


def _is_well(state: State, slot: int, at: int) -> bool:
    return (
        state.status is Status.HEALTHY
        and not state.open_runs
        and state.incident_id is None
        and not state.bad
        and state.bad_since is None
        and not state.unknowns
        and state.silent_slot is None
        and (state.newest_slot is None or state.newest_slot < slot)
        and (state.newest_judged is None or state.newest_judged <= slot)
        and (state.last_finish_at or 0) <= at
        and (state.last_ok_at or 0) <= at
    )


def _outcome(monitor: Monitor, state: State, slot: int, started_at: int, at: int) -> Outcome | None:
    """Return how the slot of a calendar ends; None when the run is about another one, or is late."""
    if slot_at(monitor, state, started_at) != slot:
        return None
    if started_at < slot:
        return Outcome.EARLY
    return Outcome.ON_TIME if at <= slot + wait_ms(monitor, state) else None


def _after(monitor: Monitor, slot: int) -> int | None:
    try:
        return monitor.schedule.next_after(slot)
    except LookupError:
        return None


def _heard(state: State, slot: int, at: int, duration_ms: int | None) -> State:
    new = state.__copy__()
    new.good += 1
    new.newest_slot = new.newest_judged = slot
    new.last_ping_at = new.last_ok_at = new.last_finish_at = at
    new.last_ping_mark = 0
    new.last_duration_ms = duration_ms
    new.ends_only = True
    return new
