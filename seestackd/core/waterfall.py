"""The requests of one trace on one clock, whatever their clients' clocks said and however long they took."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seestackd.core.monitor import HOUR_MS
from seestackd.core.telemetry import HttpRequest

FAR_MS = HOUR_MS
"""What begins further than this from the middle one stands beside the scale, and longer bars are cut."""

WHOLE = 1000


class Bar(NamedTuple):
    """A request in the picture: `begin` and `width` in per mille of it.

    `offset_ms` counts from the first that is on the scale; `is_off` says that the request began too far away to be on
    it, and stands at that edge. `is_cut` says that it took longer than the scale shows. `depth` counts the requests
    that it was made within.
    """

    row_id: int
    request: HttpRequest
    offset_ms: int
    begin: int
    width: int
    is_off: bool
    is_cut: bool
    depth: int = 0


class Waterfall(NamedTuple):
    """The picture begins at `since` (ms UTC), and its width stands for `length_ms`."""

    since: int
    length_ms: int
    bars: tuple[Bar, ...]


def waterfall(found: Sequence[tuple[int, HttpRequest]]) -> Waterfall:
    """Put requests with their ids on one clock, each below the one that it was made within; else by their beginning.

    Durations below 0 count as 0.
    """
    rows = sorted(found, key=lambda row: (row[1].at, -row[1].duration_ms, row[0]))
    if not rows:
        return Waterfall(0, 1, ())
    middle = rows[(len(rows) - 1) // 2][1].at
    near = [request for _, request in rows if abs(request.at - middle) <= FAR_MS]
    first = near[0].at
    ends = [request.at - first + max(0, request.duration_ms) for request in near if request.duration_ms <= FAR_MS]
    long = [] if ends else [max(request.duration_ms for request in near)]
    length = max(1, near[-1].at - first, *ends, *long)
    bars = [_bar(row_id, request, first, length, middle) for row_id, request in rows]
    return Waterfall(first, length, tuple(bars[index]._replace(depth=depth) for index, depth in _nested(rows)))


def _nested(rows: Sequence[tuple[int, HttpRequest]]) -> Iterator[tuple[int, int]]:
    """Yield the places of all rows, with their depths, in the order of the tree that their spans make.

    A span that several say is theirs is that of the first; a parent that is not there is none; a circle begins with the
    first of it.
    """
    owners: dict[str, int] = {}
    for index, (_, request) in enumerate(rows):
        if request.span_id:
            owners.setdefault(request.span_id, index)
    parents = [owners.get(request.parent_span_id or "") for _, request in rows]
    children: dict[int, list[int]] = {}
    for index, parent in enumerate(parents):
        if parent is not None:
            children.setdefault(parent, []).append(index)
    seen: set[int] = set()
    roots = [index for index, parent in enumerate(parents) if parent is None]
    for begin in (*roots, *range(len(rows))):
        waiting = [(begin, 0)]
        while waiting:
            index, depth = waiting.pop()
            if index not in seen:
                seen.add(index)
                yield index, depth
                waiting += [(child, depth + 1) for child in reversed(children.get(index, ()))]


def _bar(row_id: int, request: HttpRequest, first: int, length: int, middle: int) -> Bar:
    offset, took = request.at - first, max(0, request.duration_ms)
    if abs(request.at - middle) > FAR_MS:
        return Bar(row_id, request, offset, 0 if offset < 0 else WHOLE, 0, True, False)
    begin, end = offset * WHOLE // length, min(WHOLE, (offset + took) * WHOLE // length)
    return Bar(row_id, request, offset, begin, end - begin, False, offset + took > length)
