"""The page of one monitor, and what can be done there."""

from typing import Any

from aiohttp import web

from seestackd.core.durations import parse_duration
from seestackd.core.monitor import MINUTE_MS
from seestackd.core.pings import PingKind
from seestackd.errors import Conflict, Invalid
from seestackd.operations import details, incidents, managed, monitors
from seestackd.operations.listings import OfMonitor
from seestackd.operations.monitors import MonitorNamed
from seestackd.operations.overview import SlotTold, last_slots
from seestackd.operations.pings import RecordPing, record
from seestackd.store.interface import Transaction
from seestackd.web.pages import charts, telemetry, wording
from seestackd.web.pages.answers import dressed
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site
from seestackd.web.pages.snippets import snippets

SILENCES = ("1h", "8h", "1d")


def of(visit: Visit) -> MonitorNamed:
    """Return which monitor a visit is about."""
    return MonitorNamed(visit.project_id, visit.part("slug"))


async def shown(site: Site, visit: Visit) -> web.StreamResponse:
    base = site.base(visit)

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        found = details.details(tx, of(visit), at)
        monitor = found.explanation.view.monitor
        return {
            "details": found,
            "view": found.explanation.view,
            "monitor": monitor,
            "state": found.explanation.view.state,
            "said": found.explanation,
            "declared": monitor.source == managed.FROM_FILE,
            "chart": charts.durations(found.runs, found.figures.usual),
            "numbers": charts.numbers(found.runs, found.figures.usual),
            "traced": telemetry.of_runs(tx, visit.project_id, monitor.uid, found.runs, at),
            "snippets": snippets(monitor, base, found.ping_secret),
            "silences": SILENCES,
            "wanted": visit.query("show"),
        }

    return await site.show(visit, "monitor.html", read)


async def output(site: Site, visit: Visit) -> web.StreamResponse:
    """Show what a run had printed."""
    number = visit.part("number")
    command = details.OutputOf(visit.project_id, visit.part("slug"), int(number))

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        return {"slug": command.slug, "number": number, "text": details.output(tx, command, at)}

    return await site.show(visit, "output.html", read)


async def tips(site: Site, visit: Visit) -> web.StreamResponse:
    """Tell each slot of a bar in words, the oldest first: what a pointer shows is fetched when there is one."""

    def read(tx: Transaction, command: MonitorNamed, at: int) -> list[str]:
        zone = monitors.shown(tx, command, at).monitor.schedule.timezone
        return [_tip(site, visit, slot, zone, at) for slot in last_slots(tx, command, at)]

    return dressed(web.json_response(await site.runner.read(read, of(visit))))


def _tip(site: Site, visit: Visit, slot: SlotTold, zone: str, at: int) -> str:
    shown = wording.Moments(visit.times, visit.browser_zone, site.dashboard.timezone, at).zone(zone)
    parts = [wording.STATES.get(slot.outcome, ("", slot.outcome))[1]]
    parts.append(f"{'one of several from ' if slot.several else ''}{wording.written(slot.at, shown, at)}")
    if slot.duration_ms is not None:
        parts.append(wording.took(slot.duration_ms))
    if slot.exit_code:
        parts.append(f"exit {slot.exit_code}")
    if slot.message:
        parts.append(wording.visible(slot.message, 120))
    return " · ".join(parts)


async def pause(site: Site, visit: Visit) -> web.StreamResponse:
    slug = visit.part("slug")
    await site.change(visit, "monitor.pause", slug, _on(managed.pause_monitor, _paused), of(visit))
    return site.back(visit, f"/m/{slug}", "It is paused; nothing is expected of it.")


async def resume(site: Site, visit: Visit) -> web.StreamResponse:
    slug = visit.part("slug")
    await site.change(visit, "monitor.resume", slug, _on(managed.resume_monitor, OfMonitor), of(visit))
    return site.back(visit, f"/m/{slug}", "It is watched again.")


async def ping(site: Site, visit: Visit) -> web.StreamResponse:
    """Report a success in the place of the job, to see what comes of it; the report says who did."""
    slug = visit.part("slug")
    said = f"sent from the dashboard by {visit.user}"
    command = RecordPing(visit.project_id, slug, PingKind.SUCCESS, message=said, source=visit.source, door="dashboard")
    await site.change(visit, "monitor.ping", slug, record, command)
    return site.back(visit, f"/m/{slug}", "A success is noted, as if the job had sent it.")


async def remove(site: Site, visit: Visit) -> web.StreamResponse:
    slug = visit.part("slug")
    await site.change(visit, "monitor.delete", slug, _on(managed.remove_monitor, managed.RemoveMonitor), of(visit))
    return site.back(visit, "/", f"{slug} is removed, with its history.")


async def removing(site: Site, visit: Visit) -> web.StreamResponse:
    """Ask before a monitor is removed."""

    def read(tx: Transaction, at: int) -> dict[str, Any]:
        return {"monitor": monitors.shown(tx, of(visit), at).monitor}

    return await site.show(visit, "remove.html", read)


async def acknowledge(site: Site, visit: Visit) -> web.StreamResponse:
    slug = visit.part("slug")

    def ack(tx: Transaction, command: MonitorNamed, at: int) -> None:
        incidents.acknowledge(tx, incidents.AckIncident(_incident(tx, command, at), visit.user or ""), at)

    await site.change(visit, "incident.ack", slug, ack, of(visit))
    return site.back(visit, f"/m/{slug}", "Acknowledged: no more reminders.")


async def silence(site: Site, visit: Visit) -> web.StreamResponse:
    slug, text = visit.part("slug"), visit.text("for")
    span = parse_duration(text, "for")
    if not 0 < span <= managed.MAX_AHEAD_MS:
        raise Invalid("must be more than nothing and at most a year, for example 8h", field="for")

    def quiet(tx: Transaction, command: MonitorNamed, at: int) -> None:
        incidents.silence(tx, incidents.SilenceIncident(_incident(tx, command, at), at + span), at)

    await site.change(visit, "incident.silence", slug, quiet, of(visit), {"for": text})
    return site.back(visit, f"/m/{slug}", f"Silenced for {text}.")


async def apply_grace(site: Site, visit: Visit) -> web.StreamResponse:
    slug = visit.part("slug")

    def widen(tx: Transaction, command: MonitorNamed, at: int) -> int:
        found = details.details(tx, command, at)
        monitor, grace = found.explanation.view.monitor, found.figures.grace_ms
        managed.refuse_declared(monitor)
        if grace is None:
            raise Conflict("The runs since then suggest no other grace any more")
        rules = monitors.with_grace(monitor.rules, grace)
        monitors.edit(tx, monitors.EditMonitor(command.project_id, command.slug, rules=rules), at)
        return grace

    grace = await site.change(visit, "monitor.update", slug, widen, of(visit))
    return site.back(visit, f"/m/{slug}", f"The grace is {grace // MINUTE_MS} min now.")


def _incident(tx: Transaction, command: MonitorNamed, at: int) -> int:
    incident_id = monitors.shown(tx, command, at).state.incident_id
    if incident_id is None:
        raise Conflict("There is no open incident any more")
    return incident_id


def _paused(project_id: int, uid: str) -> managed.PauseMonitor:
    return managed.PauseMonitor(project_id, uid)


def _on(operation: Any, command_of: Any) -> Any:
    """Return an operation by uid as one by slug."""

    def run(tx: Transaction, command: MonitorNamed, at: int) -> Any:
        uid = monitors.named(tx, command.project_id, command.slug).uid
        return operation(tx, command_of(command.project_id, uid), at)

    return run
