"""What silence means: slots and run limits that have passed unheard (semantics.md 4 to 6)."""

from copy import copy
from dataclasses import replace

from seestackd.core.blind import overlapping, usual_finish, usual_lateness_ms
from seestackd.core.events import Event
from seestackd.core.incidents import AlertKind
from seestackd.core.ledger import extended
from seestackd.core.maintenance import touching
from seestackd.core.monitor import Monitor, OpenRun, Outcome, SlotEntry, State, Status
from seestackd.core.runs import Run, early_ms, wait_ms
from seestackd.core.transitions import UNKNOWNS_BEFORE_ALERT, Context, Decision

MAX_SLOTS = 1000
NO_PING = "no ping by the deadline"
BLIND = "could not have been heard: seestackd was not listening"
REFUSED = "a ping was answered 503 and not sent again"
BUSY = "previous run still running"
MAINTENANCE = "inside a maintenance window"


def judge(monitor: Monitor, state: State, at: int, context: Context) -> Decision:
    """Decide all that has come due by `at`, each at its own deadline, oldest first.

    At most 1,000 slots are enumerated; beyond that the ledger says so and the next slot is taken from the present.
    """
    judgement = _Judgement(Decision(monitor, copy(state), context), at)
    if state.hold_until is None or at >= state.hold_until:
        judgement.decision.state.hold_until = None
        judgement.run()
    return judgement.decision.settle()


