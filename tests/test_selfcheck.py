"""Faults planted in real parts: each is found out, named, and forgotten when it is over (semantics.md 8)."""

import asyncio
import socket
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seestackd.clock import Clock
from seestackd.core.incidents import Alert, AlertKind, Severity
from seestackd.delivery.apprise_sender import AppriseSender
from seestackd.delivery.channels import Channel
from seestackd.delivery.deadman import Deadman
from seestackd.delivery.worker import Delivery
from seestackd.feed import Feed
from seestackd.operations.outbox import ShowAlert, shown
from seestackd.runner import Runner
from seestackd.scheduler import Patience, Scheduler
from seestackd.selfcheck import FREE_BYTES, FRESH_S, SelfCheck
from seestackd.store.interface import Transaction
from seestackd.systemd import Notifier, feed_watchdog
from tests.delivery.receivers import Webhook, webhook
from tests.stores import new_store

TIB = 2**40
FLIPS_WITHIN_S = 10.0


class MovableClock(Clock):
    """The real clocks, which a test can move on together."""

    def __init__(self) -> None:
        self.moved_ms = 0

    def now(self) -> int:
        return super().now() + self.moved_ms

    def boottime(self) -> int:
        return super().boottime() + self.moved_ms

    def monotonic(self) -> float:
        return super().monotonic() + self.moved_ms / 1000


