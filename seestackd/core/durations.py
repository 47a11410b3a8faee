"""Lengths of time as people write and read them; milliseconds inside."""

import re

from seestackd.errors import Invalid

UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
MAX_MS = 36_500 * UNIT_MS["d"]
_MAX_TEXT = 64
_WORDS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_SPELLINGS = {
    spelling: unit
    for unit, word in _WORDS.items()
    for spelling in (
        unit,
        word,
        f"{word}s",
        *{"s": ("sec", "secs"), "m": ("min", "mins"), "h": ("hr", "hrs")}.get(unit, ()),
    )
}
_PART = re.compile(r"([0-9]+) ?([a-z]+)(?: |$|(?=[0-9]))")


def parse_duration(text: str, field: str = "duration") -> int:
    """The milliseconds of "90s", "30m", "12h", "7d", "2w", "1h30m" or "5 minutes"; "0" needs no unit.

    Raises Invalid, naming `field`, when the text is not such a duration or lies beyond 100 years.
    """
    if text.strip() == "0":
        return 0
    return sum(number * UNIT_MS[unit] for number, unit in _parts(text, field))


def compact(text: str) -> str:
    """The duration without spaces and words: "5 minutes" -> "5m". Raises Invalid like `parse_duration`."""
    return "".join(f"{number}{unit}" for number, unit in _parts(text, "duration"))


def format_duration(ms: int) -> str:
    """The two leading units, rounded down: "44 s", "15 min", "12 m 41 s", "3 h 32 min", "26 h", "2 d 3 h"."""
    if ms < 0:
        return f"-{format_duration(-ms)}"
    if ms < UNIT_MS["s"]:
        return f"{ms} ms" if ms else "0 s"
    seconds = ms // UNIT_MS["s"]
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} m {seconds % 60:02} s" if seconds % 60 else f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60:02} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def exact_duration(ms: int) -> str:
    """What `parse_duration` reads as just that: "1h30m", "90d", "0s"; whole seconds only."""
    parts, rest = [], ms
    for unit in ("d", "h", "m", "s"):
        number, rest = divmod(rest, UNIT_MS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def in_words(ms: int) -> str:
    """What follows "every": "30 minutes", "day", "1 hour 30 minutes"; whole seconds only."""
    counted = []
    rest = ms
    for unit in ("d", "h", "m", "s"):
        number, rest = divmod(rest, UNIT_MS[unit])
        if number:
            counted.append((number, _WORDS[unit]))
    if len(counted) == 1 and counted[0][0] == 1:
        return counted[0][1]
    return " ".join(f"{number} {word}{'s' if number > 1 else ''}" for number, word in counted)


def _parts(text: str, field: str) -> list[tuple[int, str]]:
    shown = text.strip()
    if len(shown) > _MAX_TEXT or not shown.isascii():
        raise Invalid(f"a duration has at most {_MAX_TEXT} ASCII characters, for example 30m", field=field)
    parts, position = [], 0
    while position < len(shown):
        found = _PART.match(shown, position)
        unit = found and _SPELLINGS.get(found[2])
        if not found or not unit:
            raise _unreadable(shown, field)
        parts.append((int(found[1]), unit))
        position = found.end()
    if not parts:
        raise _unreadable(shown, field)
    if sum(number * UNIT_MS[unit] for number, unit in parts) > MAX_MS:
        raise Invalid(f'"{shown}" is longer than 100 years', field=field)
    return parts


def _unreadable(shown: str, field: str) -> Invalid:
    if shown.isdigit():
        return Invalid(f'"{shown}" has no unit; write {shown}s, {shown}m, {shown}h, {shown}d or {shown}w', field=field)
    return Invalid(
        f'"{shown}" is not a duration; write whole numbers with s, m, h, d or w, for example 90s, 30m or 1h30m',
        field=field,
    )
