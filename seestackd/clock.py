"""The only reader of time, and of the data that time zones are made of."""

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


def zone_data_version() -> str:
    """Return which edition of the time zone database is in use: the system's, where it has one, and the package's."""
    import zoneinfo
    from importlib import metadata
    from pathlib import Path

    editions = [metadata.version("tzdata")]
    for folder in zoneinfo.TZPATH:
        try:
            with Path(folder, "tzdata.zi").open(encoding="utf-8") as data:
                editions.append(data.readline().removeprefix("# version").strip())
        except OSError:
            continue
    return " ".join(editions)
