"""The scheduler on a real store: when it judges, when it waits, and what steps of the machine's clocks do to it."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from seestackd.clock import Clock
from seestackd.core.monitor import HOUR_MS, Rules, new_monitor
from seestackd.core.pings import PingKind
from seestackd.errors import Busy
from seestackd.feed import Feed
from seestackd.operations import keys, monitors
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.scheduler import FromNow, Patience, Scheduler
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore
from tests.stores import new_store

SOON_S = 6.0
AT_ONCE = Patience(settle_s=0)


class MachineClock(Clock):
    """The real clocks, but boot and monotonic time can be moved; time_machine moves the wall for everybody."""

    def __init__(self) -> None:
        self.boot_ms = 0
        self.monotonic_s = 0.0

    def boottime(self) -> int:
        return super().boottime() + self.boot_ms

    def monotonic(self) -> float:
        return super().monotonic() + self.monotonic_s


@dataclass
class House:
    """A daemon without web edge and delivery, on the database at `path`."""

    path: Path
    clock: MachineClock
    store: SqliteStore
    runner: Runner
    feed: Feed
    project: int

    def scheduler(self, patience: Patience = AT_ONCE, *, inherited: bool = False, timesync: Path | None = None) -> Any:
        return _at_work(Scheduler(
            self.runner, self.feed, self.clock, inherited, patience, timesync=timesync or self.path / "absent"
        ))  # fmt: skip

    async def watch(self, slug: str = "job", schedule: str = "1h", grace_ms: int = 0) -> None:
        new = new_monitor(slug, schedule, rules=Rules(grace_ms=grace_ms))
        await self.runner.run(monitors.add, monitors.AddMonitor(self.project, new, f"id-{slug}"))

    async def ping(self, slug: str = "job") -> None:
        await self.runner.run(record, RecordPing(self.project, slug, PingKind.SUCCESS))

    async def due(self, slug: str = "job", ago_ms: int = 0) -> None:
        """Have the monitor's deadline passed `ago_ms` ago."""

        def put_off(tx: Transaction, command: None, at: int) -> None:
            monitor = tx.monitors.by_slug(self.project, slug)
            assert monitor is not None
            state = tx.monitors.load_state(monitor.id)
            before = state.__copy__()
            state.expected_at = state.deadline_at = at - ago_ms
            tx.monitors.save_state(monitor.id, state, before)

        await self.runner.run(put_off, None)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as reader:
            return reader.execute(query).fetchall()

    def outcomes(self) -> list[str]:
        return [outcome for (outcome,) in self.rows("SELECT outcome FROM slots ORDER BY judged_at")]

    def windows(self) -> list[tuple[str, float]]:
        """Cause and length (seconds) of the blind windows."""
        rows = self.rows("SELECT cause, ended_at - started_at FROM blind_windows ORDER BY id")
        return [(cause, length / 1000) for cause, length in rows]

    async def sees(self, condition: Callable[[], Any], within_s: float = SOON_S) -> Any:
        until = time.perf_counter() + within_s
        while not (value := condition()):
            assert time.perf_counter() < until, f"not seen within {within_s} s"
            await asyncio.sleep(0.02)
        return value

    async def stays_unjudged(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        assert self.outcomes() == []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Have nothing committed: somebody else holds the database."""
        self.store._connection.execute("PRAGMA busy_timeout = 20")
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


@asynccontextmanager
async def _at_work(scheduler: Scheduler) -> AsyncIterator[Scheduler]:
    await scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock, feed, store = MachineClock(), Feed(), new_store(tmp_path / "seestackd.db")
    runner = Runner(store, clock, feed, lambda: None)
    runner.start()
    project = await runner.run(keys.ensure_project, keys.EnsureProject())
    yield House(tmp_path / "seestackd.db", clock, store, runner, feed, project.id)
    await runner.stop()
    store.close()


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """The wall clock of the whole process says something else, and runs on."""
    with time_machine.travel(datetime.now(UTC) + by, tick=True):
        yield


# When it judges


async def test_a_due_monitor_is_judged_within_a_tick(house: House) -> None:
    await house.watch()
    async with house.scheduler():
        await house.due()
        await house.sees(house.outcomes, 2)

    assert house.outcomes() == ["missed"]


async def test_a_commit_that_brings_a_nearer_deadline_wakes_the_judge_before_its_tick(house: House) -> None:
    async with house.scheduler() as scheduler:
        for number in range(2):
            await house.sees(lambda seen=scheduler.last_pass: scheduler.last_pass > seen, 2)
            await asyncio.sleep(0.3)
            # Due in 1 s, in the middle between two ticks.
            await house.watch(f"job-{number}", "1s")
            await house.sees(lambda count=number: len(house.rows("SELECT 1 FROM incidents")) > count, 3)
    opened = house.rows(
        "SELECT i.opened_at - m.created_at - 1000 FROM incidents i JOIN monitors m ON m.id = monitor_id"
    )
    lateness = [late for (late,) in opened]

    assert min(lateness) >= 0
    assert min(lateness) < 250, "a judge that only ticks would be 700 ms late"


async def test_a_ping_that_comes_first_is_heard_before_the_judge(house: House) -> None:
    await house.watch(schedule="1s", grace_ms=1_000)
    async with house.scheduler():
        for _ in range(9):
            await house.ping()
            await asyncio.sleep(0.25)

    assert set(house.outcomes()) == {"on_time"}


# When it waits


async def test_a_first_start_does_not_wait(house: House) -> None:
    await house.watch()
    async with house.scheduler(Patience(settle_s=30)):
        await house.due()
        await house.sees(house.outcomes)


async def test_after_a_restart_judging_waits_since_pings_may_sit_in_the_backlog(house: House) -> None:
    await house.watch()
    async with house.scheduler():
        pass
    async with house.scheduler(Patience(settle_s=1.5), inherited=True):
        await house.due()
        await house.stays_unjudged(1.2)
        await house.ping()
        await asyncio.sleep(1.5)

    assert house.outcomes() == ["on_time"]


async def test_a_held_up_tick_makes_it_wait_as_a_restart_does(house: House) -> None:
    await house.watch()
    async with house.scheduler(Patience(settle_s=1.5, late_tick_s=2)) as scheduler:
        await house.sees(lambda: scheduler.last_pass > scheduler._started_at)
        with moved(timedelta(seconds=10)):
            house.clock.boot_ms, house.clock.monotonic_s = 10_000, 10.0
            await house.due()
            await house.stays_unjudged(1.0)
            await house.sees(house.outcomes)


async def test_with_timesyncd_judging_waits_for_the_first_synchronisation(house: House, tmp_path: Path) -> None:
    timesync = tmp_path / "timesync"
    timesync.mkdir()
    await house.watch()
    async with house.scheduler(timesync=timesync):
        await house.due()
        await house.stays_unjudged(1.5)
        (timesync / "synchronized").touch()
        await house.sees(house.outcomes)


async def test_without_a_synchronisation_it_judges_after_the_longest_wait(house: House, tmp_path: Path) -> None:
    timesync = tmp_path / "timesync"
    timesync.mkdir()
    await house.watch()
    async with house.scheduler(Patience(settle_s=0, time_sync_s=1.5), timesync=timesync):
        await house.due()
        await house.stays_unjudged(1.2)
        await house.sees(house.outcomes)


async def test_nothing_is_judged_while_nothing_can_be_stored(house: House) -> None:
    await house.watch()
    async with house.scheduler() as scheduler:
        await house.due(ago_ms=-1_000)
        with house.locked():
            with pytest.raises(Busy):
                await house.ping()
            assert house.runner.failing_since is not None
            await asyncio.sleep(1)
            judged_before = scheduler.last_judged
            await house.sees(lambda seen=scheduler.last_pass: scheduler.last_pass > seen)
            assert scheduler.last_judged == judged_before
        await house.sees(house.outcomes)

    assert house.windows() == [], "a stretch of up to 30 s is not blind"
    assert house.outcomes() == ["unknown"], "its ping was answered 503"


async def test_jobs_wait_in_words_while_nothing_can_be_stored(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with house.scheduler():
        with house.locked(), moved(timedelta(seconds=5)):  # a step of the clock has every job run at once
            await house.sees(lambda: all(f"{job} waits" in caplog.text for job in ("judging", "the stamp")))

    assert "raised an exception" not in caplog.text


async def test_commits_that_fail_for_more_than_30_s_are_a_blind_window(house: House) -> None:
    await house.watch()
    async with house.scheduler() as scheduler:
        with ExitStack() as time_goes_on:
            with house.locked():
                await house.sees(lambda: house.runner.failing_since)
                time_goes_on.enter_context(moved(timedelta(seconds=40)))
                house.clock.boot_ms, house.clock.monotonic_s = 40_000, 40.0
                await house.sees(lambda seen=scheduler.last_pass: scheduler.last_pass > seen)
            await house.sees(house.windows)

    ((cause, length),) = house.windows()
    assert cause == "commits failed"
    assert 40 <= length < 50


# What the machine's clocks do


def test_it_never_counts_through_the_runs_that_a_step_left_out() -> None:
    trigger, now = FromNow(1), datetime(2026, 3, 1, tzinfo=UTC)

    assert trigger.get_next_fire_time(None, now) == now
    assert trigger.get_next_fire_time(datetime(1990, 1, 1, tzinfo=UTC), now) == now + timedelta(seconds=1)
    assert trigger.get_next_fire_time(datetime(2090, 1, 1, tzinfo=UTC), now) == now + timedelta(seconds=1)


@pytest.mark.parametrize("by", [timedelta(hours=-2), timedelta(days=3650)], ids=str)
async def test_a_step_of_the_wall_clock_stops_neither_the_judge_nor_the_loop(house: House, by: timedelta) -> None:
    await house.watch("calendar", "*/5 * * * *")
    await house.watch("interval", "1h")
    async with house.scheduler() as scheduler:
        await house.sees(lambda: scheduler.last_pass > scheduler._started_at)
        stalls = asyncio.create_task(longest_stall(2))
        with moved(by):
            await house.sees(lambda: house.rows("SELECT 1 FROM clock_steps"), 2)
            for _ in range(2):
                await house.sees(lambda seen=scheduler.last_judged: scheduler.last_judged > seen, 2.5)
            stalled = await stalls
            missed = [outcome for outcome in house.outcomes() if outcome == "missed"]

    ((step,),) = house.rows("SELECT step_ms FROM clock_steps")
    assert abs(step - by.total_seconds() * 1000) < 2_000
    assert house.windows()[0][0] == "clock step"
    assert missed == []
    assert stalled < 0.5


async def longest_stall(seconds: float) -> float:
    worst, until = 0.0, time.perf_counter() + seconds
    while (begun := time.perf_counter()) < until:
        await asyncio.sleep(0.01)
        worst = max(worst, time.perf_counter() - begun)
    return worst


async def test_an_interval_goes_on_by_elapsed_time_through_a_step(house: House) -> None:
    await house.watch()
    before = house.rows("SELECT expected_at FROM monitor_state")[0][0]
    async with house.scheduler():
        with moved(timedelta(days=3)):
            await house.sees(lambda: house.rows("SELECT 1 FROM clock_steps"))
            ((after,),) = house.rows("SELECT expected_at FROM monitor_state")

    assert abs(after - before - 3 * 24 * HOUR_MS) < 2_000


async def test_a_step_that_cannot_be_stored_yet_is_not_forgotten(house: House) -> None:
    await house.watch()
    async with house.scheduler() as scheduler:
        await house.sees(lambda: scheduler.last_pass > scheduler._started_at)
        with moved(timedelta(hours=3)):
            with house.locked():
                await asyncio.sleep(1.5)
                assert house.rows("SELECT 1 FROM clock_steps") == []
            await house.sees(lambda: house.rows("SELECT 1 FROM clock_steps"))
            await asyncio.sleep(1.2)

    assert len(house.rows("SELECT 1 FROM clock_steps")) == 1
    assert house.outcomes() == []


async def test_a_machine_that_slept_could_hear_nobody(house: House) -> None:
    await house.watch()
    async with house.scheduler() as scheduler:
        await house.sees(lambda: scheduler.last_pass > scheduler._started_at)
        # Asleep, wall and boot time go on; the monotonic clock, which all timers follow, does not.
        with moved(timedelta(hours=8)):
            house.clock.boot_ms = 8 * HOUR_MS
            await house.sees(house.outcomes)

    assert house.outcomes() == ["unknown"]
    ((cause, length),) = house.windows()
    assert (cause, round(length / 3600)) == ("suspended", 8)
    assert house.rows("SELECT 1 FROM clock_steps") == []


async def test_after_sleep_judging_waits_for_the_pings_under_way(house: House) -> None:
    await house.watch()
    async with house.scheduler(Patience(settle_s=1.5)) as scheduler:
        await house.sees(lambda: scheduler.last_pass > scheduler._started_at)
        with moved(timedelta(minutes=90)):
            house.clock.boot_ms = 90 * 60_000
            await house.sees(house.windows)
            await house.stays_unjudged(1.0)
            await house.sees(house.outcomes)


# What it leaves behind


async def test_a_gap_between_two_lives_is_blind_unless_the_socket_was_held_open(house: House) -> None:
    for inherited in (False, True):
        async with house.scheduler():
            pass
        await asyncio.sleep(0.05)
        async with house.scheduler(inherited=inherited):
            pass

    assert [cause for cause, _ in house.windows()] == ["not running", "not running"]


async def test_a_job_that_fails_stops_no_other(house: House) -> None:
    ran = []

    async def breaks() -> None:
        ran.append("chore")
        raise RuntimeError("planted")

    scheduler = Scheduler(house.runner, house.feed, house.clock, False, AT_ONCE, chores=(breaks,))
    await house.watch()
    async with _at_work(scheduler):
        await house.sees(lambda: ran)
        await house.due()
        await house.sees(house.outcomes)
