"""APScheduler: wake at the earliest deadline, alive stamp, follow-ups, upkeep."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from seestackd.clock import Clock
from seestackd.clock_guard import ClockGuard
from seestackd.core.events import DeadlineSet
from seestackd.core.retention import Kind
from seestackd.errors import Busy
from seestackd.feed import Feed
from seestackd.operations import erasure, evictions
from seestackd.operations.blind import Blinded, Hear, Listen, blinded, hear, listen, tell_blind
from seestackd.operations.deadlines import Judged, JudgeDue, judge_due
from seestackd.operations.followups import FollowUp, follow_up
from seestackd.operations.reports import tell_month
from seestackd.operations.upkeep import KEPT_MS, Upkeep, awaits_operator, forget_old, prune
from seestackd.request_chores import ROLL_UP_EVERY_S, WATCH_EVERY_S, RequestChores
from seestackd.runner import Runner
from seestackd.zone_chores import ZoneChores

log = logging.getLogger(__name__)
logging.getLogger("apscheduler").setLevel(logging.WARNING)

Chore = Callable[[], Awaitable[None]]

JUDGE_EVERY_S = 1.0
HEAR_EVERY_S = 12.0
FOLLOW_UP_EVERY_S = 5.0
UPKEEP_EVERY_S = 60.0
ERASE_EVERY_S = 2.0
PAUSE_S = 0.02
ERASE_PAUSE_S = 0.005
STOP_WITHIN_S = 5.0
SETTLE_S = 20.0
LATE_TICK_S = 2.0
TIME_SYNC_WAIT_S = 600.0
_TIMESYNC = Path("/run/systemd/timesync")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


class FromNow(BaseTrigger):  # type: ignore[misc]
    """Fires a step after now; never enumerates missed runs, which would freeze the loop after a clock step."""

    def __init__(self, seconds: float) -> None:
        self.step = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now if previous_fire_time is None else now + self.step


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the judge waits before it trusts what it sees (seconds)."""

    settle_s: float = SETTLE_S
    late_tick_s: float = LATE_TICK_S
    time_sync_s: float = TIME_SYNC_WAIT_S


