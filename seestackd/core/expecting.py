"""What is expected next, and how the ledger learns that a slot stayed silent (semantics.md 3 and 4)."""

from collections.abc import Sequence

from seestackd.core.blind import Stretch
from seestackd.core.ledger import extended
from seestackd.core.monitor import Outcome, SlotEntry, State
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
    free = place_of(decision, slot)
    entries = decision.entries
    index = next((i for i in reversed(range(len(entries))) if entries[i].last_at == previous), None)
    last = decision.context.before if index is None else entries[index]
    if free != slot or not _belongs_together(decision, last, previous):
        last = None
    entry = extended(last, free, previous, outcome, reason, at)
    if index is not None and entry.first_at == entries[index].first_at:
        entries[index] = entry
    else:
        entries.append(entry)
    mark(decision.state, free, outcome)
    return free


def _belongs_together(decision: Decision, last: SlotEntry | None, previous: int | None) -> bool:
    """Tell whether the slot before is one of the same stretch of watching.

    A slot that an open run answers late keeps an entry of its own, as it will be revised.
    """
    state, interval = decision.state, decision.monitor.schedule.interval_ms
    if last is None or previous is None:
        return False
    if any(run.slot == previous for run in state.open_runs):
        return False
    return previous == state.silent_slot == state.newest_slot if interval is not None else previous > state.watched_from


def place_of(decision: Decision, slot: int) -> int:
    """Return under which instant the ledger gets a slot: of a calendar its own, as `advance` passes over taken ones."""
    return slot if decision.monitor.schedule.interval_ms is None else free_instant(decision.context.taken, slot)


def free_instant(taken: Sequence[Stretch], slot: int) -> int:
    """Return where the ledger has room for an expectation: after a step back the clock passes known instants again."""
    for first, _ in taken:
        if first == slot:
            slot += 1
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


def earliest(state: State, at: int) -> int:
    """Return from when on a judgement at `at` may ask which slots have an outcome."""
    instants = [at, state.expected_at, state.paused_until, state.last_finish_at]
    instants += [run.started_at if run.slot is None else run.slot for run in state.open_runs]
    return min(instant for instant in instants if instant is not None)


def is_held(state: State) -> bool:
    """Tell whether a run that is watched holds the one expectation of an interval monitor."""
    return any(run.slot is not None and not run.overran for run in state.open_runs)
