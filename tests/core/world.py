"""One monitor and its judge without a store: the ledger is a dict, incidents are a list, time is what a test says."""

from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from seestackd.core import watching
from seestackd.core.blind import Stretch
from seestackd.core.clock_steps import after_step, is_forgotten
from seestackd.core.expecting import earliest
from seestackd.core.hearing import hear
from seestackd.core.incidents import SEVERITY, AlertKind, Incident
from seestackd.core.judging import judge
from seestackd.core.maintenance import Window
from seestackd.core.monitor import Monitor, Rules, SlotEntry, State
from seestackd.core.pings import Ping, PingKind
from seestackd.core.runs import Run, answer, late_until
from seestackd.core.schedule import Schedule, parse_schedule
from seestackd.core.steady import REASONS, SteadyReport, steady
from seestackd.core.transitions import Changed, Closed, Context, Decision, History, MissedAgain, Opened, Slow

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
MIDNIGHT = 1_772_409_600_000  # 2026-03-02 00:00 UTC, a Monday


def t(clock: str, day: int = 0) -> int:
    """The instant of "03:04", "03:04:05" or "03:04:05.678", `day` days after the Monday on which the tests begin."""
    hours, minutes, seconds = (*clock.split(":"), "0")[:3]
    return MIDNIGHT + day * DAY + int(hours) * HOUR + int(minutes) * MINUTE + round(float(seconds) * SECOND)


