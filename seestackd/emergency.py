"""When nothing can be stored: give up the ballast, and tell the operator from memory (reliability.md 2)."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from seestackd.clock import Clock
from seestackd.core.durations import format_duration
from seestackd.delivery.apprise_sender import AppriseSender
from seestackd.delivery.directly import store_fails, store_works
from seestackd.delivery.messages import Message
from seestackd.delivery.worker import Delivery
from seestackd.runner import Runner
from seestackd.store.sqlite.ballast import Ballast

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
TELL_AFTER_MS = 15_000
QUIET_S = 60.0
TELL_AGAIN_S = 3_600.0
TRY_AGAIN_S = 15.0


class Emergency:
    """Watches the runner. `names()` are the default channels; what it tells them is kept in memory alone.

    A trouble is told once it has lasted 15 s, or at once when the ballast went for it; its end when it was told and
    has been over for a minute. One that comes back within the hour is not told again.
    """

    def __init__(
        self, runner: Runner, delivery: Delivery, names: Callable[[], tuple[str, ...]], clock: Clock, ballast: Ballast
    ) -> None:
        self._runner = runner
        self._delivery = delivery
        self._names = names
        self._clock = clock
        self._ballast = ballast
        self._sender = AppriseSender(clock)
        self._since: int | None = None
        self._good_since = clock.monotonic()
        self._told_at: float | None = None
        self._told_open = False
        self._gave_up = False
        self._letters: dict[str, Message] = {}
        self._try_at = 0.0
        self._sending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Watch, for ever."""
        while True:
            try:
                self.look()
            except Exception:
                log.exception("the emergency watch failed")
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Look once; sending goes on beside it."""
        now = self._clock.monotonic()
        if self._runner.failing_since is not None:
            self._failing(self._runner.failing_since, now)
        elif now - self._good_since >= QUIET_S:
            self._at_rest()
        if self._letters and now >= self._try_at and (self._sending is None or self._sending.done()):
            self._try_at = now + TRY_AGAIN_S
            self._sending = asyncio.create_task(self._send())

    def _failing(self, since: int, now: float) -> None:
        self._since = since if self._since is None else self._since
        self._good_since = now
        reason = self._runner.failing_because
        gave_up = "full" in reason and self._ballast.give_up()
        if gave_up:
            self._gave_up = True
            log.critical("the disk is full: a reserve of 32 MiB is given up; make room")
        lasted = self._clock.now() - since
        recently = self._told_at is not None and now - self._told_at < TELL_AGAIN_S
        if (gave_up or lasted >= TELL_AFTER_MS) and not recently:
            self._told_at, self._told_open = now, True
            self._write(store_fails(reason, self._gave_up))

    def _at_rest(self) -> None:
        if self._told_open and self._since is not None:
            lasted = self._clock.now() - self._since - round(QUIET_S * 1000)
            self._write(store_works(format_duration(max(1000, lasted))))
        self._since, self._told_open = None, False
        if self._ballast.make():
            self._gave_up = False

    def _write(self, message: Message) -> None:
        self._letters = dict.fromkeys(self._names(), message)
        self._try_at = 0.0

    async def _send(self) -> None:
        for name, message in tuple(self._letters.items()):
            channel = self._delivery.channels.get(name)
            if channel is None:
                self._letters.pop(name, None)
                continue
            sending = self._delivery.threads.begin(channel, lambda c=channel, m=message: self._sender.send(c, m))  # type: ignore[misc]
            if sending is None:
                continue
            with suppress(TimeoutError):
                sent = await asyncio.wait_for(asyncio.shield(sending), channel.limit)
                if sent.ok and self._letters.get(name) is message:
                    del self._letters[name]
                elif not sent.ok:
                    log.warning("the emergency could not be told to %s: %s", name, sent.error)