class _Judgement:
    def __init__(self, decision: Decision, at: int) -> None:
        self.decision = decision
        self.state = decision.state
        self.monitor = decision.monitor
        self.context = decision.context
        self.at = at
        self.last = decision.context.entry
        self.interval_ms = decision.monitor.schedule.interval_ms

    def run(self) -> None:
        slots = 0
        while slots < MAX_SLOTS:
            run = self._next_run()
            slot = None if self.state.status is Status.PAUSED else self.state.expected_at
            slot_due = None if slot is None else self.decision.slot_deadline(slot)
            run_due = None if run is None else self.decision.run_limit(run.limit_at)
            if (
                run is not None
                and run_due is not None
                and run_due <= self.at
                and (slot_due is None or run_due <= slot_due)
            ):
                self._run_limit(run, run_due)
            elif slot is not None and slot_due is not None and slot_due <= self.at:
                self._slot(slot, slot_due)
                slots += 1
            else:
                break
        else:
            self._give_up_enumerating()
        if self.state.status is Status.PAUSED and (self.state.paused_until or self.at + 1) <= self.at:
            resume(self.decision, self.at)

    def _next_run(self) -> OpenRun | None:
        watched = [run for run in self.state.open_runs if not run.overran]
        return min(watched, key=lambda run: self.decision.run_limit(run.limit_at), default=None)

    def _slot(self, slot: int, deadline: int) -> None:
        outcome, reason, window = self._silence(slot, deadline)
        self._enter(slot, outcome, reason)
        self.decision.outcome, self.decision.reason = outcome, reason
        if outcome is Outcome.MISSED:
            self.state.unknowns = 0
            self.decision.bad(Event.SLOT_DEADLINE, AlertKind.MISSED, deadline)
        elif outcome is Outcome.UNKNOWN:
            self._unknown(slot, window, deadline)
        self._move_on(slot)

    def _silence(self, slot: int, deadline: int) -> tuple[Outcome, str, tuple[int, int] | None]:
        """Return how a slot that nothing answered ends, why, and the blind window to blame."""
        calendar = self.interval_ms is None
        if calendar and touching(self.context.windows, slot, deadline) is not None:
            return Outcome.SKIPPED, MAINTENANCE, None
        if calendar and not self.monitor.rules.overlap and self._inside_a_run(slot):
            return Outcome.SKIPPED, BUSY, None
        previous = self.monitor.schedule.previous_before(slot) if calendar else None
        wait = wait_ms(self.monitor, self.state)
        lateness = usual_lateness_ms(self.context.history.lateness_ms, wait)
        since = slot - early_ms(self.monitor, slot, previous)
        # A clock that jumped has cut the time to be heard short, however punctual the job is.
        window = overlapping(self.context.blind, since, slot + lateness) or overlapping(
            self.context.steps, since, slot + wait
        )
        if window is not None:
            return Outcome.UNKNOWN, BLIND, window
        refused = self.context.refused_at
        if refused is not None and since <= refused <= deadline:
            return Outcome.UNKNOWN, REFUSED, (refused, refused)
        return Outcome.MISSED, NO_PING, None

    def _inside_a_run(self, slot: int) -> bool:
        return any(run.started_at < slot and not run.overran for run in self.state.open_runs)

    def _enter(self, slot: int, outcome: Outcome, reason: str) -> None:
        previous = slot - self.interval_ms if self.interval_ms else self.monitor.schedule.previous_before(slot)
        self.last = extended(self.last, slot, previous, outcome, reason, self.at)
        entries = self.decision.entries
        if entries and entries[-1].first_at == self.last.first_at:
            entries[-1] = self.last
        else:
            entries.append(self.last)
        self.state.newest_slot = max(slot, self.state.newest_slot or slot)
        self.state.newest_judged = max(slot, self.state.newest_judged or slot)

    def _unknown(self, slot: int, window: tuple[int, int] | None, deadline: int) -> None:
        self.decision.becomes(Event.JUDGED_UNKNOWN)
        cause = window[0] if window is not None else slot
        self.decision.unknown.append((slot, cause))
        if cause == self.state.unknown_of:
            return
        self.state.unknown_of = cause
        self.state.unknowns += 1
        if self.state.unknowns >= UNKNOWNS_BEFORE_ALERT:
            self.decision.open_incident(AlertKind.UNKNOWN, deadline, deadline)

    def _move_on(self, slot: int) -> None:
        if self.interval_ms is None:
            self.decision.advance()
            return
        self.state.silent_slot = slot
        self._expect_after(slot)

    def _expect_after(self, slot: int) -> None:
        """Move an expectation by the smallest number of whole intervals that puts its deadline after now."""
        interval = self.interval_ms or 1
        wait = wait_ms(self.monitor, self.state)
        steps = max(1, (self.at - slot - wait) // interval + 1)
        self.state.expected_at = slot + steps * interval

    def _run_limit(self, run: OpenRun, limit: int) -> None:
        state, decision = self.state, self.decision
        if state.status is Status.PAUSED:
            decision.becomes(Event.RUN_LIMIT)
            self._end(run, limit, "closed", gone=True)
            return
        since, until = usual_finish(run.started_at, run.limit_at, self.context.history.durations_ms)
        window = overlapping(self.context.blind, since, until)
        outcome = Outcome.OVERRUN if window is None else Outcome.UNKNOWN
        self._end(run, limit, outcome.value, gone=False)
        decision.outcome = outcome
        decision.reason = "still running at its limit" if window is None else BLIND
        if run.slot is not None and self._free(run.slot):
            self._enter_run(run, outcome)
        if window is None:
            state.unknowns = 0
            decision.bad(Event.RUN_LIMIT, AlertKind.OVERRUN, limit)
        else:
            self._unknown(run.slot or run.started_at, window, limit)
        if self.interval_ms is not None and run.slot is not None and state.expected_at is None:
            self._expect_after(run.slot)

    def _free(self, slot: int) -> bool:
        return not any(first <= slot <= last for first, last in self.context.taken)

    def _enter_run(self, run: OpenRun, outcome: Outcome) -> None:
        assert run.slot is not None
        entry = SlotEntry(run.slot, run.slot, 1, outcome, self.decision.reason, run.id, self.at)
        self.decision.entries.append(entry)
        self.state.newest_judged = max(run.slot, self.state.newest_judged or run.slot)
        self.last = None

    def _end(self, run: OpenRun, at: int, outcome: str, gone: bool) -> None:
        kept = () if gone else (replace(run, overran=True),)
        others = tuple(other for other in self.state.open_runs if other.id != run.id)
        self.state.open_runs = tuple(sorted((*others, *kept), key=lambda each: (each.started_at, each.id)))
        self.decision.closed.append(
            Run(run.id, self.monitor.id, run.rid, run.slot, run.started_at, True, at, outcome=outcome)
        )

    def _give_up_enumerating(self) -> None:
        if self.interval_ms is not None or self.state.expected_at is None:
            return
        wait = wait_ms(self.monitor, self.state)
        try:
            coming = self.monitor.schedule.next_after(self.at - wait)
        except LookupError:
            self.state.expected_at = None
            return
        if coming <= self.state.expected_at:
            return
        self.state.expected_at = coming
        if self.decision.entries:
            last = self.decision.entries[-1]
            until = self.monitor.schedule.previous_before(coming) or last.last_at
            self.decision.entries[-1] = replace(last, last_at=max(last.last_at, until), more=True)
            self.state.newest_slot = self.state.newest_judged = max(until, self.state.newest_judged or until)


def first_expectation(monitor: Monitor, at: int) -> State:
    """Return the state of a monitor that is watched from `at` on and has never reported."""
    state = State(watched_from=at)
    if monitor.rules.watch_from_creation:
        state.expected_at = _first_slot(monitor, at)
    return Decision(monitor, state, Context()).settle().state


def _first_slot(monitor: Monitor, at: int) -> int | None:
    if monitor.schedule.interval_ms is not None:
        return at + monitor.schedule.interval_ms
    try:
        return monitor.schedule.next_after(at)
    except LookupError:
        return None


def pause(monitor: Monitor, state: State, at: int, until: int | None, context: Context) -> Decision:
    """Stop watching; an open incident closes quietly. `until` ends the pause by itself."""
    decision = Decision(monitor, copy(state), context)
    if state.status is Status.PAUSED:
        decision.becomes(Event.PAUSE)
    else:
        decision.becomes(Event.PAUSE)
        decision.close_incident(at, "paused", quiet=True)
        decision.state.bad, decision.state.bad_since, decision.state.unknowns = 0, None, 0
    decision.state.paused_until = until
    decision.reason = "paused"
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
    state.status = Status.PENDING if state.last_ping_at is None else Status.HEALTHY
    state.paused_until = None
    decision.reason = "resumed"
    if monitor.schedule.interval_ms is None:
        state.watched_from = at
        if state.expected_at is not None or monitor.rules.watch_from_creation or state.status is not Status.PENDING:
            state.expected_at = _first_slot(monitor, at)
    elif state.expected_at is not None and decision.slot_deadline(state.expected_at) <= at:
        state.expected_at = at + monitor.schedule.interval_ms


def schedule_changed(monitor: Monitor, state: State, at: int, context: Context) -> Decision:
    """Expect runs by the monitor's new schedule; what was due by the old one and is still open ends `skipped`."""
    decision = Decision(monitor, copy(state), context)
    decision.becomes(Event.SCHEDULE_CHANGED)
    state = decision.state
    decision.reason = "schedule changed"
    waiting = state.expected_at is not None and state.expected_at <= at
    if waiting and state.expected_at is not None:
        decision.entries.append(
            SlotEntry(state.expected_at, state.expected_at, 1, Outcome.SKIPPED, "schedule changed", None, at)
        )
        state.newest_slot = max(state.expected_at, state.newest_slot or 0)
        state.newest_judged = max(state.expected_at, state.newest_judged or 0)
    was_watched = state.expected_at is not None or bool(state.open_runs)
    state.silent_slot = None
    if monitor.schedule.interval_ms is None:
        state.watched_from = at
        state.expected_at = _first_slot(monitor, at) if was_watched else None
        state.newest_slot = state.newest_judged
    elif was_watched and not any(run.slot is not None and not run.overran for run in state.open_runs):
        since = state.last_finish_at
        state.expected_at = max(at, (since if since is not None else at) + monitor.schedule.interval_ms)
    return decision.settle()


def limits_changed(monitor: Monitor, state: State, at: int, context: Context) -> Decision:
    """Recompute the deadline after a change of grace or limits, never earlier than a minute from now."""
    decision = Decision(monitor, copy(state), context)
    decision.state.hold_until = at + 60_000
    decision.state.open_runs = tuple(
        replace(run, limit_at=run.started_at + monitor.run_limit_ms) for run in decision.state.open_runs
    )
    decision.reason = "grace or limits changed"
    return decision.settle()
