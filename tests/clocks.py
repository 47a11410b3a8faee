"""A clock for tests: it stands still until it is set."""


class SetClock:
    """Tells the instant it was set to (ms UTC), by every clock alike."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def boottime(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000
