"""Durations of runs as SVG, and as numbers for the chart that a script draws over it."""

import json
from collections.abc import Sequence

from markupsafe import Markup

from seestackd.core.runs import Run
from seestackd.web.pages.wording import STATES, took

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 200, 64, 8


def durations(runs: Sequence[Run], usual: tuple[int, int] | None) -> Markup:
    """Draw the durations of runs (newest first in `runs`, left to right in time) above the band of the usual range."""
    shown = [run for run in reversed(runs) if run.duration_ms is not None]
    top = max((run.duration_ms or 0 for run in shown), default=0) * 1.1 or 1
    step = (WIDTH - LEFT) / max(1, len(shown))

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / top * (HEIGHT - 2 * BOTTOM), 1)

    parts = []
    if usual is not None:
        low, high = y(usual[0]), y(usual[1])
        parts.append(f'<rect class="c-usual" x="{LEFT}" y="{high}" width="{WIDTH - LEFT}" height="{low - high:.1f}"/>')
    for share in (0.5, 1):
        at = y(top / 1.1 * share)
        parts.append(f'<path class="c-grid" d="M{LEFT} {at}H{WIDTH}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4}" text-anchor="end">{took(int(top / 1.1 * share))}</text>')
    for index, run in enumerate(shown):
        look = "ok" if run.ok else "failed"
        x, at = LEFT + (index + 0.5) * step, y(run.duration_ms or 0)
        shape = f"M{x - 3:.1f} {at}h6" if run.ok else f"M{x - 4:.1f} {at - 4}l8 8m0 -8l-8 8"
        said = f"{STATES[look][1]}, {took(run.duration_ms)}"
        parts.append(
            f'<path class="c-stem c-{look}" d="M{x:.1f} {HEIGHT - BOTTOM}V{at}{shape}"><title>{said}</title></path>'
        )
    label = f"Durations of the last {len(shown)} runs"
    return Markup(f'<svg class="plain-chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">') + Markup(  # noqa: S704
        "".join(parts) + "</svg>"
    )


def numbers(runs: Sequence[Run], usual: tuple[int, int] | None) -> str:
    """Return the same as JSON for the script: seconds, ms, whether ok."""
    shown = [run for run in reversed(runs) if run.duration_ms is not None]
    return json.dumps(
        {
            "at": [run.started_at // 1000 for run in shown],
            "ms": [run.duration_ms for run in shown],
            "ok": [bool(run.ok) for run in shown],
            "usual": usual,
        },
        separators=(",", ":"),
    )
