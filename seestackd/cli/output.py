"""How results look: aligned tables without boxes, JSON for scripts, times as people say them."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from seestackd.core.durations import format_duration

NOTHING = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns under their heads; the last column is not padded."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print "Name:  value" lines with aligned values."""
    width = max(len(name) for name, _ in pairs) + 1
    for name, value in pairs:
        print(f"{name + ':':<{width}}  {value}".rstrip())


def as_json(value: dict[str, Any]) -> None:
    """Print a result for scripts; `version` changes when the meaning of a key does."""
    json.dump({"version": 1, **value}, sys.stdout, ensure_ascii=False, indent=2)
    print()


def note(message: str) -> None:
    """Tell a person something beside the result, on stderr."""
    print(message, file=sys.stderr)


def ms(iso: str) -> int:
    """Return the instant (ms UTC) of a result's time."""
    return round(datetime.fromisoformat(iso).astimezone(UTC).timestamp() * 1000)


def ago(iso: str | None, now: str) -> str:
    """Say how long before `now` it was: "3 h 20 min ago"."""
    return NOTHING if iso is None else f"{format_duration(max(0, ms(now) - ms(iso)))} ago"


def due(iso: str | None, now: str) -> str:
    """Say when it is expected: "in 26 min" or "3 h overdue"."""
    if iso is None:
        return NOTHING
    left = ms(iso) - ms(now)
    return f"in {format_duration(left)}" if left >= 0 else f"{format_duration(-left)} overdue"


def lasting(length_ms: int | None) -> str:
    return NOTHING if length_ms is None else format_duration(length_ms)
