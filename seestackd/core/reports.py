"""When the summary of a month is told: on the first of the next, at 09:00, once."""

from dataclasses import dataclass

from seestackd.core.alerts import REMIND_HOUR
from seestackd.core.monitor import DAY_MS, HOUR_MS
from seestackd.core.uptime import month_before, month_of, month_stretch

FAR_AHEAD_MS = 2 * DAY_MS


@dataclass(frozen=True, slots=True)
class Due:
    """The mark to keep, and the (year, month) to tell of now, if any."""

    mark: str
    month: tuple[int, int] | None = None


def report_due(mark: str | None, wanted: bool, at: int, timezone: str) -> Due:
    """Return what is due at an instant (ms UTC); `mark` is the month, as 2026-11, in which a report was settled last.

    Nothing is told of months that ended before reports were wanted. Where the clock went back, a mark of at most two
    days ahead stays, so that no report comes twice; one further ahead came from a clock that was wrong.
    """
    year, month = month_of(at, timezone)
    now, begin = f"{year:04d}-{month:02d}", month_stretch(year, month, timezone)[0]
    if mark is None or not wanted:
        return Due(now)
    if mark > now:
        marked_year, _, marked_month = mark.partition("-")
        ahead_ms = month_stretch(int(marked_year), int(marked_month), timezone)[0] - at
        return Due(now if ahead_ms > FAR_AHEAD_MS else mark)
    if mark == now or at < begin + REMIND_HOUR * HOUR_MS:
        return Due(mark)
    return Due(now, month_before(year, month))
