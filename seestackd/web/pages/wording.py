"""Words, instants and sizes as the pages show them. Instants in ms UTC, durations in ms."""

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from seestackd.core.durations import format_duration
from seestackd.core.instants import FIRST, LAST, iso

STATES: dict[str, tuple[str, str]] = {
    "healthy": ("ok", "Ok"), "ok": ("ok", "Ok"), "on_time": ("ok", "Ok"), "early": ("ok", "Early"),
    "late": ("late", "Late"), "missed": ("missed", "Missed"), "failed": ("failed", "Failed"),
    "overrun": ("hung", "Hung"), "hung": ("hung", "Hung"), "running": ("running", "Running"),
    "paused": ("paused", "Paused"), "pending": ("unknown", "Waiting"), "unknown": ("unknown", "Unknown"),
    "skipped": ("paused", "Skipped"), "archived": ("paused", "Archived"), "extra": ("ok", "Extra"),
    "replaced": ("unknown", "Replaced"), "closed": ("paused", "Closed"), "slow": ("late", "Slow"),
}  # fmt: skip
"""Every state and outcome -> (its look: icon and colour, its word)."""

# Control characters, direction marks and their like: shown as what they are instead of doing what they do.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_UNITS = ("B", "kB", "MB", "GB", "TB")


class Moments:
    """Instants as HTML: in the zone of the schedule, of the browser or UTC, as the visitor likes; `at` is now."""

    def __init__(self, mode: str, browser: str | None, default: str, at: int) -> None:
        self.mode = mode
        self._browser = browser
        self._default = default
        self._at = at

    def zone(self, own: str | None = None) -> str:
        """Return the name of the zone that a time is shown in; `own` is that of its schedule."""
        if self.mode == "utc":
            return "UTC"
        if self.mode == "browser" and self._browser is not None and _known(self._browser):
            return self._browser
        return own or self._default

    def full(self, at: int | None, zone: str | None = None) -> Markup:
        """`Mon 23 Nov 2026 03:00 CET`."""
        return _NONE if at is None else self._element(at, written(at, self.zone(zone), self._at), zone)

    def ago(self, at: int | None, zone: str | None = None) -> Markup:
        """`4 min ago`, `in 26 min`: kept up to date by the script, absolute as its title."""
        return _NONE if at is None else self._element(at, relative(at, self._at), zone, ' data-ago=""')

    def hour(self, at: int, daily: bool) -> str:
        """`03:00`, or the day: for the lines of a clock."""
        local = _local(at, self.zone())
        return f"{local:%a} {local.day}" if daily else f"{local:%H:%M}"

    def _element(self, at: int, text: str, zone: str | None, more: str = "") -> Markup:
        shown = self.zone(zone)
        title = f"{written(at, shown, 0)}" + ("" if shown == "UTC" else f" ({written(at, 'UTC', 0)})")
        # All of it is made here, of numbers and names of zones; a thousand rows have three each.
        machine = iso(at, millis=False)
        return Markup(f'<time datetime="{machine}" title="{title}"{more}>{text}</time>')  # noqa: S704


_NONE = Markup("–")


@lru_cache(maxsize=256)
def _found(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _known(name: str) -> bool:
    return len(name) <= 64 and _found(name) is not None


def _local(at: int, zone: str) -> datetime:
    return datetime.fromtimestamp(min(max(at, FIRST), LAST) / 1000, UTC).astimezone(_found(zone) or UTC)


def written(at: int, zone: str, beside: int) -> str:
    """Write an instant in a zone: `Mon 23 Nov 2026 03:00 CET`; without the year when it is that of `beside`."""
    local = _local(at, zone)
    year = "" if beside and _local(beside, zone).year == local.year else f" {local.year}"
    seconds = f":{local.second:02}" if local.second else ""
    name = local.tzname() or "UTC"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}{seconds} {f'UTC{name}' if name[0] in '+-' else name}"


def relative(at: int, now: int) -> str:
    """Say how far an instant is: `now`, `4 min ago`, `in 2 d 3 h`."""
    apart = abs(now - at)
    if apart < 1_000:
        return "now"
    text = about(apart)
    return f"{text} ago" if at < now else f"in {text}"


def about(ms: int) -> str:
    """Return a distance in one or two units without false precision: `44 s`, `12 min`, `3 h 20 min`, `26 h`, `5 d`."""
    if ms < 60_000:
        return f"{ms // 1000} s"
    if ms < 3_600_000:
        return f"{ms // 60_000} min"
    if ms < 10 * 3_600_000:
        return format_duration(ms // 60_000 * 60_000)
    if ms < 48 * 3_600_000:
        return f"{ms // 3_600_000} h"
    return f"{ms // 86_400_000} d"


def took(ms: int | None) -> str:
    """Return how long something took: `342 ms`, `1.2 s`, `12 m 41 s`."""
    if ms is None:
        return "–"
    return f"{ms / 1000:.1f} s" if 1_000 <= ms < 10_000 else format_duration(ms)


def in_bytes(size: float) -> str:
    """Return a size: `4.1 kB`."""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:.1f} {unit}" if unit != "B" and size < 100 else f"{size:.0f} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes everything")


def counted(number: int, noun: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def visible(text: object, limit: int = 10_000) -> str:
    """Return foreign text as something to look at: colours dropped, control and direction marks as boxes, cut."""
    shown = _HARMFUL.sub("\ufffd", _ANSI.sub("", str(text)[: 4 * limit]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def attribute(text: str) -> str:
    """Return a text escaped for an attribute."""
    return str(escape(text))
