"""All jobs on one clock: a lane per job, a tick per slot, the worst of what shares a place in front."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup

from seestackd.core.monitor import State
from seestackd.operations import monitors
from seestackd.store.interface import Transaction
from seestackd.store.told import Tick
from seestackd.web.pages import wording
from seestackd.web.pages.incidents import page_number
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

HOUR_MS = 3_600_000
RANGES = {"6h": 6 * HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS}
# Range -> distance of the lines of its clock.
_EVERY = {"6h": HOUR_MS, "24h": 3 * HOUR_MS, "7d": 24 * HOUR_MS}
PIECES = 180
PER_PAGE = 100
WIDTH, HEIGHT, STEP = 1080, 20, 6
# The later covers the earlier.
_ORDER = ("paused", "unknown", "ok", "late", "missed", "hung", "failed")
_TOPS = {"ok": 4, "late": 8, "missed": 2, "hung": 0, "failed": 0, "paused": 14, "unknown": 8}


@dataclass(frozen=True, slots=True)
class Lane:
    """One job: its picture and its name."""

    view: monitors.MonitorView
    picture: Markup


async def timeline(site: Site, visit: Visit) -> web.StreamResponse:
    """Show the last 6 h, 24 h or 7 d of up to 100 jobs."""
    chosen = visit.query("range") if visit.query("range") in RANGES else "24h"
    tag, number = visit.query("tag"), page_number(visit)

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        views = monitors.listed(tx, monitors.ListMonitors(visit.project_id), at)
        found = [view for view in views if not tag or tag in view.monitor.tags]
        page = found[(number - 1) * PER_PAGE : number * PER_PAGE]
        # Edges that stay put while a minute lasts.
        until = (at // 60_000 + 1) * 60_000
        since = until - RANGES[chosen]
        lanes = [_lane(tx, view, since, until, at) for view in page]
        return {
            "lanes": lanes,
            "since": since,
            "until": until,
            "total": len(found),
            "tags": sorted({name for view in views for name in view.monitor.tags}),
            "clock": _clock(since, until, _EVERY[chosen]),
        }

    return await site.show(
        visit, "timeline.html", read, ranges=tuple(RANGES), chosen=chosen, tag=tag, page=number, per_page=PER_PAGE
    )


def _lane(tx: Transaction, view: monitors.MonitorView, since: int, until: int, at: int) -> Lane:
    ticks = tx.told.ticks(view.monitor.id, since, until, PIECES)
    return Lane(view, lane(ticks, view.state, since, until, at))


def lane(ticks: Sequence[Tick], state: State, since: int, until: int, at: int) -> Markup:
    """Draw one lane. One path per look, so that a hundred lanes of a week stay small."""
    paths: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for tick in ticks:
        look, word = wording.STATES.get(tick.outcome, ("unknown", "Unknown"))
        counts[word.lower()] = counts.get(word.lower(), 0) + tick.count
        begin, end = _x(tick.first_at, since, until), _x(tick.last_at, since, until)
        long = max(STEP - 2, end - begin + STEP - 2)
        top = _TOPS.get(look, 8)
        paths.setdefault(look, []).append(f"M{begin} {top}h{long}v{HEIGHT - top}h-{long}z")
    drawn = [_path(look, paths[look]) for look in _ORDER if look in paths]
    for run in state.open_runs:
        begin, end = _x(run.started_at, since, until), _x(at, since, until)
        drawn.append(f'<path class="b-running" d="M{begin} 7h{max(STEP, end - begin)}v6h-{max(STEP, end - begin)}z"/>')
    said = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items())) or "nothing was due"
    if state.open_runs:
        said += ", running"
    return Markup(  # noqa: S704
        f'<svg class="lane" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{said}">{"".join(drawn)}</svg>'
    )


def _path(look: str, steps: Sequence[str]) -> str:
    # A style sheet's fill would win over the pattern, which only the page itself can name.
    hatched = look in ("hung", "unknown")
    how = f'class="t-{look}" fill="url(#hatch-{look})"' if hatched else f'class="b-{look}"'
    return f'<path {how} d="{"".join(steps)}"/>'


def _x(instant: int, since: int, until: int) -> int:
    return round((min(max(instant, since), until) - since) * (WIDTH - STEP) / (until - since))


def _clock(since: int, until: int, every: int) -> list[tuple[int, int]]:
    """Return (instant, per mille of the width) of the lines of the clock."""
    first = -(-since // every) * every
    return [(at, round((at - since) * 1000 / (until - since))) for at in range(first, until, every)]
