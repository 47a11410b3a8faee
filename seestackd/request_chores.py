"""What is done with HTTP requests in the background, beside whatever else the scheduler does."""

import asyncio
import logging
from collections.abc import Callable

from seestackd.errors import Busy
from seestackd.operations import http_rules
from seestackd.operations.telemetry import RollUp, roll_up
from seestackd.runner import Runner

log = logging.getLogger(__name__)

ROLL_UP_EVERY_S = 2.0
WATCH_EVERY_S = 15.0
_PAUSE_S = 0.003
_SMALL = 25
_SMALL_STEPS = 600
_AT_ONCE = 650


class RequestChores:
    """Sums requests up, and judges the alert rules on them unless `holds()`: then nobody is judged."""

    def __init__(self, runner: Runner, holds: Callable[[], bool]) -> None:
        self._runner = runner
        self._holds = holds
        self._rolling = asyncio.Lock()
        self._watching = asyncio.Lock()
        self._far_behind = False

    async def roll_up(self) -> None:
        """Sum up the requests that came in, with pauses in which others get the writer.

        In small steps, none of which a heartbeat feels; only when many wait they grow.
        """
        if self._rolling.locked():
            return
        async with self._rolling:
            try:
                for step in range(_AT_ONCE):
                    is_small = step < _SMALL_STEPS and not self._far_behind
                    rolled = RollUp(_SMALL) if is_small else RollUp()
                    if not await self._runner.submit(roll_up, rolled, bulk=True):
                        self._far_behind = False
                        return
                    await asyncio.sleep(_PAUSE_S)
                self._far_behind = True
            except Busy:
                log.warning("sums of requests wait: the store takes nothing")

    async def watch(self) -> None:
        """Judge the alert rules on requests."""
        if self._holds() or self._watching.locked():
            return
        async with self._watching:
            try:
                judged = await self._runner.read(http_rules.look, None)
                await self._runner.run(http_rules.act, judged)
            except Busy:
                log.warning("alert rules wait: the store takes nothing")
