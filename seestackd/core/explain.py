"""Why and when: what is expected of a monitor, told before it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median, quantiles
from zoneinfo import ZoneInfo

from seestackd.core.durations import format_duration
from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS, Monitor, State, Status
from seestackd.core.runs import Run, wait_ms

SHOWN = 10
YEAR_MS = 366 * DAY_MS
AROUND_CHANGE_MS = 36 * HOUR_MS
MIN_RUNS = 5
STEADY_MS = 10 * MINUTE_MS
SUSPICIOUS_MS = 25 * MINUTE_MS
GRACE_USED = 0.8


@dataclass(frozen=True, slots=True)
class Expected:
    """One expected time and the instant at which its silence is judged (ms UTC)."""

    slot: int
    deadline_at: int


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A coming change of the zone's offset (ms UTC, offsets in ms), with the expected times around it."""

    at: int
    before_ms: int
    after_ms: int
    around: tuple[Expected, ...]


def coming(monitor: Monitor, state: State, at: int, count: int = SHOWN) -> tuple[Expected, ...]:
    """Return the next expected times, oldest first; of an interval monitor as if every run came in time."""
    if state.status is Status.PAUSED or monitor.archived_at is not None:
        return ()
    wait = wait_ms(monitor, state)
    slot = state.expected_at
    found: list[Expected] = []
    while slot is not None and len(found) < count:
        found.append(Expected(slot, slot + wait))
        slot = _next(monitor, slot)
    return tuple(found)


def _next(monitor: Monitor, slot: int) -> int | None:
    if monitor.schedule.interval_ms is not None:
        return slot + monitor.schedule.interval_ms
    try:
        return monitor.schedule.next_after(slot)
    except LookupError:
        return None


def clock_changes(monitor: Monitor, state: State, at: int) -> tuple[ClockChange, ...]:
    """Return the next two changes of the zone's offset within a year, with the slots of those nights."""
    if monitor.schedule.interval_ms is not None:
        return ()
    zone = ZoneInfo(monitor.schedule.timezone)
    wait = wait_ms(monitor, state)
    changes: list[ClockChange] = []
    day = at
    while day < at + YEAR_MS and len(changes) < 2:
        if _offset(zone, day) != _offset(zone, day + DAY_MS):
            change = _exactly(zone, day, day + DAY_MS)
            slots = monitor.schedule.slots_between(change - AROUND_CHANGE_MS, change + AROUND_CHANGE_MS, SHOWN)
            around = tuple(Expected(slot, slot + wait) for slot in slots if slot > at)
            changes.append(ClockChange(change, _offset(zone, day), _offset(zone, day + DAY_MS), around))
        day += DAY_MS
    return tuple(changes)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds() * 1000) if offset is not None else 0


def _exactly(zone: ZoneInfo, low: int, high: int) -> int:
    before = _offset(zone, low)
    while high - low > 1000:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high // 1000 * 1000


def hints(monitor: Monitor, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return advice drawn from recent runs: a wrong time zone, a grace that is too short."""
    found = [hint for hint in (_zone_hint(monitor, runs), _grace_hint(monitor, runs)) if hint is not None]
    return tuple(found)


def _zone_hint(monitor: Monitor, runs: Sequence[Run]) -> str | None:
    """The classic mistake: the job runs by another clock than the one its schedule was entered for."""
    if monitor.schedule.interval_ms is not None or len(runs) < MIN_RUNS:
        return None
    schedule = monitor.schedule
    after: list[int] = []
    before: list[int] = []
    for run in runs[: 2 * MIN_RUNS]:
        previous = schedule.newest_at_or_before(run.started_at)
        following = _next(monitor, run.started_at)
        if previous is None or following is None:
            return None
        after.append(run.started_at - previous)
        before.append(following - run.started_at)
    for offsets, word in ((after, "after"), (before, "before")):
        middle = int(median(offsets))
        if max(offsets) - min(offsets) <= STEADY_MS and SUSPICIOUS_MS <= middle <= 14 * HOUR_MS:
            return (
                f"the last {len(offsets)} runs came about {format_duration(middle)} {word} the expected time: is"
                f" {schedule.timezone} the zone that the job's crontab is read in?"
            )
    return None


def suggested_grace_ms(monitor: Monitor, runs: Sequence[Run]) -> int | None:
    """Return a grace that recent runs suggest when their p95 lateness uses up 80 % of the present one (ms)."""
    lateness = [run.lateness_ms for run in runs[:20] if run.lateness_ms is not None and run.lateness_ms > 0]
    if len(lateness) < MIN_RUNS:
        return None
    p95 = quantiles(lateness, n=20, method="inclusive")[-1]
    if p95 <= GRACE_USED * monitor.rules.grace_ms:
        return None
    return int(-(-2 * p95 // (5 * MINUTE_MS)) * 5 * MINUTE_MS)


def _grace_hint(monitor: Monitor, runs: Sequence[Run]) -> str | None:
    grace = suggested_grace_ms(monitor, runs)
    if grace is None:
        return None
    return (
        f"runs come late enough to use up most of the grace of {format_duration(monitor.rules.grace_ms)}:"
        f" {format_duration(grace)} would leave room"
    )
