"""Which pings were answered 503, so that their silence is not held against them (semantics.md 6)."""

import threading

MAX_REFUSED = 10_000


class Refusals:
    """When a ping of a monitor was last refused (ms UTC), by (project id, slug); for several threads."""

    def __init__(self) -> None:
        self._at: dict[tuple[int, str], int] = {}
        self._lock = threading.Lock()

    def remember(self, command: object, at: int) -> None:
        """Note the refusal of a command that says which monitor it `reports_on`; of the newest 10,000 only."""
        about = getattr(command, "reports_on", None)
        if about is None:
            return
        with self._lock:
            self._at.pop(about, None)
            if len(self._at) >= MAX_REFUSED:
                del self._at[next(iter(self._at))]
            self._at[about] = at

    def all(self) -> dict[tuple[int, str], int]:
        """Return a copy of what is remembered."""
        with self._lock:
            return dict(self._at)