def clock(instant: int) -> str:
    """The inverse of `t`, as "03:04" or "1d 03:04:05"."""
    days, rest = divmod(instant - MIDNIGHT, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, ms = divmod(rest, MINUTE)
    seconds = f":{ms / 1000:06.3f}".removesuffix(".000") if ms else ""
    return (f"{days}d " if days else "") + f"{hours:02}:{minutes:02}{seconds}"


@dataclass
class World:
    """Everything that is known about one monitor; `told` are the alerts as (kind, instant).

    Each success is also judged by the short way, which may only say the same; `steady` counts when it said so.
    """

    monitor: Monitor
    state: State
    ledger: dict[int, SlotEntry] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    told: list[tuple[str, int]] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    blind: list[Stretch] = field(default_factory=list)
    steps: list[Stretch] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)
    refused_at: int | None = None
    last: Decision | None = None
    steady: int = 0

    # What happens to it

    def ping(self, kind: str, at: int, **said: Any) -> Decision:
        happened_at = said.pop("happened_at", at)
        keyed = said.pop("keyed", False)
        ping = Ping(PingKind(kind), happened_at, at, **said)
        state = self.state
        belongs = answer(self.monitor, state, ping, self._waited_for_at(ping))
        entry = None
        unborn = self._interval and belongs.run is None and belongs.slot == state.expected_at
        if belongs.slot is not None and not unborn:
            entry = self.covering(belongs.slot)
        usual = [run.duration_ms for run in self._latest(20) if run.ok and run.duration_ms]
        context = self._context(at, entry=entry, history=History(good_durations_ms=tuple(usual)))
        mark = 0 if keyed or kind != "failed" else crc32(repr(said).encode()) or 1
        decision = hear(self.monitor, state, ping, belongs, context, mark)
        if kind == "success" and at == happened_at and not self.windows and self.monitor.rules.slow_factor is None:
            self._compare(steady(self.monitor, state, at, ping.duration_ms), ping, decision)
        return self._apply(decision)

    def _compare(self, report: SteadyReport | None, ping: Ping, decision: Decision) -> None:
        """The short way says what the general rules say, or nothing."""
        self.steady += report is not None
        if report is None:
            return
        run_id, slot, outcome = decision.context.run_id, report.slot, report.outcome
        entry = SlotEntry(slot, slot, 1, outcome, REASONS[outcome], run_id, ping.at)
        run = Run(
            run_id, self.monitor.id, ping.rid, slot, report.started_at, False, ping.at, ping.duration_ms,
            ping.at - slot, outcome.value, True, ping.exit_code, ping.host, ping.trace_id,
        )  # fmt: skip
        assert (decision.state, decision.entries, decision.opened) == (report.state, [entry], [run])
        assert (decision.outcome, decision.reason, decision.run_id) == (outcome, REASONS[outcome], run_id)
        assert not any((decision.closed, decision.removed, decision.effects, decision.unknown))
        assert decision.state.status is self.state.status

    def success(self, at: int, **said: Any) -> Decision:
        return self.ping("success", at, **said)

    def failed(self, at: int, **said: Any) -> Decision:
        return self.ping("failed", at, **said)

    def start(self, at: int, **said: Any) -> Decision:
        return self.ping("start", at, **said)

    def log(self, at: int, **said: Any) -> Decision:
        return self.ping("log", at, **said)

    def judge(self, at: int) -> Decision | None:
        """Judge once at `at`, if something is due."""
        if self.state.deadline_at is None or self.state.deadline_at > at:
            return None
        runs = self._latest(20)
        history = History(
            tuple(run.lateness_ms for run in runs if run.lateness_ms is not None),
            tuple(run.duration_ms for run in runs if run.duration_ms is not None and run.heard_start),
        )
        return self._apply(
            judge(self.monitor, self.state, at, self._context(at, history=history if self.blind else None))
        )

    def until(self, at: int) -> "World":
        """Let the judge look at every deadline as it comes, up to `at`."""
        for _ in range(100_000):
            if self.state.deadline_at is None or self.state.deadline_at > at:
                return self
            before = self.state.deadline_at
            self.judge(before)
            assert self.state.deadline_at is None or self.state.deadline_at > before, "the judge stands still"
        raise AssertionError("no end of judging")

    def pause(self, at: int, until: int | None = None) -> Decision:
        return self._apply(watching.pause(self.monitor, self.state, at, until, self._context(at)))

    def resume(self, at: int) -> Decision:
        return self._apply(watching.resumed(self.monitor, self.state, at, self._context(at)))

    def reschedule(self, at: int, schedule: str, timezone: str = "UTC") -> Decision:
        before = self.monitor.schedule
        context = self._context(at)
        self.monitor = replace(self.monitor, schedule=parse_schedule(schedule, timezone))
        return self._apply(watching.schedule_changed(self.monitor, self.state, at, context, before))

    def change_rules(self, at: int, **rules: Any) -> Decision:
        self.monitor = replace(self.monitor, rules=replace(self.monitor.rules, **rules))
        return self._apply(watching.limits_changed(self.monitor, self.state, at, self._context(at)))

    def maintain(self, starts_at: int, ends_at: int) -> None:
        self.windows.append(Window(len(self.windows), "", "", starts_at, ends_at))

    def maintain_whenever(self, schedule: str, duration_ms: int) -> None:
        self.windows.append(
            Window(len(self.windows), "", "", schedule=parse_schedule(schedule), duration_ms=duration_ms)
        )

    def deaf(self, since: int, until: int) -> None:
        self.blind.append((since, until))

    def step(self, at: int, by: int) -> None:
        """The wall clock, which now says `at`, was moved by `by`."""
        if abs(by) <= 30_000:
            return
        self.blind = [(since + by, until + by) for since, until in self.blind]
        self.steps = [(since + by, until + by) for since, until in self.steps]
        self.blind.append((min(at, at - by), at))
        self.steps.append(self.blind[-1])
        if is_forgotten(self.monitor, self.state, at):
            kept = (entry for entry in self.ledger.values() if entry.first_at <= at)
            self.ledger = {entry.first_at: replace(entry, last_at=min(entry.last_at, at)) for entry in kept}
        taken = tuple((each.first_at, each.last_at) for each in self.entries if each.last_at >= at)
        self.state = after_step(self.monitor, self.state, at, by, taken)

    # What is seen of it

    @property
    def status(self) -> str:
        return self.state.status.value

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]

    @property
    def outcomes(self) -> dict[str, str]:
        """Each slot with its outcome; rows of several slots as "first..last xN"."""
        return {_label(entry): entry.outcome.value for entry in self.entries}

    @property
    def entries(self) -> list[SlotEntry]:
        return [self.ledger[first] for first in sorted(self.ledger)]

    @property
    def incident(self) -> Incident | None:
        return next((each for each in self.incidents if each.closed_at is None), None)

    def reason(self, slot: int) -> str:
        entry = self.covering(slot)
        assert entry is not None, "the slot has no outcome"
        return entry.reason

    def covering(self, slot: int) -> SlotEntry | None:
        covers = [first for first, entry in self.ledger.items() if first <= slot <= entry.last_at]
        return self.ledger[max(covers)] if covers else None

    # How it is kept

    @property
    def _interval(self) -> bool:
        return self.monitor.schedule.interval_ms is not None

    def _latest(self, count: int) -> list[Run]:
        return [self.runs[run_id] for run_id in sorted(self.runs, reverse=True)[:count]]

    def _waited_for_at(self, ping: Ping) -> tuple[SlotEntry, ...]:
        if not ping.backfilled or not self._interval:
            return ()
        reach = late_until(self.monitor, self.state, ping.at) - ping.at
        return tuple(entry for entry in self.entries if entry.last_at >= ping.at - reach)[:2]

    def _context(self, at: int, entry: SlotEntry | None = None, history: History | None = None) -> Context:
        expected = self.state.expected_at
        before = None
        if expected is not None:
            schedule = self.monitor.schedule
            previous = expected - schedule.interval_ms if schedule.interval_ms else schedule.previous_before(expected)
            before = self.covering(previous) if previous is not None else None
        return Context(
            incident=self.incident,
            entry=entry,
            before=before,
            taken=self._taken(earliest(self.state, at)),
            windows=self.windows,
            blind=tuple(sorted(self.blind)),
            steps=tuple(sorted(self.steps)),
            history=history or History(),
            refused_at=self.refused_at,
            run_id=max(self.runs, default=0) + 1,
        )

    def _taken(self, since: int) -> tuple[Stretch, ...]:
        if self.state.newest_slot is None or self.state.newest_slot < since:
            return ()
        return tuple((each.first_at, each.last_at) for each in self.entries if each.last_at >= since)

    def _apply(self, decision: Decision) -> Decision:
        self.last = decision
        for run in decision.opened:
            assert run.id not in self.runs
            self.runs[run.id] = run
            decision.state.last_run_id = run.id
        for run in decision.closed:
            known = self.runs[run.id]
            self.runs[run.id] = replace(
                known, ended_at=run.ended_at, duration_ms=run.duration_ms, outcome=run.outcome, ok=run.ok,
                exit_code=run.exit_code,
            )  # fmt: skip
        for first_at in decision.removed:
            del self.ledger[first_at]
        for entry in decision.entries:
            self._enter(entry)
        self.unknown += decision.unknown
        for effect in decision.effects:
            self._tell(decision.state, effect)
        self.state = decision.state
        return decision

    def _enter(self, entry: SlotEntry) -> None:
        """Write a row; one that takes the place of another may only make it longer or be an allowed revision."""
        known = self.ledger.get(entry.first_at)
        longer = known is not None and known.outcome is entry.outcome and entry.last_at >= known.last_at
        swallowed = [first for first in self.ledger if entry.first_at < first <= entry.last_at and entry.count > 1]
        assert not any(self.ledger[first].outcome is entry.outcome for first in swallowed), "two rows for one slot"
        assert known is None or longer, f"{_label(entry)} {entry.outcome} erases {known}"
        self.ledger[entry.first_at] = entry

    def _tell(self, state: State, effect: object) -> None:
        if isinstance(effect, Opened):
            assert self.incident is None, "a second incident opens"
            number = len(self.incidents) + 1
            severity = SEVERITY[effect.kind]
            self.incidents.append(
                Incident(number, "", "", effect.kind, severity, effect.began_at, effect.at, missed=effect.missed)
            )
            if state.incident_id is not None:
                state.incident_id = number
            self.told.append((effect.kind.value, effect.at))
        elif isinstance(effect, Slow):
            self.told.append(("slow", effect.at))
        else:
            self._go_on(effect)

    def _go_on(self, effect: object) -> None:
        incident = self.incidents.pop()
        assert incident.closed_at is None, f"{effect} without an open incident"
        if isinstance(effect, Changed):
            incident = replace(incident, kind=AlertKind.FAILED)
            self.told.append(("changed", effect.at))
        elif isinstance(effect, MissedAgain):
            incident = replace(incident, missed=incident.missed + effect.count)
        elif isinstance(effect, Closed):
            incident = replace(incident, closed_at=effect.at, close_reason=effect.reason)
            if not effect.quiet:
                self.told.append(("recovered", effect.at))
        self.incidents.append(incident)


def _label(entry: SlotEntry) -> str:
    if entry.first_at == entry.last_at:
        return clock(entry.first_at)
    return f"{clock(entry.first_at)}..{clock(entry.last_at)} x{entry.count}{'+' if entry.more else ''}"


def a_monitor(
    schedule: str | Schedule = "0 * * * *", at: int = t("00:30"), timezone: str = "UTC", **rules: Any
) -> World:
    """A monitor created at `at` that has not reported yet; grace is 5 minutes unless given."""
    parsed = parse_schedule(schedule, timezone) if isinstance(schedule, str) else schedule
    monitor = Monitor(1, "uid", 1, "backup", "backup", parsed, Rules(**{"grace_ms": 5 * MINUTE, **rules}), "p", at)
    return World(monitor, watching.first_expectation(monitor, at))
