"""So many requests a turn of the event loop, and none while the writer has enough: commits and alerts come between.

On the daemon's own loop (`turns.py`) a turn never has more. uvloop hands out all that has come, however much it is.
"""

import asyncio
from collections import deque
from collections.abc import Callable

MOST = 256
_PAUSE_S = 0.002

GoOn = Callable[[bool], None]
"""Has a request go on that had to wait, and tells whether that was for too long."""


class Turn:
    """What one turn of the loop has still time for; `is_full` tells whether the writer has enough to do.

    Nobody waits for longer than `most_s` seconds without being told.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, is_full: Callable[[], bool], most_s: float) -> None:
        self._loop = loop
        self._is_full = is_full
        self._most_s = most_s
        self._left = MOST
        self._waiting: deque[tuple[float, GoOn]] = deque()

    def takes(self) -> bool:
        """Tell whether this turn has time for one more request, and count it in."""
        if self._left == MOST:
            self._loop.call_soon(self._next)
        elif self._left == 0:
            return False
        self._left -= 1
        return True

    def wait(self, go_on: GoOn) -> None:
        """Have a request that was not taken go on in one of the next turns, after those that wait already."""
        self._waiting.append((self._loop.time() + self._most_s, go_on))

    def _next(self) -> None:
        waiting, now = self._waiting, self._loop.time()
        self._left = 0 if self._is_full() else MOST
        if not self._left:
            self._loop.call_later(_PAUSE_S, self._next)
        elif waiting:
            self._loop.call_soon(self._next)
        refused = 0
        while waiting and refused < MOST:
            until, go_on = waiting[0]
            if until >= now:
                if not self._left:
                    break
                self._left -= 1
            else:
                refused += 1
            waiting.popleft()
            go_on(until < now)
