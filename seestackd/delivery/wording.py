"""Instants, durations and foreign text as people read them. Instants in ms UTC, durations in ms.

What others wrote (names, messages) lies between two marks until a letter takes its form, which shows it literally.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
# Control characters, direction overrides and the separators that some readers take for a new line.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ue000\ue001]+")
_BEGIN, _END = "\ue000", "\ue001"
_FOREIGN = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")

# Words that make a chat service call everybody, as a job may print them.
_CALLS = re.compile(r"(?<![\w.])@(?=(?:everyone|here|channel|all)\b)|<(?=[!@#])", re.IGNORECASE)
_GAP = "\u200b"


def harmless(text: object, limit: int = 1000) -> str:
    """Return foreign text on one line, without control characters and calls to everybody, cut to `limit` characters."""
    sound = str(text)[: 4 * limit].encode("utf-8", "replace").decode()
    line = _CALLS.sub(lambda call: call.group() + _GAP, _HARMFUL.sub(" ", sound).strip())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def foreign(text: object, limit: int = 1000) -> str:
    """Return `harmless` text, marked as somebody else's."""
    return marked(harmless(text, limit))


def marked(text: str) -> str:
    return f"{_BEGIN}{text}{_END}"


def plain(text: str) -> str:
    """Return a text without the marks."""
    return text.replace(_BEGIN, "").replace(_END, "")


def shown(text: str, show: Callable[[str], str]) -> str:
    """Return a text with what lay between marks as `show` returns it."""
    return plain(_FOREIGN.sub(lambda found: show(found[1]), text))


def zone(name: object) -> tzinfo:
    """Return the time zone, UTC when there is none of that name."""
    try:
        return ZoneInfo(str(name or "UTC"))
    except (KeyError, ValueError, OSError):
        return UTC


def moment(at: int, where: tzinfo) -> str:
    """`Mon 23 Nov 2026 03:00 CET (02:00 UTC)`; with seconds where there are any."""
    local, utc = _local(at, where), _local(at, UTC)
    text = f"{local:%a} {local.day} {local:%b %Y} {_hours(local)} {_abbreviation(local)}"
    if local.utcoffset() == timedelta():
        return text
    day = "" if local.date() == utc.date() else f"{utc:%a} {utc.day} {utc:%b} "
    return f"{text} ({day}{_hours(utc)} UTC)"


def clock(at: int, where: tzinfo) -> str:
    """`03:00 CET`."""
    local = _local(at, where)
    return f"{_hours(local)} {_abbreviation(local)}"


def near(at: int, where: tzinfo, beside: int, *, zoned: bool = True) -> str:
    """Name an instant as seen from another: `03:12 CET` on the same day, else `Sun 22 Nov 03:12 CET`."""
    local, other = _local(at, where), _local(beside, where)
    day = "" if local.date() == other.date() else f"{local:%a} {local.day} {local:%b} "
    year = "" if local.year == other.year else f"{local.year} "
    return f"{day}{year}{_hours(local)}" + (f" {_abbreviation(local)}" if zoned else "")


def stretch(since: int, until: int, where: tzinfo) -> str:
    """`Mon 23 Nov 03:15 to 06:37 CET`."""
    begin, end = _local(since, where), _local(until, where)
    opening = f"{begin:%a} {begin.day} {begin:%b} {_hours(begin)}"
    if begin.utcoffset() != end.utcoffset():
        opening += f" {_abbreviation(begin)}"
    return f"{opening} to {near(until, where, since)}"


def took(ms: int) -> str:
    """Return how long a run took: `0.4 s`, `58 s`, `12 m 41 s`, `2 h 05 min`."""
    if ms < 10 * SECOND:
        return f"{ms / SECOND:.1f} s".replace(".0 s", " s")
    seconds = round(ms / SECOND)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    return _hours_and_minutes(ms)


def span(ms: int) -> str:
    """Return a length of time: `1 s` at least, `44 s`, `1 m 30 s`, `15 min`, `3 h 22 min`, `24 h`, `3 d 4 h`."""
    if ms < MINUTE - SECOND // 2:
        return f"{max(1, round(ms / SECOND))} s"
    if ms < 10 * MINUTE and round(ms / SECOND) % 60:
        return took(ms)
    if ms < HOUR:
        return f"{round(ms / MINUTE)} min"
    if ms < 2 * DAY:
        return _hours_and_minutes(ms)
    days, rest = divmod(round(ms / HOUR), 24)
    return f"{days} d {rest} h" if rest and days < 10 else f"{days} d"


def age(ms: int) -> str:
    """Return a length of time as one tells an age: `44 s`, `34 min`, `3 h 22 min`, `24 h`."""
    if ms < MINUTE:
        return f"{max(0, ms // SECOND)} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min"
    return span(ms if ms < 10 * HOUR else ms // HOUR * HOUR)


def usual(low: int, high: int) -> str:
    """`12-14 min`; one number when both round to it."""
    unit, name = (SECOND, "s") if high < 2 * MINUTE else (MINUTE, "min") if high < 3 * HOUR else (HOUR, "h")
    if high < 2 * SECOND:
        return took(high) if took(low) == took(high) else f"{took(low).removesuffix(' s')}-{took(high)}"
    first, last = round(low / unit), round(high / unit)
    return f"{last} {name}" if first == last else f"{first}-{last} {name}"


def month_name(number: int) -> str:
    """`October` for 10."""
    return f"{datetime(2000, number, 1, tzinfo=UTC):%B}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def counted(number: int, noun: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _local(at: int, where: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, where)


def _hours(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _abbreviation(local: datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def _hours_and_minutes(ms: int) -> str:
    hours, minutes = divmod(round(ms / MINUTE), 60)
    return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
