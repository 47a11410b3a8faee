"""The summary of a month, by monitor and by tag."""

from typing import Any

from aiohttp import web

from seestackd.core.uptime import month_after, month_before, month_of, percent
from seestackd.errors import NotFound
from seestackd.operations import uptime
from seestackd.store.interface import Transaction
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

SHOWN = 500


async def month(site: Site, visit: Visit) -> web.StreamResponse:
    """Show a month, such as 2026-10; without one the month that goes on."""
    wanted = visit.request.match_info.get("month")

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        now = month_of(at, tx.routing.timezone)
        year, number = _named(wanted) if wanted else now
        if not (1970, 1) < (year, number) <= now or not 1 <= number <= 12:
            raise NotFound("There is no summary of that month")
        found = uptime.month(tx, uptime.MonthOf(visit.project_id, year, number), at)
        return {
            "month": found,
            "lines": found.monitors[:SHOWN],
            "before": _text(*month_before(year, number)),
            "after": _text(*month_after(year, number)) if (year, number) < now else None,
            "percent": percent,
        }

    return await site.show(visit, "summary.html", read)


def _named(text: str) -> tuple[int, int]:
    return int(text[:4]), int(text[5:])


def _text(year: int, month: int) -> str:
    return f"{year:04d}-{month:02d}"
