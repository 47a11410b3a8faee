"""Why and when: what is expected of a monitor, told before it happens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median, quantiles
from zoneinfo import ZoneInfo

from seestackd.core.durations import format_duration
from seestackd.core.judging import MAINTENANCE
from seestackd.core.maintenance import Window, touching
from seestackd.core.monitor import DAY_MS, HOUR_MS, MAX_GRACE_MS, MINUTE_MS, Monitor, State, Status
from seestackd.core.runs import Run, slot_deadline, wait_ms
from seestackd.core.transitions import Context
from seestackd.core.watching import resumed

SHOWN = 10
YEAR_MS = 366 * DAY_MS
AROUND_CHANGE = 3
AROUND_CHANGE_MS = 36 * HOUR_MS
MIN_RUNS = 5
STEADY_MS = 10 * MINUTE_MS
SUSPICIOUS_MS = 25 * MINUTE_MS
MAX_ZONES_APART_MS = 14 * HOUR_MS
ZONES_APART_MS = 15 * MINUTE_MS
NEAR_MS = 4 * MINUTE_MS
CLOCK_CHANGE_MS = HOUR_MS
GRACE_USED = 0.8
_BESIDE_SLOTS = frozenset({"extra", "replaced"})


@dataclass(frozen=True, slots=True)
class Expected:
    """One expected time and the instant at which its silence is judged (ms UTC); `reason` why it will not count."""

    slot: int
    deadline_at: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A coming change of the zone's offset (ms UTC, offsets in ms), with the expected times nearest to it."""

    at: int
    before_ms: int
    after_ms: int
    around: tuple[Expected, ...]


def coming(
    monitor: Monitor, state: State, windows: Sequence[Window], at: int, count: int = SHOWN
) -> tuple[Expected, ...]:
    """Return the next expected times, oldest first; of an interval monitor as if every run came in time.

    During a pause they are those after its end; none without an end, in the archive, or before the first report of a
    monitor that is only watched from then on.
    """
    if monitor.archived_at is not None:
        return ()
    if state.status is Status.PAUSED:
        if state.paused_until is None:
            return ()
        state = resumed(monitor, state, max(at, state.paused_until), Context(windows=windows)).state
    slot = state.expected_at
    found: list[Expected] = []
    while slot is not None and len(found) < count:
        found.append(_expected(monitor, state, windows, slot))
        slot = _next(monitor, slot)
    if found and state.hold_until is not None:
        found[0] = replace(found[0], deadline_at=max(found[0].deadline_at, state.hold_until))
    return tuple(found)


def _expected(monitor: Monitor, state: State, windows: Sequence[Window], slot: int) -> Expected:
    deadline = slot_deadline(monitor, state, windows, slot)
    calendar = monitor.schedule.interval_ms is None
    skipped = calendar and touching(windows, slot, deadline) is not None
    return Expected(slot, deadline, MAINTENANCE if skipped else None)


def _next(monitor: Monitor, slot: int) -> int | None:
    if monitor.schedule.interval_ms is not None:
        return slot + monitor.schedule.interval_ms
    try:
        return monitor.schedule.next_after(slot)
    except LookupError:
        return None


def clock_changes(monitor: Monitor, state: State, windows: Sequence[Window], at: int) -> tuple[ClockChange, ...]:
    """Return the next two changes of the zone's offset within a year, with the slots of those nights."""
    if monitor.schedule.interval_ms is not None:
        return ()
    zone = ZoneInfo(monitor.schedule.timezone)
    changes: list[ClockChange] = []
    day = at
    while day < at + YEAR_MS and len(changes) < 2:
        before, after = _offset(zone, day), _offset(zone, day + DAY_MS)
        if before != after:
            change = _exactly(zone, day, day + DAY_MS)
            slots = [slot for slot in _around(monitor, change) if slot > at]
            around = tuple(_expected(monitor, state, windows, slot) for slot in slots)
            changes.append(ClockChange(change, before, after, around))
        day += DAY_MS
    return tuple(changes)


def _around(monitor: Monitor, change: int) -> list[int]:
    """Return the slots nearest to the change on either side, oldest first."""
    before: list[int] = []
    slot = monitor.schedule.previous_before(change)
    while slot is not None and len(before) < AROUND_CHANGE and slot > change - AROUND_CHANGE_MS:
        before.append(slot)
        slot = monitor.schedule.previous_before(slot)
    return before[::-1] + monitor.schedule.slots_between(change - 1, change + AROUND_CHANGE_MS, AROUND_CHANGE)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds() * 1000) if offset is not None else 0


