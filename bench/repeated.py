"""Whether a second run of the table says the same as the first, within a tenth; and whether the machine did.

A constant answered by aiohttp is the same work in every run. Where that has moved by more than a few hundredths the
machine was not quiet, and figures in the same proportion say nothing of the daemon.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WITHIN = 0.1
_NAMES = ("batches", "name", "keep_alive", "clients")
_LEFT_OUT = (*_NAMES, "bad", "spread")
_CONSTANT = "rate of aiohttp 202"


def compare(earlier: Mapping[str, Any], later: Mapping[str, Any], parts: Sequence[str]) -> None:
    """Print every figure of the parts that is further than a tenth from the earlier run's, and how many are not."""
    before, after = ({part: dict(_figures(kept, part)) for part in (*parts, "ratios")} for kept in (earlier, later))
    for part in before:
        both = before[part].keys() & after[part].keys()
        apart = [name for name in sorted(both) if not close(before[part][name], after[part][name])]
        for name in apart:
            print(f"{part}, {name}: {before[part][name]:,.4g} then, {after[part][name]:,.4g} now")
        for name in sorted(both):
            if _CONSTANT in name:
                print(
                    f"{part}, the machine: {name} is x{after[part][name] / before[part][name]:.2f} of the earlier run's"
                )
        print(f"{part}: {len(both) - len(apart)} of {len(both)} figures are within {WITHIN:.0%} of the earlier run")


def close(one: float, other: float) -> bool:
    """Say whether the larger is at most a tenth larger."""
    least, most = sorted((one, other))
    return most <= least * (1 + WITHIN)


def _figures(kept: Mapping[str, Any], part: str) -> Iterator[tuple[str, float]]:
    for row in kept.get(part, {}).get("rows", ()):
        of = ", ".join(str(row[name]) for name in _NAMES if name in row)
        for name, value in row.items():
            if name not in _LEFT_OUT:
                yield f"{name} of {of}", value
