"""Instants as machines read them. It imports little: the wrapper of jobs uses it too."""

from datetime import UTC, datetime
from functools import lru_cache

FIRST = -62_135_596_800_000
LAST = 253_402_300_799_999
"""The first and the last instant (ms UTC) that a calendar of four digits has."""


def iso(at: int, *, millis: bool = True) -> str:
    """Write an instant (ms UTC) as in 2026-11-23T02:00:00.000Z, to the millisecond or the second.

    One before or after what four digits of a year can say is written as the first or the last that they can.
    """
    minute, ms = divmod(min(max(at, FIRST), LAST), 60_000)
    return f"{_minute(minute)}{ms // 1000:02}.{ms % 1000:03}Z" if millis else f"{_minute(minute)}{ms // 1000:02}Z"


@lru_cache(maxsize=4096)
def _minute(number: int) -> str:
    """Write a minute since 1970 as "2026-11-23T02:00:"; lists have many instants in the same ones."""
    return datetime.fromtimestamp(number * 60, UTC).isoformat(timespec="minutes")[:-6] + ":"
