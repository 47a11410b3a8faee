"""The slots of a calendar schedule: instants in ms UTC, ascending, exact across changes of the local time.

cronsim and oncalendar read the expressions. cronsim's own iteration is not used: it loses or invents slots where the
clock changes by half an hour, at midnight or by three hours, and its reverse is not the mirror of its forward.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim
from oncalendar import OnCalendar

SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000
YEAR = 366 * DAY

# Years 1800 and 9900: local times stay representable around them, and no job is due outside.
EARLIEST = -5_364_662_400_000
LATEST = 250_245_590_400_000
HORIZON = 50 * YEAR  # 29 February on a given weekday may be 40 years away

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_BEFORE_TIME = EARLIEST - YEAR
_NEVER = 1 << 64  # after every instant a clock can show
_ONE_DAY = timedelta(days=1)


class Slots(Protocol):
    """Every slot strictly after `at`, ascending; ends where the schedule does, or after `HORIZON` without a slot."""

    def after(self, at: int) -> Iterator[int]: ...


class NoSlots:
    """Those of a schedule that cannot be read."""

    def after(self, at: int) -> Iterator[int]:
        """See `Slots`."""
        return iter(())


class CronSlots:
    """Slots of five cron fields in `zone`, as Debian's cron would start the job.

    Wildcard jobs (minute or hour begins with `*`) follow the wall clock. For the others a forward change of less than
    three hours starts at once, and once, what it skipped; after a backward change of up to three hours nothing is
    repeated until the local time passes the point it had reached. Larger changes count as corrections of the clock: the
    new time is used at once (cron(8), and the limits of `cron.c`). Raises CronSimError when a field is not valid.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self._cron = CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001  fields only; never iterated
        self._minutes = sorted(minute * MINUTE for minute in self._cron.minutes)
        self._hours = sorted(hour * HOUR for hour in self._cron.hours)
        minute_field, hour_field = expression.split()[:2]
        self._follows_wall_clock = minute_field.startswith("*") or hour_field.startswith("*")
        self._zone = zone

    def after(self, at: int) -> Iterator[int]:
        """See `Slots`. Begins three hours early: a backward change in that time still holds fixed-time jobs back."""
        if at >= LATEST:
            return
        newest, run_until = at, _BEFORE_TIME
        cursor = max(at, EARLIEST) - 3 * HOUR
        offset = self._offset_at(cursor)
        while (coming := next(self._wall_times(cursor + offset, LATEST), LATEST)) < LATEST:
            if coming - cursor - offset > 3 * DAY:
                cursor = coming - offset - 2 * DAY
                offset = self._offset_at(cursor)
            end, change = self._stretch(cursor, offset)
            for local in self._wall_times(max(cursor + offset, run_until), end + offset):
                if local - offset > newest:
                    newest = local - offset
                    yield newest
            if change and not self._follows_wall_clock:
                reached = end + offset
                run_until = reached if -3 * HOUR <= change < 0 else _BEFORE_TIME
                skipped = 0 < change < 3 * HOUR and any(self._wall_times(reached, reached + change))
                if skipped and end > newest:
                    newest = end
                    yield newest
            cursor, offset = end, offset + change

    def _wall_times(self, start: int, stop: int) -> Iterator[int]:
        """Matching wall-clock minutes, start <= minute < stop, as ms since 1970 in local time without a zone."""
        for midnight in self._matching_days(start, min(stop, start + HORIZON)):
            for hour in self._hours:
                if midnight + hour + HOUR <= start:
                    continue
                for minute in self._minutes:
                    local = midnight + hour + minute
                    if local >= stop:
                        return
                    if local >= start:
                        yield local

    def _matching_days(self, start: int, stop: int) -> Iterator[int]:
        cron = self._cron
        midnight = start // DAY * DAY
        day = date.fromordinal(midnight // DAY + _EPOCH_ORDINAL)
        while midnight < stop:
            if day.month not in cron.months:
                first = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                midnight += (first - day).days * DAY
                day = first
                continue
            if cron.match_day(day):
                yield midnight
            midnight += DAY
            day += _ONE_DAY

    def _stretch(self, start: int, offset: int) -> tuple[int, int]:
        """How long `offset` holds from `start` on, at most a day: the end, and the change of the offset there.

        No zone changes its clock twice in a day.
        """
        end = start + DAY
        if self._offset_at(end) == offset:
            return end, 0
        low, high = start // SECOND, end // SECOND
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset_at(middle * SECOND) == offset:
                low = middle
            else:
                high = middle
        return high * SECOND, self._offset_at(high * SECOND) - offset

    def _offset_at(self, at: int) -> int:
        offset = datetime.fromtimestamp(at // SECOND, self._zone).utcoffset()
        return 0 if offset is None else (offset.days * 86_400 + offset.seconds) * SECOND


class OnCalendarSlots:
    """Slots of a systemd OnCalendar expression: skipped local times do not run, repeated ones run the first time only.

    The expression may end in a zone of its own. Raises OnCalendarError when it is not valid.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        OnCalendar(expression, datetime.fromtimestamp(0, zone))
        self._expression = expression
        self._zone = zone

    def after(self, at: int) -> Iterator[int]:
        """See `Slots`. oncalendar forgets which of two equal local times it started from, hence the comparison."""
        newest = at
        if at >= LATEST:
            return
        start = datetime.fromtimestamp(max(at, EARLIEST) // SECOND, self._zone)
        for local in OnCalendar(self._expression, start):
            slot = int(local.timestamp()) * SECOND
            if slot > newest:
                newest = slot
                yield slot


class SlotWindows:
    """Answers about `slots` from a few short runs of them kept in memory, about 1 us when the run is there.

    Safe to share between threads without a lock: runs are immutable, and the tuple of runs is replaced, never changed,
    so a race costs a repeated computation and nothing else. Holds at most `RUNS * RUN_LENGTH` slots.
    """

    RUNS = 4
    RUN_LENGTH = 48
    RUN_SPAN = 400 * DAY  # a yearly slot is searched for a year of days: look no further ahead than needed
    LOOK_BACK = (HOUR, DAY, 32 * DAY, 400 * DAY, 5 * YEAR, 50 * YEAR, 300 * YEAR)

    __slots__ = ("_runs", "_slots")

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._runs: tuple[tuple[int, ...], ...] = ()

    def around(self, at: int) -> tuple[int | None, int | None]:
        """The newest slot <= `at` and the first one after it; None where there is none."""
        for run in self._runs:
            if run[0] <= at < run[-1]:
                index = bisect_right(run, at)
                return run[index - 1], run[index]
        return self._compute(at)

    def between(self, after: int, until: int, limit: int) -> list[int]:
        """The slots with after < slot <= until, oldest first, at most `limit`."""
        following = self.around(after)[1]
        if following is None or following > until or limit < 1:
            return []
        found = []
        for slot in islice(self._slots.after(after), limit):
            if slot > until:
                break
            found.append(slot)
        return found

    def _compute(self, at: int) -> tuple[int | None, int | None]:
        newest = self._newest(at)
        run = [] if newest is None else [newest]
        for slot in self._slots.after(at):
            run.append(slot)
            if len(run) >= self.RUN_LENGTH or slot - at > self.RUN_SPAN:
                break
        if newest is None:
            return None, run[0] if run else None
        if len(run) == 1:
            return newest, None
        self._runs = (tuple(run), *self._runs[: self.RUNS - 1])
        return newest, run[1]

    def _newest(self, at: int) -> int | None:
        # Bisection over forward steps, so that looking back can never disagree with looking ahead.
        for distance in self.LOOK_BACK:
            newest = self._first_after(at - distance)
            if newest <= at:
                break
        else:
            return None
        beyond = at
        while (later := self._first_after(newest)) <= at:
            middle = (later + beyond) // 2
            slot = self._first_after(middle)
            if slot <= at:
                newest = slot
            else:
                newest, beyond = later, middle
        return newest

    def _first_after(self, at: int) -> int:
        return next(self._slots.after(at), _NEVER)
