"""Incidents and alerts: what went wrong, who was told, whether it arrived, what somebody did about it."""

from typing import Any

from aiohttp import web

from seestackd.core.durations import parse_duration
from seestackd.errors import NotFound
from seestackd.operations import managed, outbox, told
from seestackd.operations.outbox import AckDead, AlertLog, Resend
from seestackd.store.interface import Transaction
from seestackd.store.listings import IncidentRow, Page
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

PER_PAGE = 50
ALERTS_SHOWN = 100
ALERT_STATES = ("dead", "pending", "delivered", "superseded")
SILENCES = (("1h", "1 hour"), ("8h", "8 hours"), ("24h", "24 hours"), ("7d", "7 days"))


async def listed(site: Site, visit: Visit) -> web.StreamResponse:
    """Show incidents, or with `?alerts=` the alert log."""
    if visit.query("alerts"):
        return await alerts(site, visit)
    state, number = visit.query("state"), page_number(visit)
    query = {name: visit.query(name) for name in ("state", "monitor", "channel") if visit.query(name)}
    command = told.ListIncidents(
        visit.project_id,
        Page((number - 1) * PER_PAGE, PER_PAGE),
        state if state in ("open", "closed") else "all",
        visit.query("monitor") or None,
        visit.query("channel") or None,
    )

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        found = told.log(tx, command, at)
        return {"log": found, "channels": [("", "Anybody"), *((name, name) for name in found.channels)]}

    return await site.show(
        visit, "incidents.html", read, state=command.state, query=query, page=number, per_page=PER_PAGE,
        most=told.RECENT_OF,
    )  # fmt: skip


def page_number(visit: Visit) -> int:
    """Return which page of a list is asked for, from 1."""
    text = visit.query("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


async def alerts(site: Site, visit: Visit) -> web.StreamResponse:
    """Show the alert log, the newest first; `dead` shows those of every project that nobody has acknowledged.

    Pages are told apart by the number that they begin below, so that new alerts shift nothing.
    """
    wanted = visit.query("alerts")
    state, before = wanted if wanted in ALERT_STATES else None, visit.query("before")
    below = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    command = AlertLog(visit.project_id, state, below, ALERTS_SHOWN)

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        rows, more = outbox.log(tx, command, at)
        return {"alerts": rows, "more": more}

    return await site.show(visit, "alerts.html", read, state=state or "all", states=ALERT_STATES, below=below)


async def shown(site: Site, visit: Visit) -> web.StreamResponse:
    """Show one incident from its beginning to its end."""
    number = int(visit.part("number"))

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        return {"story": _story(tx, visit, number, at), "silences": SILENCES}

    return await site.show(visit, "incident.html", read)


async def confirm_silence(site: Site, visit: Visit) -> web.StreamResponse:
    """Ask before silencing: programs that scan mails follow its links, and must change nothing."""
    number = int(visit.part("number"))

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        return {"story": _story(tx, visit, number, at), "silences": SILENCES}

    return await site.show(visit, "silence.html", read)


async def silence(site: Site, visit: Visit) -> web.StreamResponse:
    """Tell nothing of an incident for a while."""
    row = await _row(site, visit)
    until = site.now() + parse_duration(visit.text("for", "1h"), "for")
    command = managed.Silence(visit.project_id, row.incident.uid, until)
    await site.change(visit, "incident.silence", row.incident.uid, managed.silence, command, {"until": until})
    return site.back(visit, f"/i/{row.incident.id}", "Silenced.")


async def acknowledge(site: Site, visit: Visit) -> web.StreamResponse:
    """Take care of an incident: no reminders, no escalation."""
    row = await _row(site, visit)
    command = managed.Ack(visit.project_id, row.incident.uid, visit.user or "dashboard")
    await site.change(visit, "incident.ack", row.incident.uid, managed.acknowledge, command)
    return site.back(visit, f"/i/{row.incident.id}", "Acknowledged: no more reminders.")


async def resend(site: Site, visit: Visit) -> web.StreamResponse:
    """Send an alert again that was given up."""
    number = await _alert(site, visit)
    await site.change(visit, "alert.resend", str(number), outbox.resend, Resend(number))
    return site.back(visit, "/i?alerts=pending", "On its way again.")


async def dismiss(site: Site, visit: Visit) -> web.StreamResponse:
    """Put an alert that was given up out of sight."""
    number = await _alert(site, visit)
    await site.change(visit, "alert.ack", str(number), outbox.ack_dead, AckDead(number))
    return site.back(visit, "/i?alerts=dead", "Noted.")


async def _row(site: Site, visit: Visit) -> IncidentRow:
    def read(tx: Transaction, number: int, at: int) -> IncidentRow:
        return _story(tx, visit, number, at).row

    return await site.runner.read(read, int(visit.part("number")))


def _story(tx: Transaction, visit: Visit, number: int, at: int) -> told.IncidentStory:
    """Return an incident of any project: its number alone says which, and whoever is here may see all."""
    found = told.story(tx, number, at)
    visit.turn_to(found.row.incident.project_id)
    return found


async def _alert(site: Site, visit: Visit) -> int:
    number = int(visit.part("number"))
    view = await site.runner.read(outbox.shown, outbox.ShowAlert(number))
    if view is None:
        raise NotFound(f"There is no alert with the number {number}")
    return number
