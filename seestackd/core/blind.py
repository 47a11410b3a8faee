"""Which slots and runs a blind window covers (semantics.md 6)."""

from collections.abc import Sequence

from seestackd.core.monitor import MINUTE_MS

Stretch = tuple[int, int]


def overlapping(windows: Sequence[Stretch], since: int, until: int) -> Stretch | None:
    """Return the first blind window that overlaps `[since, until]`."""
    return next(((start, end) for start, end in windows if start <= until and end >= since), None)


def usual_lateness_ms(lateness_ms: Sequence[int], wait_ms: int) -> int:
    """Return how late a monitor is usually heard: its worst of ten plus a minute, never more than the wait."""
    if not lateness_ms:
        return wait_ms
    return min(wait_ms, max(0, *lateness_ms[:10]) + MINUTE_MS)


def usual_finish(started_at: int, limit_at: int, durations_ms: Sequence[int]) -> Stretch:
    """Return when an open run would usually have finished; its whole span without history."""
    if not durations_ms:
        return started_at, limit_at
    recent = durations_ms[:10]
    return started_at + min(recent), started_at + max(recent) + MINUTE_MS
