"""The event loop in short turns: thousands of clients that all send at once hold up neither commits nor alerts."""

import asyncio
import math
import select
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

MAX_EVENTS = 1024


class FewAtATime(selectors.EpollSelector):
    """Gives at most 1,024 ready connections a turn; those left over come first in the next one, as epoll sees to.

    Between turns the loop hands out what was committed and runs what is due, such as the judge. They are more than the
    requests that a turn answers (`web/turn.py`): whoever waits there is known, and hears in time that it was in vain.
    """

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors.BaseSelector.select`."""
        wait_s = -1 if timeout is None else max(0.0, math.ceil(timeout * 1000) / 1000)
        known = self.get_map()
        try:
            found = self._selector.poll(wait_s, MAX_EVENTS)  # type: ignore[attr-defined]
        except InterruptedError:
            return []
        return [(known[fd], _wanted(event) & known[fd].events) for fd, event in found if fd in known]


def _wanted(event: int) -> int:
    # An error or a hang-up is met by whoever reads or writes.
    reads = selectors.EVENT_READ if event & ~select.EPOLLOUT else 0
    return reads | (selectors.EVENT_WRITE if event & ~select.EPOLLIN else 0)


def run(main: Coroutine[Any, Any, None], use_uvloop: bool = True) -> None:
    """Do what `asyncio.run` does: on uvloop, where it is wanted and installed, else on a loop of short turns."""
    fast = _uvloop() if use_uvloop else None
    with asyncio.Runner(loop_factory=fast or (lambda: asyncio.SelectorEventLoop(FewAtATime()))) as runner:
        runner.run(main)


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