@dataclass
class House:
    """A daemon without its web edge; `disk` is (total, used, free) in bytes."""

    path: Path
    clock: MovableClock
    runner: Runner
    scheduler: Scheduler
    delivery: Delivery
    hook: Webhook
    disk: tuple[int, int, int] = (TIB, TIB // 2, TIB // 2)
    check: SelfCheck = field(init=False)

    def __post_init__(self) -> None:
        self.check = SelfCheck(
            self.runner, self.scheduler, self.delivery, self.clock, self.path, disk=lambda folder: self.disk
        )

    async def put(self, due_in_ms: int = 0) -> None:
        due_at = self.clock.now() + due_in_ms
        alert = Alert("a", "hook", AlertKind.MISSED, Severity.CRITICAL, {"slug": "x"}, 1, 1, 1, due_at)
        await self.runner.run(put_alerts, (alert,))

    async def received(self) -> None:
        async with asyncio.timeout(FLIPS_WITHIN_S):
            while not self.hook.received:
                await asyncio.sleep(0.02)

    async def tried(self) -> None:
        async with asyncio.timeout(FLIPS_WITHIN_S):
            while not (await self.runner.read(shown, ShowAlert(1))).row.attempts:
                await asyncio.sleep(0.02)

    async def hangs(self) -> None:
        """Wait until a judging pass has been under way for half a second."""
        waited = 0
        async with asyncio.timeout(FLIPS_WITHIN_S):
            while waited < 25:
                await asyncio.sleep(0.02)
                waited = waited + 1 if self.scheduler._pass.locked() else 0

    def later(self, seconds: float) -> None:
        self.clock.moved_ms += round(seconds * 1000)

    async def finds(self, *parts: str, within_s: float = FLIPS_WITHIN_S) -> Mapping[str, str]:
        """Return what is wrong once it is in these parts and no other."""
        found: Mapping[str, str] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while set(found := await self.check.troubles()) != set(parts):
                    await asyncio.sleep(0.05)
                return found
        pytest.fail(f"not found within {within_s} s: {parts}, but {found}")


def put_alerts(tx: Transaction, alerts: tuple[Alert, ...], at: int) -> list[int]:
    return tx.outbox.put(alerts, at)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock, feed, store = MovableClock(), Feed(), new_store(tmp_path / "seestackd.db")
    runner = Runner(store, clock, feed, lambda: None)
    runner.start()
    async with webhook() as hook:
        channels = {"hook": Channel("hook", hook.url())}
        delivery = Delivery(runner, feed, channels, AppriseSender(clock), clock, owner="one", pass_every=0.1)
        await delivery.start()
        scheduler = Scheduler(runner, feed, clock, patience=Patience(settle_s=0.2))
        await scheduler.start()
        yield House(tmp_path / "seestackd.db", clock, runner, scheduler, delivery, hook)
        hook.open_gate.set()
        await scheduler.stop()
        await delivery.stop(0.5)
        await runner.stop()
        store.close()


async def test_a_daemon_at_work_finds_nothing(house: House) -> None:
    assert await house.check.troubles() == {}
    assert not house.check.stuck(5)


async def test_the_answer_is_kept_for_a_second(house: House) -> None:
    assert await house.check.troubles() == {}
    house.disk = (TIB, TIB, 0)

    assert await house.check.troubles() == {}
    house.later(FRESH_S)
    assert set(await house.check.troubles()) == {"disk"}


async def test_a_database_that_takes_no_writes_is_found_and_is_no_reason_to_restart(house: House) -> None:
    with closing(sqlite3.connect(house.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = await house.finds("database")
        other.execute("ROLLBACK")

    assert any(word in found["database"] for word in ("takes no writes", "kept it locked"))
    await house.finds()


@pytest.mark.parametrize(
    ("total", "free", "enough"),
    [
        (TIB, TIB // 20 + 1, True),
        (TIB, TIB // 20, False),
        (2 * FREE_BYTES, FREE_BYTES + 1, True),
        (2 * FREE_BYTES, FREE_BYTES, False),
        (0, 0, False),
    ],
)
async def test_a_disk_needs_5_percent_and_64_mib_free(house: House, total: int, free: int, enough: bool) -> None:
    house.disk = (total, total - free, free)

    assert ("disk" not in await house.check.troubles()) is enough


async def test_a_full_disk_is_named_and_forgotten_when_there_is_room_again(house: House) -> None:
    house.disk = (TIB, TIB - 2**30, 2**30)
    assert (await house.finds("disk"))["disk"] == "1024 MiB are free, 0.1%"
    assert not house.check.stuck(5)

    house.disk = (TIB, 0, TIB)
    await house.finds()


async def test_a_database_that_was_moved_away_is_named_until_it_is_back(house: House) -> None:
    assert await house.check.troubles() == {}
    moved = house.path.rename(house.path.with_name("moved.db"))
    house.later(2)
    assert (await house.check.troubles())["database"].startswith("its file was removed or replaced while in use")
    moved.rename(house.path)
    house.later(2)
    assert await house.check.troubles() == {}


async def test_a_judge_that_hangs_is_found_and_is_a_reason_to_restart(house: House) -> None:
    async with house.scheduler._pass:
        house.later(10)
        found = await house.finds("judge")
        assert found["judge"].startswith("no judging pass has ended for 1")
        assert house.check.stuck(8)

    await house.finds()
    assert not house.check.stuck(8)


async def test_a_writer_that_hangs_is_found_and_is_a_reason_to_restart(house: House) -> None:
    go_on = threading.Event()

    def slow(tx: Transaction, command: None, at: int) -> None:
        go_on.wait(30)

    running = house.runner.submit(slow, None)
    try:
        await house.hangs()
        house.later(10)
        found = await house.finds("database", "judge")
        assert found["database"] == "a write has not ended within 3 s"
        assert house.check.stuck(8)
    finally:
        go_on.set()
        await running

    await house.finds()
    assert not house.check.stuck(8)


async def test_an_alert_that_waits_for_15_minutes_is_found(house: House) -> None:
    house.hook.answers[:] = [500]
    await house.put()
    await house.tried()
    house.later(14 * 60)
    await house.finds()

    house.later(2 * 60)
    found = await house.finds("alerts")
    assert found["alerts"].startswith("the oldest undelivered alert has waited for 16 m")

    house.hook.answers[:] = [200]
    house.later(30 * 60)
    await house.finds()


async def test_an_alert_held_back_by_rule_does_not_wait(house: House) -> None:
    await house.put(due_in_ms=3_600_000)
    house.later(50 * 60)

    await house.finds()


async def test_a_lane_that_hangs_is_found(house: House) -> None:
    house.hook.answers[:] = ["hang"]
    await house.put()
    await house.received()
    house.later(55)
    await asyncio.sleep(0.3)
    await house.finds()

    house.later(30)
    found = await house.finds("outbox")
    assert found["outbox"].startswith("no pass over the outbox has ended for 1 m")

    house.hook.open_gate.set()
    await house.finds()


async def test_a_loop_that_was_held_up_is_found(house: House) -> None:
    watching = asyncio.create_task(house.check.watch_loop())
    await asyncio.sleep(0.1)
    time.sleep(2.5)
    found = await house.finds("loop")
    assert found["loop"] == "the event loop was held up for 2 s"
    watching.cancel()

    house.later(5)
    await house.finds()


async def test_the_watchdog_is_fed_through_a_full_disk_but_not_past_a_judge_that_hangs(
    house: House, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        notifier = Notifier(str(tmp_path / "notify"))
        feeding = asyncio.create_task(feed_watchdog(notifier, 0.1, lambda: not house.check.stuck(8)))

        async def fed(within_s: float) -> bool:
            with suppress(BlockingIOError):
                while manager.recv(100):
                    pass
            try:
                return await asyncio.wait_for(loop.sock_recv(manager, 100), within_s) == b"WATCHDOG=1"
            except TimeoutError:
                return False

        house.disk = (TIB, TIB, 0)
        await house.finds("disk")
        assert await fed(5)
        async with house.scheduler._pass:
            assert await fed(5)
            house.later(8)
            assert not await fed(0.4)
        assert await fed(5)
        feeding.cancel()


async def test_the_outside_hears_nothing_from_the_first_fault_to_its_end(house: House) -> None:
    async with webhook() as outside:
        url = f"http://127.0.0.1:{outside.port}/ping/secret"
        watching = asyncio.create_task(Deadman(url, house.check.troubles, every_s=0.05, again_s=0.05).run())

        async def heard(within_s: float) -> bool:
            before, until = len(outside.seen), time.monotonic() + within_s
            while time.monotonic() < until and len(outside.seen) == before:
                await asyncio.sleep(0.02)
            return len(outside.seen) > before

        assert await heard(5)
        house.disk = (TIB, TIB, 0)
        await house.finds("disk")
        await asyncio.sleep(0.1)
        assert not await heard(0.5)
        house.disk = (TIB, 0, TIB)
        await house.finds()
        assert await heard(5)
        watching.cancel()
    assert {(method, path) for method, path, _ in outside.seen} == {("GET", "/ping/secret")}
