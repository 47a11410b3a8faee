"""Sessions of browsers: a list with what happened in each, and a player of one."""

import json
from typing import Any

from aiohttp import web

from seestackd.core.activity import BUCKETS
from seestackd.core.replay import LANES, Kind
from seestackd.core.sessions import Session
from seestackd.core.timeline import Timeline, timeline
from seestackd.errors import NotFound
from seestackd.operations import replay
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.sessions import Wanted
from seestackd.web.pages.incidents import page_number
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

PER_PAGE = 50
LABELS = {
    Kind.NAVIGATION: "Navigation",
    Kind.CLICK: "Clicks",
    Kind.INPUT: "Inputs",
    Kind.CONSOLE: "Console",
    Kind.NETWORK: "Network",
    Kind.ERROR: "Errors",
}
LENGTHS = (("", "Any length"), ("10", "10 s"), ("60", "1 minute"), ("600", "10 minutes"))


async def listed(site: Site, visit: Visit) -> web.StreamResponse:
    """Show sessions, the last active first."""
    number = page_number(visit)
    names = ("errors", "url", "user", "least")
    query = {name: visit.query(name).strip() for name in names if visit.query(name).strip()}
    least = query.get("least", "")
    wanted = Wanted(
        has_error=True if query.get("errors") else None,
        url=query.get("url"),
        user_id=query.get("user"),
        least_ms=int(least) * 1000 if least.isascii() and least.isdigit() and len(least) < 8 else None,
    )
    command = replay.ListSessions(visit.project_id, wanted, Page((number - 1) * PER_PAGE, PER_PAGE))

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        found, total = replay.sessions(tx, command, at)
        return {"sessions": [(each, _strip(each)) for each in found], "total": total}

    return await site.show(
        visit, "sessions.html", read, query=query, page=number, per_page=PER_PAGE, lengths=LENGTHS, buckets=BUCKETS
    )


def _strip(session: Session) -> list[int]:
    """Return how high each stretch of a session stands, of 10; where anything happened at least 1."""
    most = max(session.strip.counts, default=0)
    return [-(-10 * count // most) if count else 0 for count in session.strip.counts]


async def shown(site: Site, visit: Visit) -> web.StreamResponse:
    """Show one session as a table that the player brings to life; a long one in parts."""
    name, part = visit.part("name"), page_number(visit)
    wanted = replay.SessionOf(visit.project_id, name, skip=(part - 1) * replay.AT_ONCE)

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        session, events = replay.session_of(tx, wanted, at)
        if session is None:
            raise NotFound(f"There is no session {name[:80]}")
        found = timeline(events)
        return {"session": session, "line": found, "data": _for_player(found)}

    return await site.show(visit, "session.html", read, labels=LABELS, part=part, at_once=replay.AT_ONCE)


def _for_player(line: Timeline) -> str:
    """Return what the player draws, as JSON that can stand in a script element."""
    lanes = {kind: index for index, kind in enumerate(LANES)}
    document = {
        "length": line.length_ms,
        "changes": line.changes,
        "events": [
            [moment.offset_ms, lanes.get(moment.kind, -1), int(moment.failed), moment.x, moment.y,
             int(moment.kind is Kind.CLICK)]
            for moment in line.moments
        ],
        "layouts": [
            {
                "at": layout.offset_ms,
                "width": layout.width,
                "height": layout.height,
                "boxes": [[box.x, box.y, box.width, box.height, box.tag, box.text] for box in layout.boxes],
            }
            for layout in line.layouts
        ],
    }  # fmt: skip
    text = json.dumps(document, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
