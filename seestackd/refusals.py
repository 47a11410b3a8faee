"""When pings are answered 503, and which were, so that their silence is not held against them (semantics.md 6)."""

import threading

MAX_REFUSED = 10_000
MAX_QUEUED = 20_000
MAX_WAIT_MS = 700
"""How long the oldest may wait before more pings are refused: who is refused learns of it within a second."""


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


class Waiting:
    """How many operations wait for their commit and since when; `few` of them may wait for however long it takes."""

    def __init__(self, few: int) -> None:
        self.count = 0
        self._few = few
        self._oldest_at = 0

    def takes(self, command: object, now: int) -> bool:
        """Tell whether one more may wait; what the daemon does of itself may for longer, or nobody is alerted."""
        if self.count < self._few:
            return True
        is_ping = getattr(command, "reports_on", None) is not None
        return self.count < MAX_QUEUED and not (is_ping and now - self._oldest_at > MAX_WAIT_MS)

    def come(self, now: int) -> None:
        """Count one more."""
        if self.count == 0:
            self._oldest_at = now
        self.count += 1

    def leave(self, count: int, newest_at: int) -> None:
        """Count those that were committed, the newest of which came at `newest_at`: the others came later."""
        self.count -= count
        self._oldest_at = newest_at
