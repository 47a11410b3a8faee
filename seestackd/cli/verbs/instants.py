"""Instants as people type them, and as scripts read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from seestackd.cli.verbs import Call
from seestackd.core import instants
from seestackd.core.durations import parse_duration
from seestackd.errors import Invalid
from seestackd.operations.managed import MAX_AHEAD_MS


def iso(at: int | None) -> str | None:
    """Write an instant (ms UTC), if there is one."""
    return None if at is None else instants.iso(at)


def instant(text: str, field: str, timezone: str) -> int:
    """Return "2026-11-23T08:00" as ms UTC; wall time in `timezone` unless it ends with an offset. Raises Invalid."""
    try:
        read = datetime.fromisoformat(text.strip())
        zoned = read if read.tzinfo is not None else read.replace(tzinfo=ZoneInfo(timezone))
        return round(zoned.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Invalid(
            f'"{text}" is not a time; write for example 2026-11-23T08:00 or 2026-11-23T07:00Z', field=field
        ) from None


def until(call: Call, at: int) -> int | None:
    """Return the instant that `for` or `until` means, None when neither is given; raises Invalid unless it is ahead."""
    lasting, ends = call.optional("for"), call.optional("until")
    if lasting is not None:
        field, end = "for", at + parse_duration(lasting, "for")
    elif ends is not None:
        field, end = "until", instant(ends, "until", call.settings.defaults.timezone)
    else:
        return None
    if end <= at:
        raise Invalid("lies in the past; give a time that is still to come", field=field)
    if end > at + MAX_AHEAD_MS:
        raise Invalid("lies more than 366 days ahead; give less", field=field)
    return end
