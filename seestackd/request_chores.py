"""What is done with HTTP requests in the background, beside whatever else the scheduler does."""

import asyncio
import logging
from collections.abc import Callable

from seestackd.errors import Busy
from seestackd.operations import http_rules
from seestackd.operations.telemetry import ROLLED_AT_ONCE, RollUp, roll_up
from seestackd.runner import Runner

log = logging.getLogger(__name__)

ROLL_UP_EVERY_S = 2.0
WATCH_EVERY_S = 15.0
_PAUSE_S = 0.003
_SMALL = 25
_STEPS = 400
_AT_ONCE = 650


class RequestChores:
    """Sums requests up, and judges the alert rules on them unless `holds()`: then nobody is judged."""

    def __init__(self, runner: Runner, holds: Callable[[], bool]) -> None:
        self._runner = runner
        self._holds = holds
        self._rolling = asyncio.Lock()
        self._watching = asyncio.Lock()

    async def roll_up(self) -> None:
        """Sum up the requests that came in, with pauses in which others get the writer.

        In small steps, none of which a heartbeat feels; they grow to what catches up in 400 of them.
        """
        if self._rolling.locked():
            return
        async with self._rolling:
            try:
                limit = _SMALL
                for _ in range(_AT_ONCE):
                    waiting = await self._runner.submit(roll_up, RollUp(limit), bulk=True, derived=True)
                    if not waiting:
                        return
                    limit = max(_SMALL, min(waiting // _STEPS, ROLLED_AT_ONCE))
                    await asyncio.sleep(_PAUSE_S)
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
