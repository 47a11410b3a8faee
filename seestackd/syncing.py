"""Bulk is synced beside the writer: a report that comes meanwhile does not wait until the disk has kept it."""

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

Then = Callable[[Exception | None], None]
"""Takes why what was committed is not durable, or None when it is."""


class Syncing:
    """A thread that has the store sync its commits; what comes while it does so is synced together."""

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._queue: queue.SimpleQueue[Then | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sync", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def after(self, then: Then) -> None:
        """Call `then`, on the thread, once everything that was committed by now is synced."""
        self._queue.put(then)

    def stop(self) -> None:
        """Sync what is left, then end the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        last = False
        while not last:
            came = [self._queue.get()]
            while not self._queue.empty():
                came.append(self._queue.get())
            last = None in came
            waiting = [then for then in came if then is not None]
            error = self._synced() if waiting else None
            for then in waiting:
                # One that cannot be told must not leave the others waiting.
                try:
                    then(error)
                except Exception:
                    log.exception("somebody could not be told of a sync")

    def _synced(self) -> Exception | None:
        try:
            self._sync()
        except Exception as error:
            return error
        return None
