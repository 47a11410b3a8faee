"""What is expected next, and how the ledger learns that a slot stayed silent (semantics.md 3 and 4)."""

from seestackd.core.ledger import extended
from seestackd.core.monitor import Outcome, State
from seestackd.core.runs import wait_ms
from seestackd.core.transitions import Decision

_SAYS_NOTHING = frozenset({Outcome.SKIPPED, Outcome.UNKNOWN})


def mark(state: State, slot: int, outcome: Outcome) -> None:
    """Note that the slot has its outcome."""
    state.newest_slot = max(slot, state.newest_slot or slot)
    if outcome not in _SAYS_NOTHING:
        state.newest_judged = max(slot, state.newest_judged or slot)


def enter_silent(decision: Decision, slot: int, outcome: Outcome, reason: str, at: int) -> int:
    """Enter a slot that nothing was heard of, in one ledger row with those before it that ended alike.

    Returns where it was entered: the slot, or for want of room there the next free instant.
    """
    schedule = decision.monitor.schedule
    previous = slot - schedule.interval_ms if schedule.interval_ms else schedule.previous_before(slot)
    free = free_instant(decision, slot)
    entries, before = decision.entries, decision.context.before
    index = next((i for i in reversed(range(len(entries))) if entries[i].last_at == previous), None)
    if free != slot or (index is None and before is not None and before.first_at in decision.removed):
        last = None
    else:
        last = before if index is None else entries[index]
    entry = extended(last, free, previous, outcome, reason, at)
    if index is not None and entry.first_at == entries[index].first_at:
        entries[index] = entry
    else:
        entries.append(entry)
    mark(decision.state, free, outcome)
    return free


def free_instant(decision: Decision, slot: int) -> int:
    """Return where the ledger has room for an expectation: after a step back the clock passes the same instants again.

    Slots of a calendar are passed over by `advance` instead.
    """
    if decision.monitor.schedule.interval_ms is None:
        return slot
    for first, last in decision.context.taken:
        if first <= slot <= last:
            slot = last + 1
    return slot


def advance(decision: Decision) -> None:
    """Move `expected_at` of a calendar monitor to the next slot that has neither an outcome nor an open run."""
    if decision.state.expected_at is not None:
        expect_after(decision, decision.state.expected_at)


def expect_after(decision: Decision, instant: int) -> None:
    """Expect the first slot of the calendar after the instant that has neither an outcome nor an open run."""
    state, schedule = decision.state, decision.monitor.schedule
    running = {run.slot for run in state.open_runs}
    slot = instant
    try:
        while True:
            slot = schedule.next_after(slot)
            if (stretch := _stretch_over(decision, slot)) is not None:
                slot = max(slot, stretch[1])
            elif slot not in running:
                break
    except LookupError:
        state.expected_at = None
        return
    state.expected_at = slot


def _stretch_over(decision: Decision, slot: int) -> tuple[int, int] | None:
    for entry in reversed(decision.entries):
        if entry.first_at <= slot <= entry.last_at:
            return entry.first_at, entry.last_at
    return next((stretch for stretch in decision.context.taken if stretch[0] <= slot <= stretch[1]), None)


def move_on_from(decision: Decision, slot: int, at: int) -> None:
    """Move an interval's expectation by the smallest number of whole intervals that puts its deadline after now."""
    interval = decision.monitor.schedule.interval_ms or 1
    steps = (at - slot - wait_ms(decision.monitor, decision.state)) // interval + 1
    decision.state.expected_at = slot + max(1, steps) * interval


def is_held(state: State) -> bool:
    """Tell whether a run that is watched holds the one expectation of an interval monitor."""
    return any(run.slot is not None and not run.overran for run in state.open_runs)
