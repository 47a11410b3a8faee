"""Settings: keys, channels, planned work, what is kept, how the daemon itself is."""

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from seestackd.core.incidents import OutboxRow
from seestackd.core.keys import RANDOM_BYTES, Scope, make_secret
from seestackd.core.monitor import DAY_MS
from seestackd.errors import Invalid, NotFound
from seestackd.operations import keys, maintenance, managed, outbox, public
from seestackd.operations.listings import OfProject
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

BLIND_SHOWN = 20
LOOKED_BACK = 500
SCOPES = tuple((scope.value, scope.value) for scope in Scope)


async def shown(site: Site, visit: Visit) -> web.StreamResponse:
    """Show everything on one page."""
    return await _page(site, visit)


async def _page(site: Site, visit: Visit, **extra: Any) -> web.Response:
    def read(tx: Transaction, at: int) -> dict[str, Any]:
        project = visit.project
        assert project is not None
        return {
            "keys": [key for key in reversed(tx.keys.all()) if key.project_id == visit.project_id],
            "channels": _channels(site, tx),
            "rules": tx.alert_rules.in_project(visit.project_id)[::-1],
            "windows": tx.maintenance.in_project(visit.project_id),
            "kept": {kind.value: ms // DAY_MS for kind, ms in site.dashboard.kept().items()},
            "figures": tx.counting.figures(at - DAY_MS),
            "blind": tx.listings.blind_windows(Page(0, BLIND_SHOWN)),
            "badges": [(tag, public.badge_path(tx, project, public.TAG, tag)) for tag in tx.uptime.tags(project.id)],
            "public": tx.uptime.count_public(project.id),
            "scopes": SCOPES,
            "timezone": tx.routing.timezone,
            "report": tx.routing.monthly_report,
        }

    return await site.show(
        visit, "settings.html", read, **{"made": None, "wrong": {}, "standing": site.dashboard.standing(), **extra}
    )


def _channels(site: Site, tx: Transaction) -> list[tuple[str, OutboxRow | None]]:
    """Return every channel of the settings with the newest alert to it that has a result."""
    newest: dict[str, OutboxRow] = {}
    for row in tx.outbox.listed(LOOKED_BACK):
        if row.state != "superseded" and (row.state != "pending" or row.attempts):
            newest.setdefault(row.alert.channel, row)
    return [(name, newest.get(name)) for name in sorted(site.dashboard.channels())]


async def make_key(site: Site, visit: Visit) -> web.StreamResponse:
    """Make a key and show it, this once."""
    secret = make_secret(secrets.token_bytes(RANDOM_BYTES))
    try:
        command = keys.CreateKey(visit.project_id, visit.text("name"), Scope(visit.text("scope", "ingest")), secret)
        made = await site.change(visit, "key.create", visit.text("name")[:100], keys.create, command)
    except (Invalid, ValueError) as error:
        return await _page(site, visit, wrong={"name": getattr(error, "message", "choose a scope")})
    return await _page(site, visit, made=(made.name, secret))


async def revoke_key(site: Site, visit: Visit) -> web.StreamResponse:
    """Revoke a key at once."""
    uid = visit.part("id")
    await site.change(visit, "key.revoke", uid, keys.revoke, keys.RevokeKey(visit.project_id, uid))
    return site.back(visit, "/settings#keys", "Revoked: it is of no use any more.")


async def test_channel(site: Site, visit: Visit) -> web.StreamResponse:
    """Send a test message through a channel."""
    name = visit.text("channel")
    if name not in site.dashboard.channels():
        raise NotFound(f"There is no channel {name}")
    command = outbox.QueueTest(name, f"dashboard ({visit.user})")
    await site.change(visit, "channel.test", name, outbox.queue_test, command)
    return site.back(visit, "/i?alerts=all", f"A test is on its way to {name}.")


async def plan(site: Site, visit: Visit) -> web.StreamResponse:
    """Plan a maintenance window, once or again and again."""
    schedule, zone = visit.text("schedule"), visit.text("timezone") or site.dashboard.timezone
    try:
        command = maintenance.AddMaintenance(
            visit.project_id,
            visit.text("title"),
            starts_at=None if schedule else _instant(visit.text("starts"), zone, "starts"),
            ends_at=None if schedule else _instant(visit.text("ends"), zone, "ends"),
            schedule=schedule or None,
            duration=visit.text("duration") or None,
            timezone=zone,
            slugs=tuple(visit.text("monitors").split()),
            tags=tuple(visit.text("tags").split()),
        )
        await site.change(visit, "maintenance.create", command.title[:100], maintenance.add, command)
    except (Invalid, NotFound) as error:
        return await _page(site, visit, wrong={"window": f"{error.field or 'window'}: {error.message}"})
    return site.back(visit, "/settings#maintenance", "Planned.")


def _instant(text: str, zone: str, field: str) -> int:
    try:
        local = datetime.fromisoformat(text)
        return int((local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)
    except (ValueError, KeyError, OSError, OverflowError):
        raise Invalid("must be a date and a time, such as 2026-11-23T03:00", field=field) from None


async def call_off(site: Site, visit: Visit) -> web.StreamResponse:
    """Call a maintenance window off."""
    uid = visit.part("id")
    command = OfProject(visit.project_id, uid)
    await site.change(visit, "maintenance.remove", uid, managed.remove_window, command)
    return site.back(visit, "/settings#maintenance", "Called off.")
