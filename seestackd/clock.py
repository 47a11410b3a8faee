"""The only reader of time."""

import time


class Clock:
    """Reads the machine's clocks; tests pass an object with the same three methods."""

    def now(self) -> int:
        """Return the wall clock in milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def boottime(self) -> int:
        """Return milliseconds since boot, time asleep included (CLOCK_BOOTTIME)."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def monotonic(self) -> float:
        """Return seconds of a clock that never steps."""
        return time.monotonic()
