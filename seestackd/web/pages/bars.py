"""The bar of slots as SVG: shape and colour tell how each ended, oldest left."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup

from seestackd.web.pages.wording import STATES

SLOTS = 30
_CODES = {
    "on": "ok", "ea": "ok", "la": "late", "mi": "missed", "fa": "failed", "ov": "hung", "sk": "skipped",
    "un": "unknown",
}  # fmt: skip
STEP, WIDTH, HEIGHT = 6, 4, 20
# Look -> (top, height) of its stroke; missed is hollow, hung hatched by the style sheet.
_SHAPES = {"ok": (4, 16), "late": (10, 10), "missed": (0, 20), "failed": (0, 20), "hung": (0, 20), "running": (6, 14),
           "paused": (14, 6), "unknown": (8, 12)}  # fmt: skip


def bar(outcomes: Sequence[str], slots: int = SLOTS) -> Markup:
    """Draw the last outcomes, oldest first. One path per look: a thousand bars have to fit into one page."""
    shown = outcomes[-slots:]
    begin = slots - len(shown)
    paths: dict[str, list[str]] = {}
    for index, outcome in enumerate(shown, begin):
        look = STATES.get(outcome, ("unknown", ""))[0]
        top, height = _SHAPES[look]
        paths.setdefault(look, []).append(f"M{index * STEP} {top}h{WIDTH}v{height}h-{WIDTH}z")
    drawn = "".join(f'<path class="b-{look}" d="{"".join(steps)}"/>' for look, steps in paths.items())
    return Markup(  # noqa: S704
        f'<svg class="bar" viewBox="0 0 {slots * STEP} {HEIGHT}" role="img" aria-label="{said(shown)}">{drawn}</svg>'
    )


def said(outcomes: Sequence[str]) -> str:
    """Say what a bar shows: "30 runs: 28 ok, 1 missed, 1 failed"."""
    words = sorted(STATES.get(outcome, ("unknown", "Unknown"))[1].lower() for outcome in outcomes)
    if not words:
        return "no run yet"
    counts = sorted(((len(list(group)), word) for word, group in groupby(words)), reverse=True)
    total = len(words)
    return f"{total} run{'' if total == 1 else 's'}: " + ", ".join(f"{count} {word}" for count, word in counts)


@lru_cache(maxsize=4096)
def coded(codes: str, running: bool) -> Markup:
    """Draw the bar of two-letter codes, the newest first, and of the run that is on."""
    newest_first = [
        _CODES.get(codes[index : index + 2], "unknown") for index in range(0, 2 * SLOTS, 2) if index < len(codes)
    ]
    return bar([*reversed(newest_first), *(["running"] if running else [])])
