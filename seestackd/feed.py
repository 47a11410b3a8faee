"""Announces committed changes inside the process."""

import logging
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

Listener = Callable[[Sequence[object]], None]


class Feed:
    """Hands every batch of committed changes to its listeners, on the event loop."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(changes)` after each commit that changed something; returns a function that stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, changes: Sequence[object]) -> None:
        """Tell everybody; a listener that fails does not keep the others from hearing."""
        for listener in tuple(self._listeners):
            try:
                listener(changes)
            except Exception:
                log.exception("a listener of committed changes failed")
