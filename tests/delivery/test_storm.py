"""Very many monitors missed at once: the whole way from the judge to a webhook (semantics.md 8)."""

import asyncio
import time
from pathlib import Path

import pytest

from seestackd.core.alerts import Routing
from seestackd.core.events import AlertsQueued
from seestackd.core.monitor import new_monitor
from seestackd.delivery.channels import Channel
from seestackd.operations.deadlines import JudgeDue, judge_due
from seestackd.operations.keys import EnsureProject, ensure_project
from seestackd.operations.monitors import AddMonitor, add
from seestackd.operations.outbox import ListAlerts, listed
from seestackd.store.interface import Transaction
from tests.delivery.house import House, a_house
from tests.delivery.receivers import Webhook, webhook

FEW, MANY = 300, 10_000
WAIT_S = 0.02


def add_many(tx: Transaction, count: int, at: int) -> None:
    project = ensure_project(tx, EnsureProject(), at)
    for number in range(count):
        add(tx, AddMonitor(project.id, new_monitor(f"job-{number}", "1h"), f"ping-{number}"), at)


async def missed_at_once(house: House, count: int) -> list[float]:
    """Have all monitors judged missed; returns how long each transaction took in seconds."""
    house.runner.route(Routing(default_channels=("chat",)))
    await house.runner.run(add_many, count)
    house.clock.advance(2 * 3600)
    took, more = [], True
    while more:
        begun = time.perf_counter()
        more = (await house.runner.run(judge_due, JudgeDue())).more
        took.append(time.perf_counter() - begun)
    return took


async def passing(house: House, seconds: int) -> None:
    """Move the clock on, waking the lane every few seconds."""
    for _ in range(seconds // 5):
        house.clock.advance(5)
        house.feed.publish([AlertsQueued("chat")])
        await asyncio.sleep(WAIT_S)


async def received(hook: Webhook, count: int) -> None:
    async with asyncio.timeout(10):
        while len(hook.received) < count:
            await asyncio.sleep(0.005)


def named_or_counted(message: str) -> int:
    named = sum(line.startswith("MISSED ") for line in message.splitlines())
    more = [line for line in message.splitlines() if line.startswith("... and ")]
    return named + (int(more[0].split()[2].replace(",", "")) if more else 0)


async def weather_the_storm(house: House, hook: Webhook, count: int) -> None:
    await house.open(Channel("chat", hook.url()))
    begun = time.perf_counter()
    cpu = time.process_time()
    judged = await missed_at_once(house, count)
    await received(hook, 2)
    first = time.perf_counter() - begun
    cpu = time.process_time() - cpu
    await passing(house, 20)
    assert len(hook.received) == 2
    await passing(house, 15)
    await received(hook, 3)
    digest = hook.received[2]["message"]
    assert named_or_counted(digest) == count - 2
    assert "seestackd incident ls" in digest
    assert "no ping from anybody ever" in digest
    async with asyncio.timeout(10):
        while await house.runner.read(listed, ListAlerts(9, "pending")):
            await asyncio.sleep(WAIT_S)
    await passing(house, 65)
    assert len(hook.received) == 3
    incidents, delivered = await house.runner.read(totals, None)
    assert incidents == count
    assert delivered == count + 1
    print(f"{count} monitors: added, judged and first told in {first:.1f} s, {cpu:.1f} s of CPU;", end=" ")
    print(f"{len(judged)} judgements, the longest {max(judged) * 1000:.0f} ms")


def totals(tx: Transaction, command: None, at: int) -> tuple[int, int]:
    return len(tx.incidents.listed(open_only=True, limit=20_000)), len(tx.outbox.listed(20_000, "delivered"))


async def test_a_storm_is_three_messages_that_name_or_count_all(tmp_path: Path) -> None:
    async with webhook() as hook, a_house(tmp_path / "seestackd.db") as house:
        await weather_the_storm(house, hook, FEW)


@pytest.mark.long
async def test_a_storm_of_ten_thousand_is_three_messages_too(tmp_path: Path) -> None:
    async with webhook() as hook, a_house(tmp_path / "seestackd.db") as house:
        await weather_the_storm(house, hook, MANY)
