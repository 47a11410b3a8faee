"""Schedules: intervals, cron lines and OnCalendar expressions in a time zone (semantics.md 2)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from oncalendar import OnCalendarError

from seestackd.core.durations import UNIT_MS, compact, format_duration, in_words, parse_duration
from seestackd.core.slots import CronSlots, NoSlots, OnCalendarSlots, SlotWindows
from seestackd.errors import Invalid

__all__ = ["Schedule", "format_duration", "parse_duration", "parse_schedule", "stored_problem", "stored_schedule"]

MAX_TEXT = 128
MAX_INTERVAL_MS = 3650 * UNIT_MS["d"]
EXAMPLES = '"30m", "0 3 * * *", "@daily", "Mon..Fri 03:00"'

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
CRON_LIMITS = {
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31",
    "month": "1-12 or jan-dec",
    "day-of-week": "0-7 (0 and 7 are Sunday) or sun-sat",
}
_NAMES = "sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_CRON_FIELD = re.compile(rf"(?:[\d*/,\-#LW]|{_NAMES})+", re.IGNORECASE)
_INTERVAL = re.compile(r"[0-9]+|(?:[0-9.]+ ?[A-Za-z]+ ?)+")
_NOT_CHOSEN = {"localtime", "Factory"}
_ANY_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_YEAR_1970 = -1
_YEAR_2000 = 946_684_800_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is expected; made by `parse_schedule` only. Equal when text, kind and zone are.

    `text` is normalised, `kind` is "interval", "cron" or "oncalendar", `timezone` an IANA name; `interval_ms` is set
    for intervals only. Intervals have no slots: the methods about slots raise TypeError for them.
    `problem` says why a stored schedule cannot be read any more; it is "unreadable" then and never comes round.
    """

    text: str
    kind: str
    timezone: str
    interval_ms: int | None
    _windows: SlotWindows | None = field(default=None, compare=False, repr=False)
    problem: str | None = None

    def next_after(self, at: int) -> int:
        """The first slot strictly after `at` (ms UTC). Raises LookupError when there is none, ever or in 50 years."""
        slot = self._slots().around(at)[1]
        if slot is None:
            raise LookupError(f"{self.text} never comes round after {at}")
        return slot

    def must_come(self, at: int) -> None:
        """Raises Invalid when no slot comes after `at` (ms UTC): nobody is to wait for a job that is never due."""
        if self.interval_ms is not None:
            return
        try:
            self.next_after(at)
        except LookupError:
            raise _refused(f'"{self.text}" names past dates only') from None

    def newest_at_or_before(self, at: int) -> int | None:
        """The newest slot <= `at`, or None when the schedule has none that early."""
        return self._slots().around(at)[0]

    def previous_before(self, at: int) -> int | None:
        """The newest slot < `at`, or None when the schedule has none that early."""
        return self._slots().around(at - 1)[0]

    def slots_between(self, after: int, until: int, limit: int) -> list[int]:
        """The slots with after < slot <= until, oldest first, at most `limit` of them."""
        return self._slots().between(after, until, limit)

    def describe(self) -> str:
        """The schedule in English, without its zone: "at 03:00 every day", "every 30 minutes"."""
        if self.problem is not None:
            return f"cannot be read: {self.problem}"
        if self.interval_ms is not None:
            return f"every {in_words(self.interval_ms)}"
        if self.kind == "cron":
            sentence = CronSim(self.text, _ANY_DATE).explain()
            return sentence[0].lower() + sentence[1:]
        return f"when the systemd calendar says {self.text}"

    def _slots(self) -> SlotWindows:
        if self._windows is None:
            raise TypeError(f"the interval {self.text} has no slots")
        return self._windows


def parse_schedule(text: str, timezone: str = "UTC") -> Schedule:
    """Read an interval, five cron fields or an alias, or a systemd OnCalendar expression.

    Cron lines are Debian's; cronsim's `L`, `LW`, `5L`, `MON#2` and `5/15` are understood besides. An OnCalendar
    expression that names past years only is accepted here; its `next_after` raises LookupError. Raises Invalid, with
    field "schedule" or "timezone".
    """
    zone = zone_named(timezone)
    return _parse(_folded(text), zone)


@lru_cache(maxsize=1024)
def stored_schedule(text: str, timezone: str) -> Schedule:
    """Read a schedule from the store; one that this version or its zones do not know comes with its `problem`.

    Its zone is UTC when the stored one is unknown.
    """
    try:
        return parse_schedule(text, timezone)
    except Invalid as error:
        zone = "UTC" if error.field == "timezone" else zone_named(timezone)
        return Schedule(text, "unreadable", zone, None, SlotWindows(NoSlots()), problem=error.message)


@lru_cache(maxsize=16_384)
def stored_problem(text: str, timezone: str) -> str | None:
    """Return why a stored schedule cannot be read, None when it can; remembered, as lists ask it of every monitor."""
    return stored_schedule(text, timezone).problem


@lru_cache(maxsize=1024)
def _parse(text: str, timezone: str) -> Schedule:
    words = text.split(" ")
    name, is_assignment, value = text.partition("=")
    if is_assignment and name.strip().lower() == "oncalendar":
        return _oncalendar(value.strip(), timezone)
    if words[0].lower() == "every" or _INTERVAL.fullmatch(text):
        return _interval(text, timezone)
    if words[0].startswith("@"):
        return _cron(_alias(words), timezone)
    if len(words) >= 5:
        return _cron(_five_fields(words), timezone)
    return _oncalendar(text, timezone)


