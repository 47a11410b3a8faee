"""What Debian's cron would do, minute by minute: shares no code with seestackd and none with cronsim.

`Walk` lets the main loop of cron.c (3.0pl1) live through a stretch of time in a zone, one wake-up per minute, and notes
which wall-clock minutes it looks up at each. Its rules, after cron(8): time moved by less than three hours is handled
specially, wildcard jobs (minute or hour begins with `*`) always follow the wall clock, the others are made up for at
once or held back; larger changes are corrections, and the new time is used immediately.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

MINUTE = 60_000
THREE_HOURS = 180
A_FEW = 5  # minutes by which cron may simply have overslept
EPOCH = date(1970, 1, 1).toordinal()
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


class Crontab:
    """One crontab line of numbers, ranges, lists and steps."""

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        minutes, hours, self.days, self.months, weekdays = map(_values, fields, RANGES)
        self.weekdays = {weekday % 7 for weekday in weekdays}
        self.minutes_of_day = [60 * hour + minute for hour in sorted(hours) for minute in sorted(minutes)]
        self.wildcard = fields[0][0] == "*" or fields[1][0] == "*"
        self.either_day = fields[2][0] != "*" and fields[4][0] != "*"

    def runs_on(self, day: date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (of_month or of_week if self.either_day else of_month and of_week)


class Walk:
    """The wake-ups of cron in `zone` from minute `start` to `stop` (minutes UTC since 1970)."""

    def __init__(self, zone: ZoneInfo, start: int, stop: int) -> None:
        self._usual: dict[int, int] = {}  # wall-clock minute looked up for all jobs -> minute UTC
        self._special: dict[bool, list[tuple[int, int]]] = {True: [], False: []}  # the same for wildcard jobs, others
        virtual = _wall_minute(zone, start - 1)
        for minute in range(start, stop):
            wall = _wall_minute(zone, minute)
            if wall == virtual + 1 and wall not in self._usual:
                self._usual[wall] = minute
                virtual = wall
            else:
                virtual = self._wake(minute, wall, virtual)
        days = {wall // 1440 for wall in self._usual}
        days |= {wall // 1440 for special in self._special.values() for wall, _ in special}
        self._days = {day: date.fromordinal(EPOCH + day) for day in days}

    def starts(self, crontab: Crontab) -> list[int]:
        """When the job starts, ms UTC, ascending."""
        days = [day * 1440 for day, calendar_day in self._days.items() if crontab.runs_on(calendar_day)]
        walls = {midnight + minute for midnight in days for minute in crontab.minutes_of_day}
        found = {self._usual[wall] for wall in walls & self._usual.keys()}
        found |= {minute for wall, minute in self._special[crontab.wildcard] if wall in walls}
        return [minute * MINUTE for minute in sorted(found)]

    def _wake(self, minute: int, wall: int, virtual: int) -> int:
        wildcard, fixed = self._special[True], self._special[False]
        moved = wall - virtual
        if moved == 1 or moved > THREE_HOURS or moved <= -THREE_HOURS:
            wildcard.append((wall, minute))
            fixed.append((wall, minute))
            return wall
        if moved <= 0:
            wildcard.append((wall, minute))
            return virtual
        missed = [(each, minute) for each in range(virtual + 1, wall + 1)]
        wildcard += missed if moved <= A_FEW else missed[-1:]
        fixed += missed
        return wall


def _wall_minute(zone: ZoneInfo, minute: int) -> int:
    offset = datetime.fromtimestamp(minute * 60, zone).utcoffset()
    assert offset is not None
    return minute + (offset.days * 86_400 + offset.seconds) // 60


def _values(field: str, limits: tuple[int, int]) -> set[int]:
    values: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        low, _, high = span.partition("-")
        first, last = limits if span == "*" else (int(low), int(high or low))
        values.update(range(first, last + 1, int(step or 1)))
    return values
