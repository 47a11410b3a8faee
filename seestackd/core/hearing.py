"""What a ping does: runs opened and closed, slots answered, status changed (semantics.md 3 and 5)."""

from copy import copy
from statistics import median

from seestackd.core.events import Event
from seestackd.core.incidents import AlertKind
from seestackd.core.ledger import revised, split
from seestackd.core.maintenance import touching
from seestackd.core.monitor import MAX_OPEN_RUNS, Monitor, OpenRun, Outcome, SlotEntry, State, Status
from seestackd.core.pings import Ping, PingKind
from seestackd.core.runs import Answer, Run, replaced_by_start, wait_ms
from seestackd.core.transitions import Context, Decision, Slow

REPEAT_MS = 30_000
MIN_SAMPLES = 5
_EVENTS = {
    PingKind.SUCCESS: Event.SUCCESS,
    PingKind.FAILED: Event.FAILED,
    PingKind.START: Event.START,
    PingKind.LOG: Event.LOG,
}


def hear(monitor: Monitor, state: State, ping: Ping, answer: Answer, context: Context, mark: int = 0) -> Decision:
    """Decide what a ping means.

    `answer` comes from `runs.answer`; `mark` is a checksum of what the ping says, 0 when it has an idempotency key.
    """
    decision = Decision(monitor, copy(state), context)
    repeats = (
        ping.kind is PingKind.FAILED
        and mark != 0
        and mark == state.last_ping_mark
        and ping.arrived_at - (state.last_ping_at or 0) <= REPEAT_MS
    )
    decision.state.last_ping_at = max(ping.arrived_at, state.last_ping_at or 0)
    decision.state.last_ping_mark = mark
    if ping.kind is PingKind.LOG:
        open_run = answer.run or next(reversed(state.open_runs), None)
        decision.run_id = open_run.id if open_run else None
        decision.reason = "a log line changes nothing"
    elif repeats:
        decision.run_id = state.last_run_id
        decision.reason = "the same failure was reported within 30 s"
    elif ping.kind is PingKind.START:
        _start(decision, ping, answer)
    else:
        _Finish(decision, ping, answer).apply()
    return decision.settle()


def _start(decision: Decision, ping: Ping, answer: Answer) -> None:
    monitor, state, context = decision.monitor, decision.state, decision.context
    interval = monitor.schedule.interval_ms is not None
    if state.status is Status.PAUSED:
        decision.reason = "paused: recorded"
        return
    if answer.run is not None:
        decision.run_id, decision.reason = answer.run.id, "this run has started already"
        return
    replaced = replaced_by_start(state, ping, answer.slot, interval)
    slot = replaced.slot if replaced is not None and interval else answer.slot
    if replaced is not None:
        _drop(decision, replaced, ping.at, "replaced")
    if not _may_answer(decision, slot):
        slot = None
    run_id = decision.run_id = context.run_id
    lateness = None if slot is None else ping.at - slot
    decision.opened.append(
        Run(
            run_id,
            monitor.id,
            ping.rid,
            slot,
            ping.at,
            True,
            lateness_ms=lateness,
            host=ping.host,
            trace_id=ping.trace_id,
        )
    )
    state.open_runs = (*state.open_runs, OpenRun(run_id, ping.rid, slot, ping.at, ping.at + monitor.run_limit_ms))
    if slot is not None:
        state.newest_slot = max(slot, state.newest_slot or slot)
        if slot == state.expected_at:
            if interval:
                state.expected_at = None
            else:
                decision.advance()
    decision.reason = "a run has started"
    _cap_open_runs(decision, ping.at)


def _may_answer(decision: Decision, slot: int | None) -> bool:
    """Tell whether a run may still answer the slot: free, or ended in a way that can be revised."""
    if slot is None or any(run.slot == slot and not run.overran for run in decision.state.open_runs):
        return False
    entry = decision.context.entry
    return entry is None or entry.outcome in (Outcome.MISSED, Outcome.UNKNOWN, Outcome.OVERRUN)


def _drop(decision: Decision, run: OpenRun, at: int, outcome: str) -> None:
    state = decision.state
    state.open_runs = tuple(other for other in state.open_runs if other.id != run.id)
    decision.closed.append(
        Run(run.id, decision.monitor.id, run.rid, run.slot, run.started_at, True, at, outcome=outcome)
    )


