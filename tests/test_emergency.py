"""What is told when nothing can be stored: once, from memory, and its end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from seestackd.clock import Clock
from seestackd.delivery.channels import Channel
from seestackd.delivery.threads import Threads
from seestackd.emergency import QUIET_S, TELL_AFTER_MS, TELL_AGAIN_S, Emergency
from seestackd.store.sqlite.ballast import Ballast
from tests.delivery.receivers import Webhook, webhook


class MovableClock(Clock):
    """The real clock, moved on by a test."""

    moved_s = 0.0

    def now(self) -> int:
        return super().now() + round(self.moved_s * 1000)

    def monotonic(self) -> float:
        return super().monotonic() + self.moved_s


class Failing:
    """What the emergency sees of a runner and of the delivery."""

    def __init__(self, hook: Webhook) -> None:
        self.failing_since: int | None = None
        self.failing_because = ""
        self.channels = {"ops": Channel("ops", hook.url())}
        self.threads = Threads()


class House:
    def __init__(self, folder: Path, hook: Webhook) -> None:
        self.clock, self.hook, self.parts = MovableClock(), hook, Failing(hook)
        self.database = folder / "seestackd.db"
        parts: Any = self.parts
        self.emergency = Emergency(parts, parts, lambda: ("ops",), self.clock, Ballast(self.database))

    def fail(self, because: str) -> None:
        self.parts.failing_since, self.parts.failing_because = self.clock.now(), because

    async def after(self, seconds: float) -> list[str]:
        """Let time pass and look; returns the titles received so far."""
        self.clock.moved_s += seconds
        self.emergency.look()
        if self.emergency._sending is not None:
            await self.emergency._sending
        return self.hook.titles()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with webhook() as hook:
        yield House(tmp_path, hook)


CANNOT = "seestackd cannot store: free its disk"
AGAIN = "seestackd stores again"


async def test_a_short_trouble_is_nobodys_business(house: House) -> None:
    house.fail("disk I/O error")

    assert await house.after(TELL_AFTER_MS / 1000 - 1) == []


async def test_a_full_disk_is_told_once_and_its_end_too(house: House) -> None:
    house.fail("database or disk is full")

    assert await house.after(TELL_AFTER_MS / 1000) == [CANNOT]
    assert await house.after(600) == [CANNOT]
    house.parts.failing_since = None
    assert await house.after(QUIET_S - 1) == [CANNOT]
    assert await house.after(1) == [CANNOT, AGAIN]
    assert await house.after(600) == [CANNOT, AGAIN]


async def test_a_trouble_that_comes_back_is_told_again_after_an_hour(house: House) -> None:
    house.fail("database or disk is full")
    await house.after(TELL_AFTER_MS / 1000)
    house.parts.failing_since = None
    await house.after(QUIET_S)
    house.fail("database or disk is full")

    assert await house.after(600) == [CANNOT, AGAIN]
    assert await house.after(TELL_AGAIN_S) == [CANNOT, AGAIN, CANNOT]


async def test_the_reserve_is_given_up_for_a_full_disk_only_and_told_at_once(house: House) -> None:
    reserve = house.database.with_name("seestackd.db.ballast")
    reserve.write_bytes(b"x")
    house.fail("database is locked")
    assert await house.after(1) == []
    assert reserve.exists()

    house.fail("database or disk is full")
    assert await house.after(1) == [CANNOT]
    assert not reserve.exists()
    assert "A reserve of 32 MiB was given up" in house.hook.received[0]["message"]


async def test_a_channel_that_fails_is_tried_again(house: House) -> None:
    house.hook.answers[:] = [500, 200]
    house.fail("database or disk is full")

    assert await house.after(TELL_AFTER_MS / 1000) == [CANNOT]
    assert await house.after(1) == [CANNOT]
    assert await house.after(15) == [CANNOT, CANNOT]
    assert await house.after(60) == [CANNOT, CANNOT]