def _interval(text: str, timezone: str) -> Schedule:
    duration = re.sub("^every ?", "", text, flags=re.IGNORECASE)
    if not duration:
        raise _refused('"every" lacks the duration')
    if duration.isalpha():
        duration = f"1 {duration}"
    try:
        interval_ms = parse_duration(duration, "schedule")
    except Invalid as error:
        raise _refused(error.message) from error
    if not UNIT_MS["s"] <= interval_ms <= MAX_INTERVAL_MS:
        raise _refused(f'"{text}" is not an interval between 1 second and 10 years')
    return Schedule(compact(duration), "interval", timezone, interval_ms)


def _alias(words: list[str]) -> str:
    alias = words[0].lower()
    if alias == "@reboot":
        raise _refused("@reboot names no time at which to expect the job")
    if alias not in ALIASES:
        raise _refused(f'"{words[0]}" is not one of {" ".join(ALIASES)}')
    if len(words) > 1:
        raise _refused(f'a command follows the schedule; give "{alias}" alone')
    return ALIASES[alias]


def _five_fields(words: list[str]) -> str:
    fields = " ".join(words[:5])
    if len(words) == 5:
        return fields.upper()
    if all(map(_CRON_FIELD.fullmatch, words[:5])) and not _CRON_FIELD.fullmatch(words[5]):
        raise _refused(f'a command follows the schedule; give "{fields}" alone')
    if len(words) in (6, 7) and all(map(_CRON_FIELD.fullmatch, words)):
        raise _refused(
            f"{len(words)} fields; cron has five: minute hour day-of-month month day-of-week. Leave the seconds (and "
            "the year) out, or use OnCalendar, which has them"
        )
    raise _refused(f'"{" ".join(words)}" is neither five cron fields nor an OnCalendar expression')


def _cron(fields: str, timezone: str) -> Schedule:
    try:
        slots = CronSlots(fields, ZoneInfo(timezone))
    except CronSimError as error:
        raise _refused(_why_not_cron(fields, str(error))) from error
    if next(slots.after(_YEAR_2000), None) is None:
        raise _refused(_never(fields))
    return Schedule(fields, "cron", timezone, None, SlotWindows(slots))


def _why_not_cron(fields: str, problem: str) -> str:
    at_fault = problem.removeprefix("Bad ")
    if at_fault not in CRON_LIMITS:
        return f'"{fields}" is not a cron expression'
    minute, hour, day, month, weekday = fields.split(" ")
    if at_fault == "day-of-month" and month != "*" and _is_cron(f"{minute} {hour} {day} * {weekday}"):
        return _never(fields)
    value = dict(zip(CRON_LIMITS, (minute, hour, day, month, weekday), strict=True))[at_fault]
    return (
        f'{at_fault} "{value}" in "{fields}" is not valid: values {CRON_LIMITS[at_fault]}, lists, ranges a-b, steps */n'
    )


def _is_cron(fields: str) -> bool:
    try:
        CronSim(fields, _ANY_DATE)
    except CronSimError:
        return False
    return True


def _oncalendar(text: str, timezone: str) -> Schedule:
    words = text.lower().split(" ") if text.isalpha() else text.split(" ")
    try:
        if len(words) > 1 and words[-1][0].isalpha():
            words[-1] = _zone_within(words[-1])
        text = " ".join(words)
        slots = OnCalendarSlots(text, ZoneInfo(timezone))
    except OnCalendarError as error:
        if text and all(map(_CRON_FIELD.fullmatch, words)):
            count = f"{len(words)} cron field{'s' if len(words) > 1 else ''}"
            raise _refused(
                f'"{text}" has {count}; five are needed: minute hour day-of-month month day-of-week'
            ) from error
        raise _refused(f'"{text}" is no interval, cron line or OnCalendar expression') from error
    if next(slots.after(_YEAR_1970), None) is None:
        raise _refused(_never(text))
    return Schedule(text, "oncalendar", timezone, None, SlotWindows(slots))


def _zone_within(name: str) -> str:
    try:
        return zone_named(name)
    except Invalid as error:
        raise Invalid(error.message, field="schedule") from None


def _folded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise _refused(f"a schedule has at most {MAX_TEXT} characters, this one has {len(text)}")
    folded = " ".join(text.split())
    if not folded:
        raise _refused("the schedule is empty")
    if not (folded.isascii() and folded.isprintable()):
        raise _refused("a schedule consists of printable ASCII characters")
    return folded


def zone_named(name: str) -> str:
    """Return the IANA name with its proper capitals. Raises Invalid: `local` and paths are not names."""
    known = _zone_names()
    proper = known.get(name.lower()) if name.isascii() else None
    if proper is not None:
        return proper
    shown = name if len(name) <= MAX_TEXT and name.isascii() and name.isprintable() else "this text"
    if name.lower() in ("local", "localtime", "/etc/localtime"):
        raise Invalid(f'"{shown}" differs between machines; name the zone, for example Europe/Berlin', field="timezone")
    near = [known[match] for match in get_close_matches(name[:MAX_TEXT].lower(), known, n=3)]
    advice = f"did you mean {' or '.join(near)}?" if near else "write an IANA name, for example Europe/Berlin or UTC"
    raise Invalid(f'"{shown}" is not a time zone; {advice}', field="timezone")


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() - _NOT_CHOSEN}


def _never(text: str) -> str:
    return f'"{text}" never comes round: no such date exists'


def _refused(problem: str) -> Invalid:
    return Invalid(f"{problem}; examples: {EXAMPLES}", field="schedule")
