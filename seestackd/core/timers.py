"""systemd timers: when they fire, what they would be called here, and a drop-in by which their service reports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seestackd.core.durations import exact_duration
from seestackd.core.schedule import Schedule, parse_schedule
from seestackd.errors import Invalid

GRACE_MS = 300_000
ACCURACY_MS = 60_000
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ]*)")
_UNITS_MS = {
    "us": 0.001, "usec": 0.001, "µs": 0.001, "ms": 1, "msec": 1, "": 1000, "s": 1000, "sec": 1000, "second": 1000,
    "seconds": 1000, "m": 60_000, "min": 60_000, "minute": 60_000, "minutes": 60_000, "h": 3_600_000, "hr": 3_600_000,
    "hour": 3_600_000, "hours": 3_600_000, "d": 86_400_000, "day": 86_400_000, "days": 86_400_000, "w": 604_800_000,
    "week": 604_800_000, "weeks": 604_800_000, "M": 2_629_800_000, "month": 2_629_800_000, "months": 2_629_800_000,
    "y": 31_557_600_000, "year": 31_557_600_000, "years": 31_557_600_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; `schedule` is None when it cannot be watched, and `problem` says why. Grace in ms."""

    unit: str
    service: str
    slug: str
    schedule: Schedule | None
    grace_ms: int
    problem: str | None = None
    reports: bool = False


def timer_of(unit: str, service: str, timer_text: str, service_text: str, timezone: str) -> Timer:
    """Read a timer from what `systemctl cat` prints of it and of its service."""
    said = _section(timer_text, "Timer")
    slug = re.sub(r"[^a-z0-9]+", "-", unit.removesuffix(".timer").lower()).strip("-")[:80] or "timer"
    grace_ms = GRACE_MS + _last(said, "RandomizedDelaySec", 0) + _last(said, "AccuracySec", ACCURACY_MS)
    schedule, problem = _schedule(said, timezone)
    reports = "seestackd" in service_text
    return Timer(unit, service, slug, schedule, grace_ms, problem, reports)


def drop_in(timer: Timer, program: str, key: str) -> str:
    """Return the drop-in for the timer's service: a start before it, and how it ended after it."""
    ping = f"{program} ping {timer.slug}"
    with_key = f" --key {key}" if key else ""
    told = f'[ "$$SERVICE_RESULT" = success ] && exec {ping} ok{with_key}; exec {ping} fail{with_key}'
    return (
        f"# Reports the runs of {timer.service} to seestackd; a daemon that is away holds nothing up.\n"
        "[Service]\n"
        f"ExecStartPre=-{ping} start{with_key}\n"
        f"ExecStopPost=-/bin/sh -c '{told} --message \"$$SERVICE_RESULT $$EXIT_STATUS\"'\n"
    )


def span_ms(text: str) -> int | None:
    """Return a time span of systemd's in ms: "1h 30min", "90", "2d"; None when it is none."""
    total, end = 0.0, 0
    for part in _SPAN.finditer(text.strip()):
        if text.strip()[end : part.start()].strip() or part[2] not in _UNITS_MS:
            return None
        total, end = total + float(part[1]) * _UNITS_MS[part[2]], part.end()
    return round(total) if end and not text.strip()[end:].strip() else None


def _section(text: str, wanted: str) -> dict[str, list[str]]:
    """Return the settings of a section, a list per name; an empty value forgets those before it."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and line[0] not in "#;" and section == wanted and "=" in line:
            name, _, value = line.partition("=")
            values = found.setdefault(name.strip(), [])
            if value.strip():
                values.append(value.strip())
            else:
                values.clear()
    return found


def _schedule(said: dict[str, list[str]], timezone: str) -> tuple[Schedule | None, str | None]:
    calendar, every = said.get("OnCalendar", []), [*said.get("OnUnitActiveSec", []), *said.get("OnUnitInactiveSec", [])]
    if len(calendar) > 1:
        return None, "it has several OnCalendar lines; add a monitor for each, or one that is pinged by all"
    if calendar and every:
        return None, "it has OnCalendar and OnUnitActiveSec; a monitor has one schedule"
    if calendar:
        return _parsed(calendar[0], timezone)
    if every:
        length = span_ms(every[-1])
        return _parsed(exact_duration(length), timezone) if length else (None, f"{every[-1]} is no time span")
    return None, "it fires once, after a boot or a start, which cannot be expected"


def _parsed(text: str, timezone: str) -> tuple[Schedule | None, str | None]:
    try:
        return parse_schedule(text, timezone), None
    except Invalid as error:
        return None, error.message


def _last(said: dict[str, list[str]], name: str, otherwise: int) -> int:
    values: Sequence[str] = said.get(name, [])
    return (span_ms(values[-1]) if values else None) or (0 if values else otherwise)
