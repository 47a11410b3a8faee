"""The list of monitors: trouble first."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from seestackd.operations import monitors
from seestackd.store.interface import Transaction
from seestackd.web.pages.live import Rows
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site


async def listed(site: Site, visit: Visit) -> web.StreamResponse:
    def read(tx: Transaction, at: int) -> dict[str, Any]:
        return {"views": monitors.listed(tx, monitors.ListMonitors(visit.project_id), at)}

    return await site.show(visit, "monitors.html", read)


def rows_of(site: Site) -> Rows:
    """Return the maker of list rows for open pages."""

    async def rows(visit: Visit, monitor_ids: Iterable[int]) -> str:
        return ""

    return rows
