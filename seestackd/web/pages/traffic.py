"""Requests per minute and latencies over time: SVG that fits any width, and numbers for the charts of a script.

Errors stand at the bottom.
"""

import json
import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from seestackd.core.monitor import MINUTE_MS
from seestackd.core.telemetry import percentile
from seestackd.store.telemetry import Summed
from seestackd.web.pages.wording import took

HEIGHT, STEP, TOP = 150, 10, 8
CLASSES = (
    ("server_errors", "5xx", "5xx"),
    ("silent", "none", "no answer"),
    ("client_errors", "4xx", "4xx"),
    ("redirected", "3xx", "3xx"),
    ("ok", "2xx", "2xx"),
)
"""Field of Tally, look, word: from the bottom of a column to its top."""

_SHARES = ((0.5, "p50"), (0.95, "p95"))
_LEAST = 1.5


def requests(points: Sequence[Summed], step: int) -> Markup:
    """Draw requests per minute, a column for each stretch of `step` ms, by class of status code."""
    minutes = step // MINUTE_MS
    most = max((point.tally.requests for point in points), default=0)
    room = HEIGHT - TOP
    columns = []
    for index, point in enumerate(points):
        y, drawn = float(HEIGHT), ""
        for field, look, _ in CLASSES:
            count = getattr(point.tally, field)
            if count:
                height = max(_LEAST, count / most * room)
                y -= height
                drawn += (
                    f'<path class="h-{look}" d="M{index * STEP + 1} {y:.1f}h{STEP - 2}v{height:.1f}h-{STEP - 2}z"/>'
                )
        if drawn:
            columns.append(f"<g>{drawn}<title>{_counts(point, minutes)}</title></g>")
    marks = [(most / minutes, TOP), (most / minutes / 2, TOP + room / 2)] if most else []
    total = sum(point.tally.requests for point in points)
    return _picture(
        [(_per_minute(value), y) for value, y in marks], "".join(columns), len(points),
        f"Requests per minute by status class, {total:,} requests",
    )  # fmt: skip


def latencies(points: Sequence[Summed]) -> Markup:
    """Draw p50 and p95 of each stretch on a logarithmic axis; stretches without requests have none."""
    lines = {name: [percentile(point.latencies, share) for point in points] for share, name in _SHARES}
    most = max((max(values, default=0) for values in lines.values()), default=0)
    decades = max(1, len(str(max(1, most - 1))))
    room = HEIGHT - TOP

    def y(ms: int) -> float:
        return round(HEIGHT - _log(ms) / decades * room, 1)

    drawn = "".join(_line(name, values, points, y) for name, values in lines.items())
    marks = [(took(10**decade), y(10**decade)) for decade in range(1, decades + 1)]
    total = sum(point.tally.requests for point in points)
    return _picture(marks, drawn, len(points), f"Latency, p50 and p95, of {total:,} requests")


def numbers(points: Sequence[Summed], since: int, step: int) -> str:
    """Return the same as JSON for the script: instants in seconds, counts by class, ms (null without requests)."""
    shown = [(field, word) for field, _, word in CLASSES if any(getattr(point.tally, field) for point in points)]
    counts = [point.tally.requests for point in points]
    return json.dumps(
        {
            "at": [(since + index * step) // 1000 for index in range(len(points))],
            "minutes": step // MINUTE_MS,
            "counts": counts,
            "classes": [
                {"field": field, "word": word, "counts": [getattr(point.tally, field) for point in points]}
                for field, word in shown
            ],
            **{
                name: [percentile(point.latencies, share) if point.tally.requests else None for point in points]
                for share, name in _SHARES
            },
        },
        separators=(",", ":"),
    )


def _line(name: str, values: list[int], points: Sequence[Summed], y: Callable[[int], float]) -> str:
    steps, dots, pen = [], [], "M"
    for index, (value, point) in enumerate(zip(values, points, strict=True)):
        if not point.tally.requests:
            pen = "M"
            continue
        x, at = index * STEP + STEP // 2, y(value)
        steps.append(f"{pen}{x} {at}")
        # A line of no length has round ends: a dot that no stretching deforms.
        said = f"{name} {took(value)} of {point.tally.requests:,} requests"
        dots.append(f'<path class="l-dot l-{name}" d="M{x} {at}h.01"><title>{said}</title></path>')
        pen = "L"
    return f'<path class="l-line l-{name}" d="{"".join(steps)}"/>{"".join(dots)}' if steps else ""


def _log(ms: int) -> float:
    return math.log10(max(1, ms))


def _picture(marks: Sequence[tuple[str, float]], drawn: str, count: int, label: str) -> Markup:
    width = max(1, count) * STEP
    grid = "".join(f'<path class="c-grid" d="M0 {y}H{width}"/>' for _, y in marks)
    scale = "".join(f'<text x="100%" dx="-6" y="{y + 4}" text-anchor="end">{text}</text>' for text, y in marks)
    return Markup(  # noqa: S704
        f'<svg class="scale" aria-hidden="true" height="{HEIGHT}">{scale}</svg>'
        f'<svg class="area" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" height="{HEIGHT}" role="img"'
        f' aria-label="{label}">{grid}{drawn}<path class="c-grid" d="M0 {HEIGHT}H{width}"/></svg>'
    )


def _counts(point: Summed, minutes: int) -> str:
    words = [f"{getattr(point.tally, field):,} {word}" for field, _, word in CLASSES if getattr(point.tally, field)]
    rate = _per_minute(point.tally.requests / minutes)
    return f"{point.tally.requests:,} requests, {rate} a minute: {', '.join(words)}"


def _per_minute(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}" if value >= 0.1 else f"{value:.2f}"
