"""A store with its runner, and deliveries that come and go, under a clock that a test can move on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from seestackd.clock import Clock
from seestackd.core.incidents import Alert, OutboxRow
from seestackd.delivery.apprise_sender import AppriseSender
from seestackd.delivery.channels import Channel
from seestackd.delivery.worker import Delivery
from seestackd.feed import Feed
from seestackd.operations.outbox import AlertView, ShowAlert, shown
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore

START = 1_795_399_200_000


class SettableClock(Clock):
    """The real clock, started at a fixed instant, that a test can move on."""

    def __init__(self) -> None:
        self._shift = START - super().now()

    def now(self) -> int:
        return super().now() + self._shift

    def advance(self, seconds: float) -> None:
        self._shift += round(seconds * 1000)


@dataclass
class House:
    """A store with its runner, and deliveries that come and go."""

    store: SqliteStore
    clock: SettableClock
    feed: Feed
    runner: Runner
    running: list[Delivery] = field(default_factory=list)

    async def open(self, *channels: Channel, sender: AppriseSender | None = None, owner: str = "one") -> Delivery:
        delivery = Delivery(
            self.runner,
            self.feed,
            {channel.name: channel for channel in channels},
            sender or AppriseSender(self.clock),
            self.clock,
            owner=owner,
            public_url="https://mon.example",
        )
        await delivery.start()
        self.running.append(delivery)
        return delivery

    async def put(self, *alerts: Alert) -> list[int]:
        return await self.runner.run(put_alerts, alerts)

    async def row(self, row_id: int) -> OutboxRow:
        return (await self.view(row_id)).row

    async def view(self, row_id: int) -> AlertView:
        return await self.runner.read(shown, ShowAlert(row_id))

    async def settled(self, row_id: int, timeout: float = 8.0) -> OutboxRow:
        return await self.wait_for(row_id, lambda row: row.state != "pending", timeout)

    async def tried(self, row_id: int, attempts: int = 1) -> OutboxRow:
        return await self.wait_for(row_id, lambda row: row.attempts >= attempts)

    async def wait_for(self, row_id: int, done: Callable[[OutboxRow], bool], timeout: float = 8.0) -> OutboxRow:
        async with asyncio.timeout(timeout):
            while not done(row := await self.row(row_id)):
                await asyncio.sleep(0.02)
        return row


def put_alerts(tx: Transaction, alerts: tuple[Alert, ...], at: int) -> list[int]:
    return tx.outbox.put(alerts, at)


@asynccontextmanager
async def a_house(path: Path) -> AsyncIterator[House]:
    store, clock, feed = SqliteStore.open(path), SettableClock(), Feed()
    runner = Runner(store, clock, feed, lambda: None)
    runner.start()
    house = House(store, clock, feed, runner)
    try:
        yield house
    finally:
        for delivery in house.running:
            await delivery.stop(0.2)
        await runner.stop()
        store.close()
