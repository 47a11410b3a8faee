"""What should have happened to a monitor, worked out naively from semantics.md: every event is replayed from the start.

Time is in whole minutes. Nothing here is clever: it walks minute by minute, looks at every slot and every run, and
shares no code with the daemon. A calendar is "every `period` minutes from midnight".
"""

from dataclasses import dataclass, field
from typing import Any

TINY = 1 / 60_000  # a millisecond, in minutes

Event = tuple[Any, ...]


@dataclass
class Job:
    """One run: `slot` is the key of the ledger entry it answers, `counted` whether it is in `bad` already."""

    start: float
    rid: str | None
    slot: float | None
    limit: float
    heard_start: bool = True
    over: bool = False
    ended: bool = False
    counted: bool = False
    lateness: float | None = None
    duration: float | None = None


@dataclass
class Oracle:
    """The page, replayed."""

    created: int
    calendar: bool
    period: int
    grace: int
    max_runtime: int | None = None
    overlap: bool = False
    failures: int = 1
    recoveries: int = 1
    status: str = "pending"
    good: int = 0
    bad: int = 0
    unknowns: int = 0
    cause: float | None = None
    incident: str | None = None
    told: list[str] = field(default_factory=list)
    ledger: dict[float, str] = field(default_factory=dict)
    runs: list[Job] = field(default_factory=list)
    finished: bool = False
    ends_only: bool = False
    last_finish: float | None = None
    expected: float | None = None
    silent: float | None = None
    newest: float | None = None
    watched_from: float = 0
    paused_until: float | None = None
    hold: float = -1e9
    maintenance: list[tuple[int, int]] = field(default_factory=list)
    blind: list[tuple[float, float]] = field(default_factory=list)
    steps: list[tuple[float, float]] = field(default_factory=list)

    def replay(self, events: list[Event]) -> "Oracle":
        """Live through the events; each is (minute, what, details...), in order."""
        now: int = self.created
        self.watched_from = now
        self.expected = None if self.calendar else now + self.period
        for at, what, *details in events:
            for minute in range(now, at):
                self.look(minute + 1)
            moved_to = getattr(self, f"on_{what}")(at, *details)
            now = at if moved_to is None else moved_to
        return self

    # What the operator and the world do

    def on_end(self, at: int) -> None:
        pass

    def on_outage(self, at: int, minutes: int) -> int:
        self.blind.append((at, at + minutes))
        self.look(at + minutes + TINY / 2, at + minutes)
        return at + minutes

    def on_step(self, at: int, by: int) -> int:
        now = at + by
        self.blind = [(a + by, b + by) for a, b in self.blind]
        self.steps = [(a + by, b + by) for a, b in self.steps]
        self.blind.append((min(at, now) if by > 0 else now, now))
        self.steps.append(self.blind[-1])
        self.cause = None if self.cause is None else self.cause + by
        for run in self.runs:
            if not run.ended:
                run.start += by
                run.limit += by
        self.hold += by
        if self.paused_until is not None:
            self.paused_until += by
        if self.last_finish is not None:
            self.last_finish += by
        if not self.calendar:
            self.expected = None if self.expected is None else self.expected + by
            self.silent = None
        elif by < 0:
            self.watched_from = min(self.watched_from, now)
            if self.newest is not None:
                self.newest = min(self.newest, now // self.period * self.period)
        return now

    def on_maintenance(self, at: int, start: int, end: int) -> None:
        self.maintenance.append((start, end))

    def on_pause(self, at: int, until: int | None) -> None:
        if self.status != "paused":
            self.status, self.incident = "paused", None
            self.bad = self.unknowns = 0
        self.paused_until = until

    def on_resume(self, at: float) -> None:
        if self.status != "paused":
            return
        self.status = "healthy" if self.finished else "pending"
        self.paused_until = None
        if self.calendar:
            self.watched_from = at
        elif not self.held():
            if self.expected is None:
                self.expected = (at if self.last_finish is None else self.last_finish) + self.period
            if self.deadline(self.expected) <= at:
                self.expected = at + self.period

    def on_reschedule(self, at: int, period: int) -> None:
        if self.calendar:
            if self.status != "paused":
                for slot in self.waiting(at):
                    self.ledger[slot] = "skipped"
            self.watched_from = at
        else:
            if self.status != "paused" and self.expected is not None and self.expected <= at:
                self.ledger[self.room(self.expected)] = "skipped"
            if not self.held():
                self.expected = max(at, (at if self.last_finish is None else self.last_finish) + period)
            self.silent = None
        self.newest = None if self.newest is None else min(self.newest, at)
        self.period = period

    def on_limits(self, at: int, grace: int, max_runtime: int | None) -> None:
        self.grace, self.max_runtime, self.hold = grace, max_runtime, at + 1
        for run in self.open():
            run.limit = run.start + (max_runtime or max(grace, 60))

    # What the job says

    def on_start(self, at: int, rid: str | None) -> None:
        if self.status == "paused" or any(run.rid == rid for run in self.open() if rid is not None):
            return
        meant = self.slot_of(at)
        taken_over = None
        if rid is None:
            same = [r for r in self.open() if r.rid is None and not r.over and self.is_meant(r, meant)]
            if same:
                taken_over = same[-1]
                taken_over.ended = True
        slot = taken_over.slot if taken_over is not None and not self.calendar else meant
        counted = taken_over is not None and taken_over.counted
        if slot is not None:
            outcome = self.ledger.get(slot) if self.known(slot) else None
            busy = any(run.slot == slot and not run.over for run in self.open())
            if busy or outcome not in (None, "missed", "unknown", "overrun"):
                slot = None
            elif outcome in ("missed", "overrun"):
                counted = True
            elif outcome is None and taken_over is None:
                slot = self.room(slot)
        counted = counted and slot is not None
        limit = at + (self.max_runtime or max(self.grace, 60))
        self.runs.append(Job(at, rid, slot, limit, counted=counted))
        self.runs[-1].lateness = None if slot is None else at - slot
        if slot is not None and not self.calendar:
            self.expected = None

    def is_meant(self, run: Job, meant: float | None) -> bool:
        return not self.calendar or meant == (self.slot_of(run.start) if run.slot is None else run.slot)

    def on_finish(self, at: int, ok: bool, rid: str | None) -> None:
        meant = self.slot_of(at)
        run = self.run_that_ends(meant, rid)
        started = at if run is None else run.start
        for other in self.open():
            if other is run or (other.over and other.rid is None and other.start < started):
                other.ended = True
        slot = meant if run is None else run.slot
        if self.status == "paused":
            self.note(run, at, None)
        else:
            self.judge_finish(at, ok, run, slot, started)
        if not self.calendar and not self.held():
            self.expected, self.silent = at + self.period, None
        self.finished, self.last_finish, self.ends_only = True, at, run is None

    def judge_finish(self, at: int, ok: bool, run: Job | None, slot: float | None, started: float) -> None:
        older = self.calendar and slot is not None and self.newest is not None and slot < self.newest
        before = self.ledger.get(slot) if slot is not None and (run is not None or self.known(slot)) else None
        if slot is not None and run is None and any(r.slot == slot and not r.over for r in self.open()):
            slot = None
        outcome = None if slot is None else self.outcome(before, ok, slot, started)
        if outcome is None:
            slot = None
        elif slot is not None:
            if before is None and run is None:
                slot = self.room(slot)
            self.ledger[slot] = outcome
            self.newest = slot if self.newest is None else max(self.newest, slot)
        counted = (before in ("missed", "overrun") and slot is not None) or (run is not None and run.counted)
        self.note(run, at, None if slot is None else started - slot)
        if self.calendar and not self.overlap:
            self.skip_inside(started, at)
        if older:
            return
        if ok:
            self.turn_good()
        elif any(a <= at < b for a, b in self.maintenance):
            self.heard(quiet=False)
        else:
            self.turn_bad("failed", counted)

    def outcome(self, before: str | None, ok: bool, slot: float, started: float) -> str | None:
        in_time = started <= slot + self.wait()
        if before is None:
            if not ok:
                return "failed"
            if not self.calendar:
                return "on_time"
            return "early" if started < slot else "on_time" if in_time else "late"
        if before not in ("missed", "overrun", "unknown"):
            return None
        if not ok:
            return "failed"
        return "on_time" if before == "unknown" and in_time else "late"

    def skip_inside(self, started: float, at: int) -> None:
        for slot in self.waiting(at):
            if started < slot < at:
                self.ledger[slot] = "skipped"

    def note(self, run: Job | None, at: int, lateness: float | None) -> None:
        if run is None:
            self.runs.append(Job(at, None, None, at, heard_start=False, ended=True, lateness=lateness))
        else:
            run.duration = at - run.start

    def run_that_ends(self, meant: float | None, rid: str | None) -> Job | None:
        if rid is not None:
            return next((run for run in self.open() if run.rid == rid), None)
        fitting = [r for r in self.open() if r.rid is None and (not r.over or not self.calendar or r.slot == meant)]
        return fitting[-1] if fitting else None

    # What the judge does before an instant; `now` is when it does so, if later than it should have

    def look(self, before: float, now: float | None = None) -> None:
        while before > self.hold:
            due: list[tuple[float, int, Any]] = []
            for run in self.open():
                if not run.over and self.out_of_maintenance(run.limit) < before:
                    due.append((self.out_of_maintenance(run.limit), 0, run))
            if self.status == "paused":
                if self.paused_until is not None and self.paused_until < before:
                    due.append((self.paused_until, 1, None))
            else:
                slots = self.waiting(before) if self.calendar else [self.expected]
                due += [(self.deadline(s), 1, s) for s in slots if s is not None and self.deadline(s) < before]
            if not due:
                return
            instant, _, what = min(due, key=lambda each: each[:2])
            if isinstance(what, Job):
                self.run_limit(what, max(instant, self.hold) if now is None else now)
            elif what is None:
                self.on_resume(instant)
            else:
                self.silence(what, max(instant, self.hold) if now is None else now)

    def silence(self, slot: float, now: float) -> None:
        outcome, cause = self.why_silent(slot)
        key = self.room(slot)
        self.ledger[key] = outcome
        if outcome == "missed":
            self.newest = key if self.newest is None else max(self.newest, key)
            self.unknowns = 0
            self.turn_bad("missed", False)
        elif outcome == "unknown":
            self.count_unknown(cause)
        if not self.calendar:
            self.silent = key
            self.move_on(slot, now)

    def why_silent(self, slot: float) -> tuple[str, float | None]:
        deadline = slot + self.wait()
        early = min(5, self.period / 2)
        if self.calendar and any(a <= deadline and b > slot for a, b in self.maintenance):
            return "skipped", None
        if self.calendar and not self.overlap and any(self.spans(run, slot) for run in self.open()):
            return "skipped", None
        late = [run.lateness for run in self.last_heard() if run.lateness is not None][:10]
        usual = min(self.wait(), max(0, *late) + 1) if late else self.wait()
        for a, b in sorted(self.blind):
            if a <= slot + usual and b >= slot - early:
                return "unknown", a
        for a, b in sorted(self.steps):
            if a <= deadline and b >= slot - early:
                return "unknown", a
        return "missed", None

    def spans(self, run: Job, slot: float) -> bool:
        return run.start < slot and (not run.over or slot < self.out_of_maintenance(run.limit))

    def run_limit(self, run: Job, now: float) -> None:
        if self.status == "paused":
            run.ended = True
            return
        took = [r.duration for r in self.last_heard() if r.heard_start and r.duration is not None][:10]
        a, b = (run.start + min(took), run.start + max(took) + 1) if took else (run.start, run.limit)
        causes = [window[0] for window in sorted(self.blind) if window[0] <= b and window[1] >= a]
        run.over = True
        if run.slot is not None and run.slot not in self.ledger:
            self.ledger[run.slot] = "unknown" if causes else "overrun"
            if not causes:
                self.newest = run.slot if self.newest is None else max(self.newest, run.slot)
        if causes:
            self.count_unknown(causes[0])
        else:
            self.unknowns = 0
            self.turn_bad("overrun", run.counted)
            run.counted = True
        if not self.calendar and self.expected is None and not self.held():
            self.move_on(run.slot if run.slot is not None else run.start, now)

    def move_on(self, slot: float, now: float) -> None:
        self.expected = slot + self.period
        while self.expected + self.wait() <= now:
            self.expected += self.period

    # Streaks and the one incident

    def turn_good(self) -> None:
        self.status = "healthy"
        self.good += 1
        self.bad = self.unknowns = 0
        if self.incident == "unknown" or (self.incident and self.good >= self.recoveries):
            self.incident = None
            self.told.append("recovered")

    def turn_bad(self, kind: str, counted: bool) -> None:
        before, self.status = self.status, kind
        if not counted or self.bad == 0:
            self.bad, self.good = self.bad + 1, 0
        enough = self.bad >= self.failures
        if kind == "failed":
            self.heard(quiet=enough)
        elif enough and self.incident == "unknown":
            self.incident = None
        if self.incident is None:
            if enough:
                self.incident = kind
                self.told.append(kind)
        elif kind == "failed" and before in ("missed", "overrun"):
            self.incident = "failed"
            self.told.append("changed")

    def heard(self, quiet: bool) -> None:
        self.unknowns = 0
        if self.incident == "unknown":
            self.incident = None
            if not quiet:
                self.told.append("recovered")

    def count_unknown(self, cause: float | None) -> None:
        if cause == self.cause:
            return
        self.cause = cause
        self.unknowns += 1
        if self.unknowns >= 3 and self.incident is None:
            self.incident = "unknown"
            self.told.append("unknown")

    # What the page calls things

    def open(self) -> list[Job]:
        return [run for run in self.runs if not run.ended]

    def last_heard(self) -> list[Job]:
        return self.runs[:-21:-1]

    def held(self) -> bool:
        return any(run.slot is not None and not run.over for run in self.open())

    def wait(self) -> int:
        return self.grace + (self.max_runtime if self.ends_only and self.max_runtime else 0)

    def deadline(self, slot: float) -> float:
        return slot + self.wait() if self.calendar else self.out_of_maintenance(slot + self.wait())

    def out_of_maintenance(self, instant: float) -> float:
        inside = [b for a, b in self.maintenance if a <= instant < b]
        return self.out_of_maintenance(inside[0] + self.grace) if inside else instant

    def waiting(self, until: float) -> list[float]:
        """The slots of a calendar that have neither an outcome nor an open run."""
        first = int(self.watched_from // self.period + 1) * self.period
        running = [run.slot for run in self.open()]
        slots = range(first, int(until) + 1, self.period)
        return [slot for slot in slots if slot not in self.ledger and slot not in running]

    def slot_of(self, at: float) -> float | None:
        """The newest slot not later than `at + early`; of an interval the one expectation."""
        if not self.calendar:
            if self.silent is not None and at <= self.silent + self.wait() + self.period / 2:
                return self.silent
            return self.expected
        slot = at // self.period * self.period
        if slot + self.period - min(5, self.period / 2) <= at:
            slot += self.period
        return slot if slot > self.watched_from else None

    def known(self, slot: float) -> bool:
        """Whether what the ledger says at this instant is about this slot: not of an expectation still open."""
        return self.calendar or slot == self.silent

    def room(self, slot: float) -> float:
        """Expectations of an interval may fall on an instant that the ledger knows already."""
        while not self.calendar and slot in self.ledger:
            slot += TINY
        return slot