def _exactly(zone: ZoneInfo, low: int, high: int) -> int:
    before = _offset(zone, low)
    while high - low > 1000:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high // 1000 * 1000


def hints(monitor: Monitor, state: State, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return advice drawn from recent runs, newest first: a wrong time zone, or else a grace that is too short."""
    answered = [run for run in runs if run.outcome not in _BESIDE_SLOTS]
    hint = _zone_hint(monitor, answered) or _grace_hint(monitor, state, answered)
    return () if hint is None else (hint,)


def _zone_hint(monitor: Monitor, runs: Sequence[Run]) -> str | None:
    """The classic mistake: the job runs by another clock than the one its schedule was entered for."""
    if monitor.schedule.interval_ms is not None or len(runs) < MIN_RUNS:
        return None
    after: list[int] = []
    before: list[int] = []
    for run in runs[: 2 * MIN_RUNS]:
        previous = monitor.schedule.newest_at_or_before(run.started_at)
        following = _next(monitor, run.started_at)
        if previous is None or following is None:
            return None
        after.append(run.started_at - previous)
        before.append(following - run.started_at)
    if min(median(after), median(before)) < SUSPICIOUS_MS:
        return None
    ends_only = any(not run.heard_start and not run.duration_ms for run in runs[: 2 * MIN_RUNS])
    for offsets, word in sorted(((after, "after"), (before, "before")), key=lambda each: median(each[0])):
        apart = _constant(offsets, HOUR_MS if ends_only else ZONES_APART_MS)
        if apart is not None:
            perhaps = ", or does the job take that long and report only its end" if ends_only else ""
            return (
                f"the last {len(offsets)} runs came about {format_duration(apart)} {word} the expected time: is"
                f" {monitor.schedule.timezone} the zone that the job's crontab is read in{perhaps}?"
            )
    return None


def _constant(offsets: Sequence[int], step_ms: int) -> int | None:
    """Return the distance that two clocks could be apart, by which the newest of the runs came early or late.

    One change of the clocks may lie between the runs: theirs are not ours, so the distance changes with it.
    """
    jumps = [index for index, (new, old) in enumerate(pairwise(offsets), 1) if abs(new - old) > STEADY_MS]
    groups = [offsets[: jumps[0]], offsets[jumps[0] :]] if len(jumps) == 1 else [offsets]
    if any(max(group) - min(group) > STEADY_MS for group in groups):
        return None
    newest = int(median(groups[0]))
    if len(groups) == 2 and abs(abs(newest - int(median(groups[1]))) - CLOCK_CHANGE_MS) > NEAR_MS:
        return None
    apart = (newest + step_ms // 2) // step_ms * step_ms
    if abs(newest - apart) > NEAR_MS or newest > MAX_ZONES_APART_MS:
        return None
    return apart


def suggested_grace_ms(monitor: Monitor, state: State, runs: Sequence[Run]) -> int | None:
    """Return a grace that recent runs suggest when their p95 lateness uses up 80 % of the present one (ms)."""
    lateness = [run.lateness_ms for run in runs[:20] if run.lateness_ms is not None]
    if len(lateness) < MIN_RUNS:
        return None
    wait = wait_ms(monitor, state)
    p95 = quantiles(lateness, n=20, method="inclusive")[-1]
    if p95 <= GRACE_USED * wait:
        return None
    # Twice what was needed, in steps of five minutes; a run's own time is not part of the grace.
    wanted = -(-2 * p95 // (5 * MINUTE_MS)) * 5 * MINUTE_MS - (wait - monitor.rules.grace_ms)
    return min(int(wanted), MAX_GRACE_MS)


def _grace_hint(monitor: Monitor, state: State, runs: Sequence[Run]) -> str | None:
    grace = suggested_grace_ms(monitor, state, runs)
    if grace is None or grace <= monitor.rules.grace_ms:
        return None
    return (
        f"runs come late enough to use up most of the grace of {format_duration(monitor.rules.grace_ms)}:"
        f" {format_duration(grace)} would leave room"
    )
