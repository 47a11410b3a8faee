"""The guard on the monotonic clock: it knows when the wall clock was moved, and when the machine slept."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from seestackd.clock import Clock
from seestackd.errors import Busy
from seestackd.operations.blind import Blinded, ClockStepped, blinded, clock_stepped
from seestackd.runner import Runner

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
NOTICED_STEP_MS = 500
NOTICED_SLEEP_MS = 2_000


class ClockGuard:
    """Compares wall, boot and monotonic time with how they stood before (semantics.md 6).

    Boot time goes on while the machine sleeps, the monotonic clock, which every timer of the event loop follows, does
    not. `on_jump` is called as soon as a jump is seen, `on_sleep` when it was a sleep.
    """

    def __init__(self, runner: Runner, clock: Clock, on_jump: Callable[[], None], on_sleep: Callable[[], None]) -> None:
        self._runner = runner
        self._clock = clock
        self._on_jump = on_jump
        self._on_sleep = on_sleep
        self._offset_ms = self._offset()
        self._asleep_ms = self._asleep()
        self._step_ms = 0
        self._slept_ms = 0
        self._recording = asyncio.Lock()

    async def run(self) -> None:
        """Look again and again, for ever: no step can stop this clock."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(Busy):
                await self.check()

    async def check(self) -> None:
        """Have what happened to the clocks stored before anybody is judged by them.

        Raises Busy while that cannot be stored; it is not forgotten then.
        """
        self._look()
        async with self._recording:
            if self._slept_ms:
                slept, now = self._slept_ms, self._clock.now()
                await self._runner.run(blinded, Blinded(now - slept, now, "suspended"))
                self._slept_ms -= slept
            if self._step_ms:
                step = self._step_ms
                await self._runner.run(clock_stepped, ClockStepped(step))
                self._step_ms -= step

    def _look(self) -> None:
        slept = self._asleep() - self._asleep_ms
        step = self._offset() - self._offset_ms
        if slept > NOTICED_SLEEP_MS:
            log.warning("the machine slept for %.0f s", slept / 1000)
            self._asleep_ms += slept
            self._slept_ms += slept
            self._on_sleep()
        if abs(step) > NOTICED_STEP_MS:
            log.warning("the wall clock moved by %.1f s", step / 1000)
            self._offset_ms += step
            self._step_ms += step
        if slept > NOTICED_SLEEP_MS or abs(step) > NOTICED_STEP_MS:
            self._on_jump()

    def _offset(self) -> int:
        return self._clock.now() - self._clock.boottime()

    def _asleep(self) -> int:
        return self._clock.boottime() - round(self._clock.monotonic() * 1000)
