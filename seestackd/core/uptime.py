"""Downtime and uptime, from incidents and blind windows. Instants in ms UTC, lengths in ms.

Down is the time from an incident's first bad outcome to its end. Time in which nothing could be heard, and incidents of
kind `unknown`, count neither as up nor as down.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from seestackd.core.blind import Stretch
from seestackd.core.incidents import AlertKind


@dataclass(frozen=True, slots=True)
class Trouble:
    """One incident of a monitor, as far as uptime asks; `closed_at` is None while it is open."""

    monitor_id: int
    kind: AlertKind
    began_at: int
    closed_at: int | None
    incident_id: int = 0


@dataclass(frozen=True, slots=True)
class Uptime:
    """How many incidents touched a stretch, how long it was down, and of how much of it that is known."""

    incidents: int = 0
    down_ms: int = 0
    known_ms: int = 0

    @property
    def share(self) -> float | None:
        """The part of the known time in which it was up, 0 to 1; None when nothing is known."""
        return None if self.known_ms <= 0 else 1 - self.down_ms / self.known_ms

    def __add__(self, other: "Uptime") -> "Uptime":
        return Uptime(
            self.incidents + other.incidents, self.down_ms + other.down_ms, self.known_ms + other.known_ms
        )  # fmt: skip


class Hearing:
    """When pings could be heard: all the time but for some stretches, which may overlap."""

    def __init__(self, deaf: Iterable[Stretch]) -> None:
        self.deaf = merged(deaf)
        self._starts = [start for start, _ in self.deaf]
        self._sums = [0]
        for start, end in self.deaf:
            self._sums.append(self._sums[-1] + end - start)

    def heard_ms(self, since: int, until: int) -> int:
        """Return for how much of `since <= t < until` pings could be heard."""
        return 0 if until <= since else until - since - (self._deaf_before(until) - self._deaf_before(since))

    def _deaf_before(self, at: int) -> int:
        count = bisect_right(self._starts, at)
        return self._sums[count] - (max(0, self.deaf[count - 1][1] - at) if count else 0)


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches in order, those that touch joined."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return joined


@dataclass(frozen=True, slots=True)
class Record:
    """A monitor's past: when it could be heard, and when it was down; `until` now."""

    hearing: Hearing
    down: tuple[Stretch, ...]
    watched_from: int
    now: int

    def uptime(self, since: int, until: int) -> Uptime:
        """Return how `since <= t < until` went, as far as it is past and the monitor existed."""
        since, until = max(since, self.watched_from), min(until, self.now)
        if until <= since:
            return Uptime()
        touching = [(start, end) for start, end in self.down if start < until and end > since]
        down_ms = sum(
            self.hearing.heard_ms(max(start, since), min(end, until)) for start, end in merged(touching)
        )  # fmt: skip
        return Uptime(len(touching), down_ms, self.hearing.heard_ms(since, until))


def record(hearing: Hearing, troubles: Sequence[Trouble], watched_from: int, now: int) -> Record:
    """Return the past of one monitor; `hearing` is shared by monitors that have no trouble of kind `unknown`."""
    unknown = [(one.began_at, _end(one, now)) for one in troubles if one.kind is AlertKind.UNKNOWN]
    if unknown:
        hearing = Hearing([*hearing.deaf, *unknown])
    down = tuple((one.began_at, _end(one, now)) for one in troubles if one.kind is not AlertKind.UNKNOWN)
    return Record(hearing, down, watched_from, now)


def _end(trouble: Trouble, now: int) -> int:
    # Known at once to have been down, even where a clock was set back meanwhile.
    return max(trouble.began_at + 1, now if trouble.closed_at is None else trouble.closed_at)


def days(now: int, count: int, timezone: str) -> list[Stretch]:
    """Return the last `count` days of a zone, oldest first; the last one is today."""
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now / 1000, zone).date()
    edges = [_midnight(today - timedelta(days=back), zone) for back in range(count - 1, -2, -1)]
    return list(pairwise(edges))


def month_of(at: int, timezone: str) -> tuple[int, int]:
    """Return (year, month) of an instant in a zone."""
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(timezone))
    return local.year, local.month


def month_before(year: int, month: int) -> tuple[int, int]:
    """Return the month before one."""
    return (year - 1, 12) if month == 1 else (year, month - 1)


def month_after(year: int, month: int) -> tuple[int, int]:
    """Return the month after one."""
    return (year + 1, 1) if month == 12 else (year, month + 1)


def month_stretch(year: int, month: int, timezone: str) -> Stretch:
    """Return when a month begins and ends in a zone."""
    zone = ZoneInfo(timezone)
    next_year, next_month = month_after(year, month)
    first, last = datetime(year, month, 1, tzinfo=zone), datetime(next_year, next_month, 1, tzinfo=zone)
    return _ms(first), _ms(last)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return _ms(datetime.combine(day, datetime.min.time(), zone))


def _ms(local: datetime) -> int:
    return int(local.astimezone(UTC).timestamp() * 1000)


def percent(share: float | None) -> str:
    """Return a share as `99.62 %`, rounded down so that what was down is never 100 %; `-` when it is not known."""
    if share is None:
        return "-"
    hundredths = int(share * 10_000 + 1e-9)
    return f"{hundredths / 100:.2f} %" if hundredths < 10_000 else "100 %"
