"""A job says that it has ended: its run is closed, its slot answered, its status changed (semantics.md 3 and 5)."""

from statistics import mean, median

from seestackd.core.alert_rules import SPIKE_FACTOR, SPIKE_SAMPLES
from seestackd.core.events import Event
from seestackd.core.expecting import advance, enter_silent, expect_after, is_held, mark, place_of
from seestackd.core.incidents import AlertKind
from seestackd.core.ledger import MAX_SLOTS, revised, split
from seestackd.core.maintenance import touching
from seestackd.core.monitor import OpenRun, Outcome, SlotEntry, Status
from seestackd.core.pings import Ping, PingKind
from seestackd.core.runs import Answer, Run, is_older, wait_ms
from seestackd.core.transitions import Decision, Slow

MIN_SAMPLES = 5
BUSY = "previous run still running"
_COUNTED = frozenset({Outcome.MISSED, Outcome.OVERRUN})


def finish(decision: Decision, ping: Ping, answer: Answer) -> None:
    """Decide what a `success` or `failed` ping means."""
    _Finish(decision, ping, answer).apply()


class _Finish:
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
        self.older = is_older(self.monitor, self.state, ping, answer.slot)

    def apply(self) -> None:
        state, decision = self.state, self.decision
        state.open_runs = tuple(run for run in state.open_runs if not self._is_over(run))
        if state.status is Status.PAUSED:
            self.slot = self.run.slot if self.run is not None else None
            self._record_run(None, "closed")
            decision.reason = "paused: recorded"
        else:
            entry = self._entry()
            outcome = self._outcome(entry)
            self._write_slot(entry, outcome)
            self._record_run(outcome, "extra")
            decision.outcome = outcome
            if not self.older:
                self._change_status(entry)
        self._next_expectation()
        self._remember()

    def _is_over(self, run: OpenRun) -> bool:
        """Tell whether it is this run, or a hung one without id that was given up: a younger one has finished."""
        if self.run is not None and run.id == self.run.id:
            return True
        return run.overran and run.rid is None and run.started_at < self.started_at

    def _entry(self) -> SlotEntry | None:
        entry = self.decision.context.entry
        if self.run is not None and self.run.outcome is None:
            return None
        if entry is None or self.slot is None or not entry.first_at <= self.slot <= entry.last_at:
            return None
        return entry

    def _in_time(self) -> bool:
        heard_at = self.started_at if self.run is not None else self.ping.at
        return self.slot is not None and heard_at <= self.slot + wait_ms(self.monitor, self.state)

    def _outcome(self, entry: SlotEntry | None) -> Outcome | None:
        """Return how the slot ends with this finish; None for an extra run, which has no slot."""
        outcome = None
        if self.slot is not None and (self.run is not None or not self._is_running(self.slot)):
            outcome = self._first_outcome() if entry is None else revised(entry.outcome, self.ok, self._in_time())
        if outcome is None:
            self.slot = None
        elif entry is None and self.run is None and self.slot is not None:
            self.slot = place_of(self.decision, self.slot)
        return outcome

    def _is_running(self, slot: int) -> bool:
        return any(run.slot == slot and not run.overran for run in self.state.open_runs)

    def _first_outcome(self) -> Outcome:
        if not self.ok:
            return Outcome.FAILED
        if self.interval_ms is not None:
            return Outcome.ON_TIME
        if self.slot is not None and self.started_at < self.slot:
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
        decision, slot = self.decision, self.slot
        decision.reason = self._reason(outcome)
        if slot is None or outcome is None:
            return
        if entry is not None:
            decision.removed.append(entry.first_at)
            decision.entries.extend(split(entry, slot, self.monitor.schedule))
        run_id = self.run.id if self.run is not None else decision.context.run_id
        decision.entries.append(SlotEntry(slot, slot, 1, outcome, decision.reason, run_id, self.ping.at))
        mark(self.state, slot, outcome)

    def _record_run(self, outcome: Outcome | None, otherwise: str) -> None:
        decision, ping = self.decision, self.ping
        run_id = decision.run_id = self.run.id if self.run is not None else decision.context.run_id
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
        (decision.opened if self.run is None else decision.closed).append(record)

    def _change_status(self, entry: SlotEntry | None) -> None:
        decision, at = self.decision, self.ping.at
        if self.ok:
            decision.good(Event.SUCCESS, at)
            self._tell_if_slow()
        elif touching(decision.context.windows, at, at) is not None:
            decision.reason += "; inside maintenance it counts for nothing"
            decision.heard_again(at)
        else:
            before = entry.outcome if entry is not None and self.slot is not None else None
            counted = before in _COUNTED or (self.run is not None and self.run.outcome in _COUNTED)
            decision.bad(Event.FAILED, AlertKind.FAILED, at, revises_bad=counted)

    def _tell_if_slow(self) -> None:
        factor = self.monitor.rules.slow_factor
        usual = self.decision.context.history.good_durations_ms
        if not self.duration_ms or len(usual) < MIN_SAMPLES:
            return
        middle, last = median(usual), usual[:SPIKE_SAMPLES]
        own = factor is not None and self.duration_ms > factor * middle
        spike = self.decision.context.spikes and self.duration_ms > SPIKE_FACTOR * mean(last)
        if own or spike:
            self.decision.effects.append(Slow(self.ping.at, self.duration_ms, int(middle), own, spike))

    def _next_expectation(self) -> None:
        state, decision = self.state, self.decision
        if self.interval_ms is not None:
            if not self.older and not is_held(state):
                state.expected_at = self.ping.at + self.interval_ms
                state.silent_slot = None
            return
        if state.status is Status.PAUSED:
            return
        if not self.monitor.rules.overlap:
            self._skip_slots_inside()
        if state.expected_at is None:
            expect_after(decision, max(self.ping.at, self.slot or 0))
        elif any(entry.first_at <= state.expected_at <= entry.last_at for entry in decision.entries):
            advance(decision)

    def _skip_slots_inside(self) -> None:
        """End the slots that came while the run went on, and that no run of their own answers, as skipped."""
        decision = self.decision
        if self.state.expected_at is None or self.ping.at <= self.state.expected_at:
            return
        taken = [*decision.context.taken, *((entry.first_at, entry.last_at) for entry in decision.entries)]
        running = {run.slot for run in self.state.open_runs}
        since = max(self.started_at, self.state.expected_at - 1)
        for slot in self.monitor.schedule.slots_between(since, self.ping.at - 1, MAX_SLOTS):
            if slot not in running and not any(first <= slot <= last for first, last in taken):
                enter_silent(decision, slot, Outcome.SKIPPED, BUSY, self.ping.at)

    def _remember(self) -> None:
        state, ping = self.state, self.ping
        if ping.at >= (state.last_finish_at or 0):
            state.last_finish_at = ping.at
            state.last_duration_ms = self.duration_ms
            state.ends_only = self.run is None
        if self.ok:
            state.last_ok_at = max(ping.at, state.last_ok_at or 0)
