"""Claim, send, settle: one lane per channel (semantics.md 8, architecture.md)."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from seestackd.clock import Clock
from seestackd.core.events import AlertsQueued
from seestackd.core.incidents import OutboxRow
from seestackd.delivery.apprise_sender import Sent
from seestackd.delivery.channels import Channel
from seestackd.delivery.messages import Message, render
from seestackd.delivery.threads import Threads
from seestackd.errors import Busy
from seestackd.feed import Feed
from seestackd.operations.lanes import ClaimLane, ReleaseLane, claim_lane, release_lane, void_claims, waiting_channels
from seestackd.operations.outbox import SettleDelivery, settle_delivery
from seestackd.runner import Runner

log = logging.getLogger(__name__)

# A clock that was set may bring a due row nearer than its lane was told.
LONGEST_WAIT = 60.0
STORE_BUSY_WAIT = 1.0
PASS_EVERY = 10.0
# A lane that needs longer than its channel's limit and this for one step is stuck.
STEP_SPARE = 20.0


class Sender(Protocol):
    """Whoever can send; called in a thread of its own."""

    def send(self, channel: Channel, message: Message) -> Sent: ...


class Delivery:
    """Sends what the outbox holds, every channel in its own lane.

    `owner` names this process in claims; `public_url` is what links in messages begin with, `pages` whether they lead
    to the dashboard there: without an address that people were told, they would lead to the reader's own machine.
    Besides waking when alerts are announced it passes over the outbox every `pass_every` seconds: an announcement may
    have been missed.
    """

    def __init__(
        self,
        runner: Runner,
        feed: Feed,
        channels: Mapping[str, Channel],
        sender: Sender,
        clock: Clock,
        *,
        owner: str,
        public_url: str | None = None,
        pages: bool = False,
        pass_every: float = PASS_EVERY,
    ) -> None:
        self.channels = channels
        self.threads = Threads()
        self._runner = runner
        self._feed = feed
        self._sender = sender
        self._clock = clock
        self._owner = owner
        self._public_url = public_url
        self._pages = pages
        self._lanes: dict[str, Lane] = {}
        self._pass_every = pass_every
        self._passed_at = clock.monotonic()
        self._passes: asyncio.Task[None] | None = None
        self._forget: Callable[[], None] = lambda: None
        self._stopping = False

    async def start(self) -> None:
        """Free the claims of whoever held the database before, and take up what waits."""
        await self._runner.run(void_claims, None)
        self._forget = self._feed.listen(self._hear)
        await self._pass()
        self._passes = asyncio.create_task(self._pass_again())

    def passed_ago(self) -> float:
        """Return the seconds since a pass over the outbox ended and found every lane at work or at rest."""
        return self._clock.monotonic() - self._passed_at

    async def _pass(self) -> None:
        for channel in await self._runner.read(waiting_channels, None):
            self._wake(channel)
        now = self._clock.monotonic()
        stuck = [name for name, lane in self._lanes.items() if lane.stuck(now, self._limit_ms(name) / 1000)]
        if stuck:
            log.error("no step of these channels ends: %s", ", ".join(stuck))
        else:
            self._passed_at = now

    async def _pass_again(self) -> None:
        while True:
            await asyncio.sleep(self._pass_every)
            try:
                await self._pass()
            except Exception as error:
                log.warning("a pass over the outbox failed: %s", error)

    async def stop(self, patience: float = 3.0) -> None:
        """Start no further sending, and wait `patience` seconds for those on their way; the rest waits."""
        self._forget()
        self._forget = lambda: None
        self._stopping = True
        if self._passes is not None:
            self._passes.cancel()
        tasks = [task for lane in self._lanes.values() for task in (lane.task, *lane.late)]
        for lane in self._lanes.values():
            lane.woken.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()

    def _hear(self, changes: Sequence[object]) -> None:
        for change in changes:
            if isinstance(change, AlertsQueued):
                self._wake(change.channel)

    def _wake(self, channel: str) -> None:
        lane = self._lanes.get(channel)
        if lane is None or lane.task.done():
            self._lanes[channel] = Lane(asyncio.create_task(self._work(channel), name=f"lane {channel}"))
        else:
            lane.woken.set()

    async def _work(self, channel: str) -> None:
        while not self._stopping:
            lane = self._lanes[channel]
            lane.woken.clear()
            lane.step_at = self._clock.monotonic()
            try:
                wait = await self._round(channel)
            except Busy:
                wait = STORE_BUSY_WAIT
            except Exception:
                log.exception("lane %s failed and begins anew", channel)
                wait = STORE_BUSY_WAIT
            lane.step_at = None
            if wait != 0 and not self._stopping:
                await _until(lane.woken, wait)
        await self._runner.run(release_lane, ReleaseLane(channel, self._owner))

    async def _round(self, channel: str) -> float | None:
        """Send what is due; returns the seconds until there is more (None: until woken)."""
        claimed = await self._runner.run(claim_lane, self._claim(channel))
        for row in claimed.rows:
            if self._stopping:
                break
            self._lanes[channel].step_at = self._clock.monotonic()
            await self._deliver(row)
        return None if claimed.wait_ms is None else claimed.wait_ms / 1000

    async def _deliver(self, row: OutboxRow) -> None:
        name = row.alert.channel
        channel = self.channels.get(name)
        if channel is None:
            reason = f"the channel {name!r} is not defined; add [channels.{name}] to the configuration"
            await self._settle(row, Sent(False, reason, hopeless=True))
            return
        message = self._rendered(row)
        sending = self.threads.begin(channel, lambda: self._sender.send(channel, message))
        if sending is None:
            await self._settle(row, Sent(False, "earlier messages still hang in this channel"))
            return
        done, _ = await asyncio.wait([sending], timeout=channel.limit)
        if done:
            await self._settle(row, sending.result())
            return
        self.threads.linger(name, sending, lambda sent: self._settle_late(row, sent))
        await self._settle(row, Sent(False, f"no end within {channel.limit:g} s", duration_ms=channel.limit_ms))

    def _rendered(self, row: OutboxRow) -> Message:
        alert = row.alert
        facts = {"incident_id": alert.incident_id, **alert.facts}
        return render(
            alert.alert_id, alert.kind, facts, public_url=self._public_url, at=self._clock.now(), pages=self._pages
        )

    async def _settle(self, row: OutboxRow, sent: Sent) -> None:
        channel = self.channels.get(row.alert.channel)
        command = SettleDelivery(
            row_id=row.id,
            owner=self._owner,
            limit_ms=self._limit_ms(row.alert.channel),
            ok=sent.ok,
            duration_ms=sent.duration_ms,
            error=sent.error,
            status=sent.status,
            retry_after_ms=sent.retry_after_ms,
            hopeless=sent.hopeless,
            fallback=channel.fallback if channel else None,
        )
        settled = await self._persistently(command)
        if settled.state == "dead":
            log.error("alert %s to %s: %s", row.alert.kind, row.alert.channel, settled.result)
        elif not sent.ok:
            log.warning("alert %s to %s will be tried again: %s", row.alert.kind, row.alert.channel, sent.error)

    async def _persistently(self, command: SettleDelivery) -> OutboxRow:
        """Settle when the store can again: what was sent must not be sent twice because of a full disk."""
        while True:
            try:
                return await self._runner.run(settle_delivery, command)
            except Busy:
                await asyncio.sleep(STORE_BUSY_WAIT)

    def _settle_late(self, row: OutboxRow, sent: Sent) -> None:
        """A sending that succeeded after its limit need not be repeated."""
        if sent.ok and not self._stopping:
            lane = self._lanes[row.alert.channel]
            task = asyncio.create_task(self._settle(row, sent))
            lane.late.add(task)
            task.add_done_callback(lane.late.discard)

    def _claim(self, name: str) -> ClaimLane:
        channel = self.channels.get(name) or Channel(name, "")
        return ClaimLane(name, self._owner, channel.limit_ms, channel.digest, channel.resolves)

    def _limit_ms(self, name: str) -> int:
        channel = self.channels.get(name)
        return channel.limit_ms if channel else Channel(name, "").limit_ms


class Lane:
    """The task of one channel, what wakes it, and its sendings that are being settled after their limit.

    `step_at` says since when (monotonic seconds) it claims or sends; None while it rests.
    """

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task
        self.woken = asyncio.Event()
        self.late: set[asyncio.Task[None]] = set()
        self.step_at: float | None = None

    def stuck(self, now: float, limit: float) -> bool:
        """Tell whether a step has taken longer than sending (`limit` seconds) and settling can take."""
        return self.step_at is not None and now - self.step_at > limit + STEP_SPARE


async def _until(woken: asyncio.Event, wait: float | None) -> None:
    try:
        await asyncio.wait_for(woken.wait(), None if wait is None else min(wait, LONGEST_WAIT))
    except TimeoutError:
        return
