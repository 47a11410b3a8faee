"""Maintenance windows: silenced now? next edge?"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from seestackd.core.monitor import Monitor
from seestackd.core.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of planned work: once (`starts_at` to `ends_at`) or whenever `schedule` comes round, for `duration_ms`.

    It covers the monitors named by slug or tag, all of the project when it names none.
    """

    id: int
    uid: str
    title: str
    starts_at: int | None = None
    ends_at: int | None = None
    schedule: Schedule | None = None
    duration_ms: int = 0
    slugs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def concerns(self, monitor: Monitor) -> bool:
        """Tell whether the monitor is covered."""
        if not self.slugs and not self.tags:
            return True
        return monitor.slug in self.slugs or not set(self.tags).isdisjoint(monitor.tags)

    def stretch_at(self, at: int) -> tuple[int, int] | None:
        """Return (start, end) of the stretch that holds the instant (start <= at < end)."""
        return self.first_touching(at, at)

    def coming(self, at: int) -> tuple[int, int] | None:
        """Return the stretch that goes on at the instant, or else the next one; None when there is none any more."""
        if self.schedule is not None:
            return self.first_touching(at, sys.maxsize)
        return None if (self.ends_at or 0) <= at else (self.starts_at or 0, self.ends_at or 0)

    def first_touching(self, since: int, until: int) -> tuple[int, int] | None:
        """Return the first stretch that touches `[since, until]`."""
        if self.schedule is None:
            start, end = self.starts_at or 0, self.ends_at or 0
            return (start, end) if start <= until and end > since else None
        try:
            start = self.schedule.next_after(since - self.duration_ms)
        except LookupError:
            return None
        return (start, start + self.duration_ms) if start <= until else None


def touching(windows: Sequence[Window], since: int, until: int) -> tuple[int, int] | None:
    """Return a stretch of any of the windows that touches `[since, until]`."""
    for window in windows:
        stretch = window.first_touching(since, until)
        if stretch is not None:
            return stretch
    return None


def moved_out(windows: Sequence[Window], instant: int, grace_ms: int) -> int:
    """Return the instant, or window end plus grace while it lies inside a window (semantics.md 5)."""
    for _ in range(100):
        stretch = touching(windows, instant, instant)
        if stretch is None:
            break
        instant = stretch[1] + grace_ms
    return instant
