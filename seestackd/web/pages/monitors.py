"""The list of monitors: trouble first."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from seestackd.operations.overview import TROUBLE, GlanceAt, counts, glances, overview
from seestackd.store.interface import Transaction
from seestackd.store.listings import MonitorBrief
from seestackd.web.pages.live import Rows
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

PER_PAGE = 1_000
STATES = {
    "": ("All", ()),
    "trouble": ("Trouble", TROUBLE),
    "late": ("Late", ("late",)),
    "running": ("Running", ("running",)),
    "ok": ("Ok", ("healthy",)),
    "paused": ("Paused", ("paused",)),
}
_WORDS = (("late", "late"), ("running", "running"), ("healthy", "ok"), ("pending", "waiting"), ("paused", "paused"))


async def listed(site: Site, visit: Visit) -> web.StreamResponse:
    def read(tx: Transaction, at: int) -> dict[str, Any]:
        everything = overview(tx, visit.project_id, at)
        found = [each for each in everything if _wanted(each, visit)]
        number = int(visit.query("page")) if visit.query("page").isdecimal() else 1
        ids = tuple(each.id for each in found[(number - 1) * PER_PAGE : number * PER_PAGE])
        return {
            "shown": glances(tx, GlanceAt(visit.project_id, ids), at),
            "found": len(found),
            "all": len(everything),
            "number": number,
            "per_page": PER_PAGE,
            "tags": sorted({tag for each in everything for tag in each.tags})[:100],
            "states": {name: label for name, (label, _) in STATES.items()},
            "filtered": bool(visit.query("q") or visit.query("tag") or visit.query("state") or len(found) > PER_PAGE),
            **summary(counts(tx, visit.project_id, at)),
        }

    return await site.show(visit, "monitors.html", read)


def _wanted(each: MonitorBrief, visit: Visit) -> bool:
    text, tag, state = visit.query("q").strip().lower(), visit.query("tag"), visit.query("state")
    if text and text not in each.name.lower() and text not in each.slug and text not in each.tags:
        return False
    if tag and tag not in each.tags:
        return False
    return state not in STATES or not state or each.shown in STATES[state][1]


def summary(counted: Mapping[str, int]) -> dict[str, Any]:
    """Return title, sentence and whether there is trouble, of monitors counted by status."""
    trouble = sum(counted.get(status, 0) for status in TROUBLE)
    parts = [f"{trouble} need{'s' if trouble == 1 else ''} attention"] if trouble else []
    parts += [f"{counted[status]:,} {word}" for status, word in _WORDS if counted.get(status)]
    return {
        "trouble": trouble,
        "sentence": " · ".join(parts),
        "page_title": f"({trouble}) Monitors · seestackd" if trouble else "Monitors · seestackd",
    }


def rows_of(site: Site) -> Rows:
    """Return the maker of list rows for open pages."""

    async def rows(visit: Visit, monitor_ids: Iterable[int]) -> str:
        command = GlanceAt(visit.project_id, tuple(monitor_ids))

        def written(tx: Transaction, command: GlanceAt, at: int) -> str:
            values = {"shown": glances(tx, command, at), **summary(counts(tx, command.project_id, at))}
            return site.render(visit, "monitor_rows.html", at, values)

        return await site.runner.read(written, command)

    return rows