def _cap_open_runs(decision: Decision, at: int) -> None:
    while len(decision.state.open_runs) > MAX_OPEN_RUNS:
        oldest = decision.state.open_runs[0]
        _drop(decision, oldest, at, Outcome.OVERRUN.value)
        if oldest.overran:
            continue
        if oldest.slot is not None and decision.context.entry is None:
            decision.entries.append(
                SlotEntry(oldest.slot, oldest.slot, 1, Outcome.OVERRUN, "more than 20 open runs", oldest.id, at)
            )
            newest = decision.state.newest_judged
            decision.state.newest_judged = max(oldest.slot, newest or oldest.slot)
        decision.bad(Event.RUN_LIMIT, AlertKind.OVERRUN, at)


class _Finish:
    """One `success` or `failed` ping on its way through the rules."""

    def __init__(self, decision: Decision, ping: Ping, answer: Answer) -> None:
        self.decision = decision
        self.monitor = decision.monitor
        self.state = decision.state
        self.ping = ping
        self.run = answer.run
        self.started_at = answer.started_at
        self.duration_ms = answer.duration_ms
        self.slot = answer.slot
        self.ok = ping.kind is PingKind.SUCCESS
        self.interval_ms = self.monitor.schedule.interval_ms
        self.before = decision.state.status

    def apply(self) -> None:
        state = self.state
        if self.run is not None:
            state.open_runs = tuple(run for run in state.open_runs if run.id != self.run.id and not self._left(run))
        if state.status is Status.PAUSED:
            self._record_run(None, "closed")
            self.decision.reason = "paused: recorded"
            return
        older = self._older()
        entry = self._entry()
        outcome = self._outcome(entry)
        self._write_slot(entry, outcome)
        self._record_run(outcome, "extra")
        self.decision.outcome = outcome
        if not older:
            self._change_status(entry, outcome)
        self._next_expectation(older)
        self._remember()

    def _left(self, run: OpenRun) -> bool:
        """Whether a hung run without id was given up: a younger one has finished since."""
        assert self.run is not None
        return run.overran and run.rid is None and run.started_at < self.run.started_at

    def _older(self) -> bool:
        """Whether a newer outcome exists, so that this finish only fills its ledger row."""
        if self.interval_ms is not None:
            return self.ping.backfilled and max(self.state.last_finish_at or 0, self._last_deadline()) > self.ping.at
        slot = self.slot if self.slot is not None else None
        newest = self.state.newest_judged
        return slot is not None and newest is not None and slot < newest

    def _last_deadline(self) -> int:
        silent = self.state.silent_slot
        if silent is None or silent == self.slot:
            return 0
        return silent + wait_ms(self.monitor, self.state)

    def _entry(self) -> SlotEntry | None:
        entry = self.decision.context.entry
        if entry is None or self.slot is None or not entry.first_at <= self.slot <= entry.last_at:
            return None
        return entry

    def _in_time(self) -> bool:
        heard_at = self.started_at if self.run is not None else self.ping.at
        return self.slot is not None and heard_at <= self.slot + wait_ms(self.monitor, self.state)

    def _outcome(self, entry: SlotEntry | None) -> Outcome | None:
        """Return how the slot ends with this finish; None for an extra run."""
        if self.slot is None or (
            self.run is None and any(run.slot == self.slot and not run.overran for run in self.state.open_runs)
        ):
            self.slot = None
            return None
        if entry is not None:
            outcome = revised(entry.outcome, self.ok, self._in_time())
            if outcome is None:
                self.slot = None
            return outcome
        if not self.ok:
            return Outcome.FAILED
        if self.interval_ms is not None:
            return Outcome.ON_TIME
        if self.started_at < self.slot:
            return Outcome.EARLY
        return Outcome.ON_TIME if self._in_time() else Outcome.LATE

    def _reason(self, outcome: Outcome | None) -> str:
        if outcome is None:
            return "an extra run: its slot had an outcome already"
        if outcome is Outcome.FAILED:
            code = self.ping.exit_code
            return "the job reported a failure" if code is None else f"the job ended with exit code {code}"
        return {
            Outcome.EARLY: "started shortly before its time",
            Outcome.LATE: "came after its deadline",
        }.get(outcome, "came in time")

    def _write_slot(self, entry: SlotEntry | None, outcome: Outcome | None) -> None:
        decision, state, slot = self.decision, self.state, self.slot
        decision.reason = self._reason(outcome)
        if slot is None or outcome is None:
            return
        if entry is not None and entry.count > 1:
            if entry.first_at == slot:
                decision.removed.append(entry.first_at)
            decision.entries.extend(split(entry, slot, self.monitor.schedule))
        run_id = self.run.id if self.run is not None else decision.context.run_id
        decision.entries.append(SlotEntry(slot, slot, 1, outcome, decision.reason, run_id, self.ping.at))
        state.newest_slot = max(slot, state.newest_slot or slot)
        state.newest_judged = max(slot, state.newest_judged or slot)

    def _record_run(self, outcome: Outcome | None, otherwise: str) -> None:
        decision, ping = self.decision, self.ping
        run_id = self.run.id if self.run is not None else decision.context.run_id
        heard_at = self.started_at if self.run is not None else ping.at
        record = Run(
            run_id,
            self.monitor.id,
            ping.rid,
            self.slot,
            self.started_at,
            self.run is not None,
            ping.at,
            self.duration_ms,
            None if self.slot is None else heard_at - self.slot,
            outcome.value if outcome is not None else otherwise,
            self.ok,
            ping.exit_code,
            ping.host,
            ping.trace_id,
        )
        decision.run_id = run_id
        (decision.opened if self.run is None else decision.closed).append(record)

    def _change_status(self, entry: SlotEntry | None, outcome: Outcome | None) -> None:
        decision, at = self.decision, self.ping.at
        if self.ok:
            decision.good(Event.SUCCESS, at)
            self._tell_if_slow()
        elif touching(decision.context.windows, at, at) is not None:
            decision.reason += "; inside maintenance it counts for nothing"
        else:
            revises_bad = (
                outcome is not None and entry is not None and entry.outcome in (Outcome.MISSED, Outcome.OVERRUN)
            )
            decision.bad(Event.FAILED, AlertKind.FAILED, at, revises_bad=revises_bad)

    def _tell_if_slow(self) -> None:
        factor = self.monitor.rules.slow_factor
        usual = self.decision.context.history.good_durations_ms
        if factor is None or not self.duration_ms or len(usual) < MIN_SAMPLES:
            return
        middle = median(usual)
        if self.duration_ms > factor * middle:
            self.decision.effects.append(Slow(self.ping.at, self.duration_ms, int(middle)))

    def _next_expectation(self, older: bool) -> None:
        state, decision = self.state, self.decision
        if self.interval_ms is not None:
            if not older:
                self._expect_one_interval_later()
            return
        if (
            state.expected_at is None
            and self.monitor.rules.watch_from_creation is False
            and self.before is Status.PENDING
        ):
            state.expected_at = state.watched_from
            decision.advance()
        if self.slot is not None and self.slot == state.expected_at:
            decision.advance()
        if not self.monitor.rules.overlap:
            self._skip_slots_inside()

    def _expect_one_interval_later(self) -> None:
        state = self.state
        if any(run.slot is not None and not run.overran for run in state.open_runs):
            return
        expected = self.ping.at + (self.interval_ms or 0)
        newest = state.newest_judged
        while newest is not None and expected <= newest and self.ping.backfilled:
            expected += self.interval_ms or 1
        state.expected_at = expected
        state.silent_slot = None

    def _skip_slots_inside(self) -> None:
        state, decision = self.state, self.decision
        for _ in range(1000):
            slot = state.expected_at
            if slot is None or not self.started_at < slot < self.ping.at:
                return
            decision.entries.append(
                SlotEntry(slot, slot, 1, Outcome.SKIPPED, "previous run still running", None, self.ping.at)
            )
            state.newest_slot = max(slot, state.newest_slot or slot)
            state.newest_judged = max(slot, state.newest_judged or slot)
            decision.advance()

    def _remember(self) -> None:
        state, ping = self.state, self.ping
        if ping.at >= (state.last_finish_at or 0):
            state.last_finish_at = ping.at
            state.last_duration_ms = self.duration_ms
            state.ends_only = self.run is None
        if self.ok:
            state.last_ok_at = max(ping.at, state.last_ok_at or 0)
