"""What silence means: slots and run limits that have passed unheard (semantics.md 4 to 6)."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import partial

from seestackd.core.blind import Stretch, overlapping, usual_finish, usual_lateness_ms
from seestackd.core.events import Event
from seestackd.core.expecting import advance, enter_silent, expect_after, is_held, mark, move_on_from
from seestackd.core.finishing import BUSY
from seestackd.core.incidents import AlertKind
from seestackd.core.ledger import MAX_SLOTS
from seestackd.core.maintenance import moved_out, touching
from seestackd.core.monitor import SILENT, Monitor, OpenRun, Outcome, SlotEntry, State, Status
from seestackd.core.runs import Run, early_ms, slot_deadline, wait_ms
from seestackd.core.transitions import UNKNOWNS_BEFORE_ALERT, Context, Decision
from seestackd.core.watching import resume

NO_PING = "no ping by the deadline"
NEVER = "never reported since it was created"
HUNG = "still running at its limit"
BLIND = "could not have been heard: seestackd was not listening"
REFUSED = "a ping was answered 503 and not sent again"
MAINTENANCE = "inside a maintenance window"
_COUNTED = frozenset({Outcome.MISSED, Outcome.OVERRUN})


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
        self.slots = 0
        self.interval_ms = decision.monitor.schedule.interval_ms

    def run(self) -> None:
        while self.slots < MAX_SLOTS:
            due, act = min(self._coming(), key=lambda each: each[0], default=(self.at + 1, None))
            if act is None or due > self.at:
                return
            act(due)
        self._give_up_enumerating()

    def _coming(self) -> list[tuple[int, Callable[[int], None] | None]]:
        """Return what is waited for; at the same instant a run's limit comes before a slot's deadline."""
        state = self.state
        coming: list[tuple[int, Callable[[int], None] | None]] = []
        run = min((run for run in state.open_runs if not run.overran), key=self._limit, default=None)
        if run is not None:
            coming.append((self._limit(run), partial(self._run_limit, run)))
        if state.status is Status.PAUSED:
            if state.paused_until is not None:
                coming.append((state.paused_until, self._pause_ends))
        elif state.expected_at is not None:
            deadline = slot_deadline(self.monitor, state, self.context.windows, state.expected_at)
            coming.append((deadline, partial(self._slot, state.expected_at)))
        return coming

    def _limit(self, run: OpenRun) -> int:
        return moved_out(self.context.windows, run.limit_at, self.monitor.rules.grace_ms)

    def _pause_ends(self, due: int) -> None:
        resume(self.decision, due)

    def _slot(self, slot: int, deadline: int) -> None:
        self.slots += 1
        outcome, reason, window = self._silence(slot, deadline)
        entered_at = enter_silent(self.decision, slot, outcome, reason, self.at)
        self._about(slot, outcome, reason)
        if outcome is Outcome.MISSED:
            self.state.unknowns = 0
            self.decision.bad(Event.SLOT_DEADLINE, AlertKind.MISSED, deadline)
        elif outcome is Outcome.UNKNOWN:
            self._unknown(slot, window, deadline)
        if self.interval_ms is None:
            advance(self.decision)
        else:
            self.state.silent_slot = entered_at
            move_on_from(self.decision, slot, self.at)

    def _about(self, slot: int | None, outcome: Outcome, reason: str) -> None:
        if not self.decision.effects:
            self.decision.slot = slot
        self.decision.outcome, self.decision.reason = outcome, reason

    def _silence(self, slot: int, deadline: int) -> tuple[Outcome, str, Stretch | None]:
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
        return Outcome.MISSED, NO_PING if self.state.last_ping_at is not None else NEVER, None

    def _inside_a_run(self, slot: int) -> bool:
        """Tell whether the slot came while a run went on; one that hangs is over at its limit."""
        return any(
            run.started_at < slot and (not run.overran or slot < self._limit(run)) for run in self.state.open_runs
        )

    def _unknown(self, slot: int, window: Stretch | None, deadline: int) -> None:
        self.decision.becomes(Event.JUDGED_UNKNOWN)
        cause = window[0] if window is not None else slot
        self.decision.unknown.append((slot, cause))
        if cause == self.state.unknown_of:
            return
        self.state.unknown_of = cause
        self.state.unknowns += 1
        if self.state.unknowns >= UNKNOWNS_BEFORE_ALERT:
            self.decision.open_incident(AlertKind.UNKNOWN, deadline, deadline)

    def _run_limit(self, run: OpenRun, limit: int) -> None:
        state, decision = self.state, self.decision
        if state.status is Status.PAUSED:
            decision.becomes(Event.RUN_LIMIT)
            self._end(run, limit, "closed", None)
            return
        since, until = usual_finish(run.started_at, run.limit_at, self.context.history.durations_ms)
        window = overlapping(self.context.blind, since, until)
        outcome, reason = (Outcome.OVERRUN, HUNG) if window is None else (Outcome.UNKNOWN, BLIND)
        self._about(run.slot, outcome, reason)
        if run.slot is not None and run.outcome is None:
            decision.entries.append(SlotEntry(run.slot, run.slot, 1, outcome, reason, run.id, self.at))
            mark(state, run.slot, outcome)
        if window is None:
            state.unknowns = 0
            decision.bad(Event.RUN_LIMIT, AlertKind.OVERRUN, limit, revises_bad=run.outcome in _COUNTED)
        else:
            self._unknown(run.slot or run.started_at, window, limit)
        counted = run.outcome if run.outcome in _COUNTED else outcome
        self._end(run, limit, outcome.value, replace(run, overran=True, outcome=counted))
        self._watch_on(run)

    def _watch_on(self, run: OpenRun) -> None:
        """Expect something again when nothing else is waited for: a job that hung is not forgotten."""
        if self.state.expected_at is not None:
            return
        if self.interval_ms is None:
            expect_after(self.decision, self.at)
        elif not is_held(self.state):
            move_on_from(self.decision, run.slot or run.started_at, self.at)

    def _end(self, run: OpenRun, at: int, outcome: str, kept: OpenRun | None) -> None:
        runs = (kept if other.id == run.id else other for other in self.state.open_runs)
        self.state.open_runs = tuple(each for each in runs if each is not None)
        self.decision.closed.append(
            Run(run.id, self.monitor.id, run.rid, run.slot, run.started_at, True, at, outcome=outcome)
        )

    def _give_up_enumerating(self) -> None:
        state, schedule, entries = self.state, self.monitor.schedule, self.decision.entries
        if self.interval_ms is not None or state.expected_at is None or not entries:
            return
        try:
            coming = schedule.next_after(self.at - wait_ms(self.monitor, state))
        except LookupError:
            coming = None
        if coming is not None and coming <= state.expected_at:
            return
        index = max((i for i, entry in enumerate(entries) if entry.outcome in SILENT), key=lambda i: entries[i].last_at)
        last = entries[index]
        until = schedule.newest_at_or_before(self.at) if coming is None else schedule.previous_before(coming)
        until = max(last.last_at, until or 0)
        entries[index] = replace(last, last_at=until, more=True)
        mark(state, until, last.outcome)
        state.expected_at = coming
        if coming is not None:
            expect_after(self.decision, coming - 1)