@dataclass(slots=True)
class Scheduler:
    """Owns the timed jobs. `inherited` says whether the listening socket was held open while nobody listened.

    `kept` returns how long rows of a kind are kept (ms), `most` how many bytes of it a project may store.
    """

    runner: Runner
    feed: Feed
    clock: Clock
    inherited: bool = False
    patience: Patience = field(default_factory=Patience)
    chores: Sequence[Chore] = ()
    kept: Callable[[], Mapping[Kind, int]] = lambda: KEPT_MS
    most: Callable[[], Mapping[Kind, int]] = dict
    node: str = "local"
    timesync: Path = _TIMESYNC
    last_judged: float = 0.0
    last_pass: float = 0.0
    _jobs: AsyncIOScheduler = field(init=False)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _running: set["asyncio.Task[Any]"] = field(default_factory=set)
    _pass: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next_judge_at: int = 0
    _last_tick: float = 0.0
    _hold_until: float = 0.0
    _started_at: float = 0.0
    _guard: ClockGuard = field(init=False)
    _zones: ZoneChores = field(init=False)
    _boot_id: str = ""

    async def start(self) -> None:
        """Note since when nothing was heard, then begin to judge."""
        self._boot_id = _boot_id()
        self._guard = ClockGuard(self.runner, self.clock, self._rearm, self._settle)
        self._started_at = self._last_tick = self.last_judged = self.last_pass = self.clock.monotonic()
        listened_before, window = await self.runner.run(listen, Listen(self._hear(), self.inherited))
        if window is not None:
            log.warning("nothing was heard for %.0f s", (window.ended_at - window.started_at) / 1000)
        if await self.runner.read(awaits_operator, None):
            log.warning(
                "after so long an absence the clock may be wrong: nothing old is deleted for 24 hours;"
                " when it is right: seestackd upkeep confirm"
            )
        self._zones = ZoneChores(self.runner, self.clock)
        await self._zones.step()
        if listened_before:
            self._settle()
        self._jobs = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2}
        )
        self._jobs.add_job(self._run, FromNow(JUDGE_EVERY_S), [self._judge], id="judge")
        self._jobs.add_job(self._run, FromNow(HEAR_EVERY_S), [self._stamp], id="hear")
        self._jobs.add_job(self._run, FromNow(FOLLOW_UP_EVERY_S), [self._follow_up], id="follow up")
        self._jobs.add_job(self._run, FromNow(ERASE_EVERY_S), [self._erase], id="erase")
        self._jobs.add_job(self._run, FromNow(UPKEEP_EVERY_S), [self._upkeep], id="upkeep")
        requests = RequestChores(self.runner, lambda: self.clock.monotonic() < self._hold_until)
        self._jobs.add_job(self._run, FromNow(ROLL_UP_EVERY_S), [requests.roll_up], id="roll up")
        self._jobs.add_job(self._run, FromNow(WATCH_EVERY_S), [requests.watch], id="watch requests")
        self._jobs.start()
        self.feed.listen(self._on_changes)
        self._tasks += [asyncio.create_task(self._guard.run()), asyncio.create_task(self._zones.run())]

    async def stop(self) -> None:
        """End the jobs. Call `stamp` once more when the listener has closed."""
        for task in self._tasks:
            task.cancel()
        self._jobs.pause()
        # APScheduler cancels what still runs when it shuts down, and logs that as a failure.
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_WITHIN_S)
        self._jobs.shutdown(wait=False)
        await asyncio.sleep(0)

    async def stamp(self) -> None:
        """Stamp "I hear"; returns once it is durable. Raises Busy."""
        await self.runner.run(hear, self._hear())

    def judged_ago(self) -> float:
        """Return the seconds since a judging pass did its work, or found that it must wait by rule."""
        return self.clock.monotonic() - self.last_judged

    def passed_ago(self) -> float:
        """Return the seconds since a judging pass ended, be it with the answer that the store takes nothing."""
        return self.clock.monotonic() - self.last_pass

    def _hear(self) -> Hear:
        return Hear(self.node, self.clock.boottime(), self._boot_id)

    def _on_changes(self, changes: Sequence[object]) -> None:
        earliest = min((change.at for change in changes if isinstance(change, DeadlineSet)), default=None)
        if earliest is not None and earliest < self._next_judge_at:
            self._wake_at(earliest)

    def _wake_at(self, at: int) -> None:
        self._next_judge_at = max(at, self.clock.now())
        self._jobs.modify_job("judge", next_run_time=datetime.fromtimestamp(self._next_judge_at / 1000, UTC))

    async def _run(self, job: Callable[[], Awaitable[None]]) -> None:
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._running.add(task)
        try:
            await job()
        finally:
            self._running.discard(task)

    async def _stamp(self) -> None:
        try:
            await self.stamp()
        except Busy:
            log.warning("the stamp waits: the store takes nothing")

    async def _judge(self) -> None:
        if self._pass.locked():
            return
        async with self._pass:
            try:
                await self._judging_pass()
                self.last_judged = self.clock.monotonic()
            except Busy:
                log.warning("judging waits: the store takes nothing")
            self.last_pass = self.clock.monotonic()

    async def _judging_pass(self) -> None:
        tick = self.clock.monotonic()
        late = tick - self._last_tick - JUDGE_EVERY_S > self.patience.late_tick_s
        self._last_tick = tick
        if late:
            log.warning("the judge was held up: pings may be waiting, judging pauses %.0f s", self.patience.settle_s)
            self._settle()
        await self._guard.check()
        await self._check_commits()
        self._next_judge_at = self.clock.now() + int(JUDGE_EVERY_S * 1000)
        if tick < self._hold_until or not self._zones.done or not self._time_is_set(tick):
            return
        judged = await self._judge_all()
        if judged.next_wake_at is not None and judged.next_wake_at < self._next_judge_at:
            self._wake_at(judged.next_wake_at)

    async def _judge_all(self) -> Judged:
        while True:
            judged = await self.runner.submit(judge_due, JudgeDue(refused=self.runner.refusals()), judgement=True)
            if not judged.more:
                return judged

    async def _check_commits(self) -> None:
        """Have a stretch in which nothing could be stored known as blind before anybody is judged by it."""
        if self.runner.failing_since is not None:
            await self.stamp()
        outage = self.runner.outage
        if outage is not None:
            await self.runner.run(blinded, Blinded(*outage, "commits failed"))
            self.runner.forget_outage(outage)

    def _time_is_set(self, tick: float) -> bool:
        if tick - self._started_at > self.patience.time_sync_s or not self.timesync.is_dir():
            return True
        return (self.timesync / "synchronized").exists()

    async def _follow_up(self) -> None:
        """Tell what comes due of open incidents."""
        try:
            while (await self.runner.run(follow_up, FollowUp())).more:
                pass
        except Busy:
            log.warning("reminders wait: the store takes nothing")

    async def _upkeep(self) -> None:
        chores: list[Callable[[], Awaitable[Any]]] = [
            *self.chores,
            lambda: self.runner.run(tell_blind, None),
            lambda: self.runner.run(tell_month, None),
            lambda: self.runner.run(forget_old, Upkeep(self.clock.boottime(), self._boot_id)),
            self._prune,
            lambda: self.runner.run(evictions.tell_evicted, self.most()),
        ]
        for chore in chores:
            try:
                await chore()
            except Busy:
                log.warning("a chore waits: the store takes nothing")
            except Exception:
                log.exception("a chore failed")

    async def _prune(self) -> None:
        """Delete what is old, and the oldest of projects that store too much."""
        upkeep = Upkeep(self.clock.boottime(), self._boot_id, kept=self.kept(), most=self.most())
        evicted = await self._repeat(prune, upkeep)
        for kind in upkeep.most:
            if gone := sum(step.evicted.get(kind, 0) for step in evicted):
                log.warning(
                    "a project stores more %s than retention.max_%s_mb: its %d oldest were deleted", kind, kind, gone
                )

    async def _repeat(self, operation: Callable[..., Any], command: object) -> list[Any]:
        """Run an operation of small steps, with pauses in which others get the writer; returns their results."""
        done, until = list[Any](), self.clock.monotonic() + UPKEEP_EVERY_S / 2
        while not done or (done[-1].more and self.clock.monotonic() < until):
            began = self.clock.monotonic()
            done.append(await self.runner.run(operation, command))
            await asyncio.sleep(max(PAUSE_S, self.clock.monotonic() - began))
        return done

    async def _erase(self) -> None:
        """Erase what was asked for, with hardly a pause until the next turn."""
        until = self.clock.monotonic() + ERASE_EVERY_S * 0.75
        with suppress(Busy):
            if not await self.runner.read(erasure.waits, None):
                return
            while (began := self.clock.monotonic()) < until:
                if not (await self.runner.run(erasure.step, None)).more:
                    return
                await asyncio.sleep(max(ERASE_PAUSE_S, self.clock.monotonic() - began))

    def _settle(self) -> None:
        """Judge nobody for a while: pings may be on their way or in the socket's backlog."""
        self._hold_until = self.clock.monotonic() + self.patience.settle_s

    def _rearm(self) -> None:
        """Run every job now: its next instant was computed on another clock."""
        self._next_judge_at = self.clock.now()
        now = datetime.fromtimestamp(self._next_judge_at / 1000, UTC)
        for job in self._jobs.get_jobs():
            job.modify(next_run_time=now)
