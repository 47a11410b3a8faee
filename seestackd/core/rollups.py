"""Sums of requests per minute and hour: which of them make up a stretch of time, and what is left to count singly."""

from dataclasses import dataclass

from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS

ENDPOINT_MINUTES_KEPT_MS = 26 * HOUR_MS
"""So long an endpoint has sums per minute; after that per hour only."""

MINUTES_KEPT_MS = 35 * DAY_MS
HOURS_KEPT_MS = 400 * DAY_MS
"""Sums outlive the requests that they are of."""

Stretch = tuple[int, int]
"""From the first on, up to but without the second."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A stretch taken apart: `hours` and `minutes` (counted from 1970) have sums, `rest` (ms UTC) has none."""

    hours: Stretch
    minutes: tuple[Stretch, ...]
    rest: tuple[Stretch, ...]


def parts_of(since: int, until: int, minutes_from: int | None = None) -> Parts:
    """Take `since <= at < until` (ms UTC) apart; there are no sums of minutes that begin before `minutes_from` (ms)."""
    if until <= since:
        return Parts((0, 0), (), ())
    first_hour, last_hour = -(-since // HOUR_MS), until // HOUR_MS
    if first_hour < last_hour:
        edges = [(since, first_hour * HOUR_MS), (last_hour * HOUR_MS, until)]
    else:
        first_hour = last_hour = 0
        edges = [(since, until)]
    minutes: list[Stretch] = []
    rest: list[Stretch] = []
    for edge in edges:
        _split(edge, minutes_from, minutes, rest)
    return Parts((first_hour, last_hour), tuple(minutes), tuple(rest))


def _split(edge: Stretch, minutes_from: int | None, minutes: list[Stretch], rest: list[Stretch]) -> None:
    since, until = edge
    begin = since if minutes_from is None else max(since, minutes_from)
    first, last = -(-begin // MINUTE_MS), until // MINUTE_MS
    if first >= last:
        rest += [edge] if since < until else []
        return
    minutes.append((first, last))
    for start, end in ((since, first * MINUTE_MS), (last * MINUTE_MS, until)):
        if start < end:
            rest.append((start, end))
