"""The other way of the dead man: an outside URL that hears from us while all is well (semantics.md 8)."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping

import aiohttp

log = logging.getLogger(__name__)

EVERY_S = 60.0
AGAIN_S = 15.0
LIMIT_S = 10.0
_NAME = {"User-Agent": "seestackd"}


class Deadman:
    """Asks for `url` (GET) every `every_s` seconds in which `troubles` returns nothing; silence is the alarm.

    A request that fails is made again after `again_s` seconds. The URL is a secret and is never logged.
    """

    def __init__(
        self,
        url: str,
        troubles: Callable[[], Awaitable[Mapping[str, str]]],
        every_s: float = EVERY_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._url = url
        self._troubles = troubles
        self._every_s = every_s
        self._again_s = again_s
        self._said: str | None = None
        self._trusted: ssl.SSLContext | bool = True

    async def run(self) -> None:
        """Watch and ask, for ever."""
        # One of its own: the daemon keeps aiohttp's from loading what this machine trusts (cli/lean.py).
        self._trusted = await asyncio.to_thread(ssl.create_default_context)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT_S), headers=_NAME) as session:
            while True:
                troubles = await self._troubles()
                if troubles:
                    self._tell(
                        "the outside is not pinged: " + ", ".join(f"{part}: {troubles[part]}" for part in troubles)
                    )
                    await asyncio.sleep(self._again_s)
                elif await self._ping(session):
                    self._tell(None)
                    await asyncio.sleep(self._every_s)
                else:
                    await asyncio.sleep(self._again_s)

    async def _ping(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(self._url, ssl=self._trusted) as answer:
                status = answer.status
        except Exception as error:
            # The text of the error may hold the URL.
            self._tell(f"the outside URL was not reached: {type(error).__name__}")
            return False
        if status >= 400:
            self._tell(f"the outside URL answers {status}; check [deadman] in the settings")
        return status < 400

    def _tell(self, trouble: str | None) -> None:
        """Log a trouble when its kind is new, and its end."""
        kind = trouble and trouble.split(":")[0]
        if kind == self._said:
            return
        if trouble is not None:
            log.warning("%s", trouble)
        elif self._said is not None:
            log.info("the outside URL is pinged again")
        self._said = kind
