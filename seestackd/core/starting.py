"""A job says that it has started: a run is opened, and its limit watched instead of its slot (semantics.md 3 and 4)."""

from dataclasses import replace

from seestackd.core.events import Event
from seestackd.core.expecting import expect_after, is_held, mark, move_on_from, place_of
from seestackd.core.incidents import AlertKind
from seestackd.core.ledger import split
from seestackd.core.maintenance import touching
from seestackd.core.monitor import MAX_OPEN_RUNS, MINUTE_MS, OpenRun, Outcome, SlotEntry
from seestackd.core.pings import Ping
from seestackd.core.runs import Answer, Run, is_overtaken, slot_at
from seestackd.core.transitions import Cell, Decision

REVISABLE = frozenset({Outcome.MISSED, Outcome.UNKNOWN, Outcome.OVERRUN})
CROWDED = "more than 20 open runs"


def start(decision: Decision, ping: Ping, answer: Answer) -> None:
    """Open a run, in place of one that the job has given up."""
    state = decision.state
    if answer.run is not None:
        decision.run_id, decision.reason = answer.run.id, "this run has started already"
    elif decision.becomes(Event.START) is Cell.RECORDED:
        decision.reason = "paused: recorded"
    elif is_overtaken(state, ping):
        decision.reason = "came after the end of a later run: recorded"
    else:
        _open(decision, ping, answer)


def _open(decision: Decision, ping: Ping, answer: Answer) -> None:
    monitor, state = decision.monitor, decision.state
    interval = monitor.schedule.interval_ms is not None
    slot = answer.slot
    replaced = _given_up(decision, ping, slot)
    if replaced is not None:
        slot = replaced.slot if interval else slot
        state.open_runs = tuple(run for run in state.open_runs if run.id != replaced.id)
        _close(decision, replaced, ping.at, "replaced")
    entry = decision.context.entry if slot == answer.slot else None
    outcome = entry.outcome if entry is not None else None
    if slot is None or _is_taken(decision, slot, outcome):
        slot = outcome = None
    elif outcome is None and replaced is None:
        slot = place_of(decision, slot)
    elif entry is not None and entry.count > 1:
        # Its row is split now, by the schedule that made it.
        decision.removed.append(entry.first_at)
        decision.entries += split(entry, slot, monitor.schedule)
        decision.entries.append(replace(entry, first_at=slot, last_at=slot, count=1, more=False))
    decision.run_id = decision.context.run_id
    _note(decision, ping, slot, outcome if replaced is None or slot is None else replaced.outcome or outcome)
    if slot is not None:
        state.newest_slot = max(slot, state.newest_slot or slot)
        if interval:
            state.expected_at = None
        elif answer.slot == state.expected_at:
            expect_after(decision, slot)
    decision.reason = "a run has started"
    _keep_to_the_limit(decision, ping.at)


def _given_up(decision: Decision, ping: Ping, slot: int | None) -> OpenRun | None:
    """Return the open run that a `start` without run id takes the place of: one for the same slot."""
    if ping.rid is not None:
        return None
    interval = decision.monitor.schedule.interval_ms is not None
    for run in reversed(decision.state.open_runs):
        if run.rid is None and not run.overran and (interval or slot == _meant(decision, run)):
            return run
    return None


def _meant(decision: Decision, run: OpenRun) -> int | None:
    """Return the slot at which an open run was started, also when that had its outcome already."""
    return run.slot if run.slot is not None else slot_at(decision.monitor, decision.state, run.started_at)


def _is_taken(decision: Decision, slot: int, outcome: Outcome | None) -> bool:
    if any(run.slot == slot and not run.overran for run in decision.state.open_runs):
        return True
    return outcome is not None and outcome not in REVISABLE


def _note(decision: Decision, ping: Ping, slot: int | None, outcome: Outcome | None) -> None:
    monitor, state, run_id = decision.monitor, decision.state, decision.context.run_id
    decision.opened.append(
        Run(
            run_id,
            monitor.id,
            ping.rid,
            slot,
            ping.at,
            True,
            lateness_ms=None if slot is None else ping.at - slot,
            host=ping.host,
            trace_id=ping.trace_id,
        )
    )
    limit_at = ping.at + monitor.run_limit_ms
    if ping.backfilled:
        # Its finish follows from the same spool.
        limit_at = max(limit_at, ping.arrived_at + MINUTE_MS)
    state.open_runs = (*state.open_runs, OpenRun(run_id, ping.rid, slot, ping.at, limit_at, outcome=outcome))


def _close(decision: Decision, run: OpenRun, at: int, outcome: str) -> None:
    decision.closed.append(
        Run(run.id, decision.monitor.id, run.rid, run.slot, run.started_at, True, at, outcome=outcome)
    )


def _keep_to_the_limit(decision: Decision, at: int) -> None:
    state = decision.state
    if len(state.open_runs) <= MAX_OPEN_RUNS:
        return
    oldest = min(state.open_runs, key=lambda run: (run.started_at, run.id))
    state.open_runs = tuple(run for run in state.open_runs if run.id != oldest.id)
    if oldest.overran:
        return
    _close(decision, oldest, at, Outcome.OVERRUN.value)
    if oldest.slot is not None and oldest.outcome is None:
        decision.entries.append(SlotEntry(oldest.slot, oldest.slot, 1, Outcome.OVERRUN, CROWDED, oldest.id, at))
        mark(state, oldest.slot, Outcome.OVERRUN)
    if touching(decision.context.windows, at, at) is None:
        revises_bad = oldest.outcome in (Outcome.MISSED, Outcome.OVERRUN)
        decision.bad(Event.RUN_LIMIT, AlertKind.OVERRUN, at, revises_bad)
    if decision.monitor.schedule.interval_ms is not None and oldest.slot is not None and not is_held(state):
        move_on_from(decision, oldest.slot, at)
