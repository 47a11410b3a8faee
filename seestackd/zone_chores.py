"""Following the time zone database at a start: in the background, as a million monitors take a while."""

import asyncio
import logging

from seestackd.clock import Clock, zone_data_version
from seestackd.errors import Busy
from seestackd.operations.zones import FollowZones, follow_zone_data
from seestackd.runner import Runner

log = logging.getLogger(__name__)

PAUSE_S = 0.02
BUSY_S = 1.0


class ZoneChores:
    """Computes what is due anew when the data is another than before. Until it is `done` nobody may be judged."""

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock
        self._command = FollowZones(zone_data_version())
        self._moved = 0
        self.done = False

    async def step(self) -> None:
        """Follow for some monitors, which are all there are in most places. Raises Busy."""
        followed = await self._runner.run(follow_zone_data, self._command)
        self._moved += followed.moved
        self.done = not followed.more
        if self.done and self._moved:
            log.warning("the time zone data has changed: %d monitors are due at another time", self._moved)

    async def run(self) -> None:
        """Follow for the others, with pauses in which pings are taken."""
        while not self.done:
            try:
                began = self._clock.monotonic()
                await self.step()
                await asyncio.sleep(max(PAUSE_S, self._clock.monotonic() - began))
            except Busy:
                await asyncio.sleep(BUSY_S)
