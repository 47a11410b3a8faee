"""Threads for sendings: they block, may hang, and cannot be cut off (architecture.md)."""

import asyncio
import logging
import threading
from collections.abc import Callable

from seestackd.delivery.apprise_sender import Sent
from seestackd.delivery.channels import Channel

log = logging.getLogger(__name__)

MAX_LINGERING = 4
MAX_SENDING = 64


class Threads:
    """One thread per sending: none is taken from the loop's own pool, and a hung one holds up nothing but itself."""

    def __init__(self) -> None:
        self._sending = 0
        self._lingering: dict[str, int] = {}

    def lingering(self, channel: str) -> int:
        """Return how many sendings of the channel have passed their limit and not ended."""
        return self._lingering.get(channel, 0)

    def begin(self, channel: Channel, send: Callable[[], Sent]) -> "asyncio.Future[Sent] | None":
        """Run `send` in a new thread; None while too many of the channel have not ended.

        With many threads at work a channel gets no second one; its first it always gets, or the hanging channels of
        others would keep it from being told.
        """
        lingering = self.lingering(channel.name)
        if lingering >= MAX_LINGERING or (lingering and self._sending >= MAX_SENDING):
            return None
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Sent] = loop.create_future()
        self._sending += 1
        ended.add_done_callback(self._end)
        thread = threading.Thread(target=_run, args=(loop, send, ended), name=f"send {channel.name}", daemon=True)
        thread.start()
        return ended

    def linger(self, channel: str, sending: "asyncio.Future[Sent]", at_end: Callable[[Sent], None]) -> None:
        """Count a sending that passed its limit until it ends, and tell `at_end` how."""
        self._lingering[channel] = self.lingering(channel) + 1

        def over(ended: "asyncio.Future[Sent]") -> None:
            self._lingering[channel] -= 1
            if not ended.cancelled():
                at_end(ended.result())

        sending.add_done_callback(over)

    def _end(self, ended: "asyncio.Future[Sent]") -> None:
        self._sending -= 1


def _run(loop: asyncio.AbstractEventLoop, send: Callable[[], Sent], ended: "asyncio.Future[Sent]") -> None:
    try:
        sent = send()
    except BaseException as error:
        sent = Sent(False, f"sending failed: {type(error).__name__}")
    try:
        loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(sent))
    except RuntimeError:
        log.debug("a sending ended after the loop")
