"""Twelve faults inside the daemon, planted one after the other: each makes it unready and silent, and is got over."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from typing import Any

import pytest

from seestackd.delivery.deadman import Deadman
from seestackd.store.interface import Transaction
from tests.delivery.receivers import webhook
from tests.test_selfcheck import TIB, House, house

__all__ = ["house"]

Plant = Callable[[House], AbstractAsyncContextManager[None]]
EVERY_S = 0.05
SILENCE_S = 0.4


def asleep(go_on: threading.Event) -> Callable[[Transaction, Any, int], None]:
    def wait(tx: Transaction, command: Any, at: int) -> None:
        go_on.wait(30)

    return wait


@asynccontextmanager
async def locked(house: House) -> AsyncIterator[None]:
    with closing(sqlite3.connect(house.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def read_only(house: House) -> AsyncIterator[None]:
    house.runner._store._connection.execute("PRAGMA query_only = 1")  # type: ignore[attr-defined]
    yield
    house.runner._store._connection.execute("PRAGMA query_only = 0")  # type: ignore[attr-defined]


@asynccontextmanager
async def writer_hangs(house: House) -> AsyncIterator[None]:
    go_on = threading.Event()
    running = house.runner.submit(asleep(go_on), None)
    yield
    go_on.set()
    await running


@asynccontextmanager
async def readers_hang(house: House) -> AsyncIterator[None]:
    go_on = threading.Event()
    running = [asyncio.create_task(house.runner.read(asleep(go_on), None)) for _ in range(2)]
    yield
    go_on.set()
    await asyncio.gather(*running)


@asynccontextmanager
async def table_gone(house: House, table: str, later_s: float) -> AsyncIterator[None]:
    with closing(sqlite3.connect(house.path, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 5000")
        other.execute("PRAGMA legacy_alter_table = 1")
        other.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
        house.later(later_s)
        yield
        other.execute(f"ALTER TABLE elsewhere RENAME TO {table}")


@asynccontextmanager
async def pass_hangs(house: House) -> AsyncIterator[None]:
    async with house.scheduler._pass:
        house.later(10)
        yield


@asynccontextmanager
async def timers_stop(house: House) -> AsyncIterator[None]:
    house.scheduler._jobs.pause()
    house.later(10)
    yield
    house.scheduler._jobs.resume()


@asynccontextmanager
async def disk_full(house: House) -> AsyncIterator[None]:
    house.disk = (TIB, TIB - 2**30, 2**30)
    yield
    house.disk = (TIB, 0, TIB)


@asynccontextmanager
async def disk_gone(house: House) -> AsyncIterator[None]:
    def gone(folder: object) -> tuple[int, int, int]:
        raise OSError(5, "Input/output error")

    before, house.check._disk = house.check._disk, gone
    yield
    house.check._disk = before


@asynccontextmanager
async def loop_held_up(house: House) -> AsyncIterator[None]:
    watching = asyncio.create_task(house.check.watch_loop())
    await asyncio.sleep(0.05)
    house.later(3)
    await asyncio.sleep(0.4)
    yield
    watching.cancel()
    house.later(5)


@asynccontextmanager
async def lane_hangs(house: House) -> AsyncIterator[None]:
    house.hook.received.clear()
    house.hook.answers[:] = ["hang"]
    await house.put()
    await house.received()
    await asyncio.sleep(0.2)
    house.later(85)
    yield
    house.hook.answers[:] = [200]
    house.hook.open_gate.set()


@asynccontextmanager
async def undelivered(house: House) -> AsyncIterator[None]:
    house.hook.answers[:] = [500]
    await house.put()
    await house.tried()
    house.later(16 * 60)
    yield
    house.hook.answers[:] = [200]
    house.later(30 * 60)


FAULTS: tuple[tuple[str, Plant, tuple[str, ...]], ...] = (
    ("another process holds the database", locked, ("database",)),
    ("the database takes no writes", read_only, ("database",)),
    ("the writer hangs", writer_hangs, ("database",)),
    ("queries hang", readers_hang, ("database",)),
    ("what is judged cannot be read", lambda house: table_gone(house, "monitor_state", 11), ("judge",)),
    ("the outbox cannot be read", lambda house: table_gone(house, "outbox", 0), ("database",)),
    ("a judging pass hangs", pass_hangs, ("judge",)),
    ("nobody wakes the judge", timers_stop, ("judge",)),
    ("the disk is nearly full", disk_full, ("disk",)),
    ("the disk answers nothing", disk_gone, ("disk",)),
    ("the event loop was held up", loop_held_up, ("loop",)),
    ("an alert is not delivered", undelivered, ("alerts",)),
    ("a lane hangs", lane_hangs, ("outbox",)),
)


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_every_inner_fault_is_found_silences_the_daemon_and_is_got_over(house: House) -> None:
    assert len(FAULTS) >= 12
    async with webhook() as outside:
        url = f"http://127.0.0.1:{outside.port}/"
        watching = asyncio.create_task(Deadman(url, house.check.troubles, every_s=EVERY_S, again_s=EVERY_S).run())

        async def heard(within_s: float) -> bool:
            before = len(outside.seen)
            async with asyncio.timeout(within_s) as limit:
                while len(outside.seen) == before:
                    if asyncio.get_running_loop().time() > (limit.when() or 0) - 0.05:
                        return False
                    await asyncio.sleep(0.02)
            return True

        told = {}
        for name, plant, parts in FAULTS:
            assert await heard(10), f"before: {name}"
            async with plant(house):
                told[name] = await house.finds(*parts)
                await asyncio.sleep(0.1)
                assert not await heard(SILENCE_S), name
            await house.finds()
        assert await heard(10)
        watching.cancel()
    print(*(f"{name}: {dict(reasons)}" for name, reasons in told.items()), sep="\n")
