"""How results look: aligned tables without boxes, JSON for scripts, times as people say them."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from seestackd.cli import colours
from seestackd.cli.visible import visible
from seestackd.core.durations import format_duration

NOTHING = "-"
_STATES = ("STATUS", "STATE", "ENDED")
Rows = Callable[[], Sequence[Sequence[str]]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns under their heads; the last column is not padded."""
    lines = [head, *([visible(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    form = "  ".join(f"{{:<{width}}}" for width in widths)
    said = [form.format(*line).rstrip() for line in lines]
    if colours.wanted(sys.stdout):
        states = [number for number, name in enumerate(head) if name in _STATES]
        said[1:] = [_coloured(line, row, widths, states) for line, row in zip(said[1:], lines[1:], strict=True)]
    print("\n".join(said))


def _coloured(line: str, row: Sequence[str], widths: Sequence[int], states: Sequence[int]) -> str:
    """Paint the states in a line, from its end, so that what is before keeps its place."""
    for number in reversed(states):
        begin = sum(widths[:number]) + 2 * number
        end = begin + len(row[number])
        line = f"{line[:begin]}{colours.painted(line[begin:end])}{line[end:]}"
    return line


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print "Name:  value" lines with aligned values."""
    width = max(len(name) for name, _ in pairs) + 1
    for name, value in pairs:
        print(f"{name + ':':<{width}}  {visible(value)}".rstrip())


def as_json(value: dict[str, Any]) -> None:
    """Print a result for scripts; `version` changes when the meaning of a key does."""
    json.dump({"version": 1, **value}, sys.stdout, ensure_ascii=False, indent=2)
    print()


def said(options: Namespace, answer: dict[str, Any], sentence: str) -> None:
    """Print a result as was asked: JSON, or a sentence."""
    if options.json:
        as_json(answer)
    else:
        print(sentence)


def as_it_came(text: str) -> None:
    """Print a long result for scripts, an object as JSON text, with its version."""
    sys.stdout.write(f'{{"version": 1, {text[1:]}\n')


def listed(
    options: Namespace, answer: dict[str, Any], ids: Sequence[Any], head: Sequence[str], rows: Rows, nothing: str
) -> None:
    """Print a list as was asked: JSON, ids alone, or a table of the `rows()`; of an empty one say `nothing`."""
    if options.json:
        as_json(answer)
    elif options.quiet:
        for each in ids:
            print(each)
    elif ids:
        table(head, rows())
    else:
        note(nothing)


def note(message: str) -> None:
    """Tell a person something beside the result, on stderr."""
    print(message, file=sys.stderr)


def ms(iso: str) -> int:
    """Return the instant (ms UTC) of a result's time."""
    return round(datetime.fromisoformat(iso).astimezone(UTC).timestamp() * 1000)


def ago(iso: str | None, now: str) -> str:
    """Say how long before `now` it was: "3 h 20 min ago"."""
    return NOTHING if iso is None else since(ms(iso), ms(now))


def since(at: int | None, now: int) -> str:
    """Say how long before `now` an instant was; both in ms UTC."""
    return NOTHING if at is None else f"{format_duration(max(0, now - at))} ago"


def due(iso: str | None, now: str) -> str:
    """Say when it is expected: "in 26 min" or "3 h overdue"."""
    return NOTHING if iso is None else until(ms(iso), ms(now))


def until(at: int | None, now: int) -> str:
    """Say when an instant is to come; both in ms UTC."""
    if at is None:
        return NOTHING
    return f"in {format_duration(at - now)}" if at >= now else f"{format_duration(now - at)} overdue"


def lasting(length_ms: int | None) -> str:
    return NOTHING if length_ms is None else format_duration(length_ms)
