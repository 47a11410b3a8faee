"""Cron monitors: what jobs should report, and how they are (contract.md 6.1)."""

import secrets
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter

from seestackd.core.monitor import Rules, new_monitor
from seestackd.errors import Invalid
from seestackd.operations import listings, managed, monitors
from seestackd.store.interface import Transaction
from seestackd.store.listings import MonitorRow
from seestackd.web.api.monitor_documents import MonitorBody, MonitorList, MonitorQuery, MonitorShown, PauseBody, shown
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service, expected_version

TAG = "Cron monitors"
EXAMPLE = {"name": "Nightly backup", "slug": "nightly-backup", "schedule": "0 3 * * *", "timezone": "Europe/Berlin"}

_LIST = TypeAdapter(MonitorList)


def _tagged(monitor: MonitorShown) -> Reply:
    return Reply(monitor, {"ETag": f'"{monitor.version}"'})


def _known(channels: list[str] | None, names: Collection[str]) -> tuple[str, ...] | None:
    """Return the channels; raises Invalid with the nearest name when one does not exist."""
    for name in channels or ():
        if name not in names:
            near = get_close_matches(name, names, 1)
            step = f"did you mean {near[0]}?" if near else "add it to the settings, or leave channels out"
            raise Invalid(f"no channel {name[:100]!r} is defined; {step}", field="channels")
    return None if channels is None else tuple(channels)


async def listed(service: Service, call: Call) -> Reply:
    query: MonitorQuery = call.query
    paged = not query.model_fields_set.isdisjoint({"page", "per_page"})
    command = listings.ListMonitors(call.project_id, query.wanted() if paged else None, query.slug)

    def shape(found: tuple[list[MonitorRow], int], at: int) -> bytes:
        rows, total = found
        items = [shown(row, at, call.caller.project_uid) for row in rows]
        return _LIST.dump_json(MonitorList(items=items, pagination=query.pagination(total) if paged else None))

    return Reply(await service.read(listings.monitors, command, shape))


async def created(service: Service, call: Call) -> Reply:
    body: MonitorBody = call.body
    channels = _known(body.channels, service.channels.names())
    new = new_monitor(
        body.slug,
        body.schedule,
        name=body.name,
        timezone=body.timezone or "UTC",
        rules=Rules(**body.rules()),
        channels=channels,
        tags=tuple(body.tags or ()),
    )
    command = monitors.AddMonitor(call.project_id, new, secrets.token_urlsafe(16))

    def add(tx: Transaction, command: monitors.AddMonitor, at: int) -> MonitorRow:
        monitor = monitors.add(tx, command, at)
        return listings.monitor(tx, listings.OfMonitor(command.project_id, monitor.uid), at)

    reply = _tagged(await service.change(call, "monitor.create", body.slug, add, command, _shape(call)))
    assert isinstance(reply.data, MonitorShown)
    return Reply(reply.data, {**reply.headers, "Location": f"{call.request.path}/{reply.data.id}"})


def _shape(call: Call) -> Any:
    return lambda row, at: shown(row, at, call.caller.project_uid)


async def got(service: Service, call: Call) -> Reply:
    command = listings.OfMonitor(call.project_id, call.part())
    return _tagged(await service.read(listings.monitor, command, _shape(call)))


async def changed(service: Service, call: Call) -> Reply:
    body: MonitorBody = call.body
    command = managed.ChangeMonitor(
        call.project_id,
        call.part(),
        slug=body.slug,
        name=body.name,
        schedule=body.schedule,
        timezone=body.timezone,
        rules=body.rules(),
        grace_in_minutes=body.grace_sec is None,
        sets_channels="channels" in body.model_fields_set,
        channels=_known(body.channels, service.channels.names()),
        tags=None if body.tags is None else tuple(body.tags),
        expected_version=expected_version(call),
    )
    return _tagged(
        await service.change(call, "monitor.update", call.part(), managed.change_monitor, command, _shape(call))
    )


async def removed(service: Service, call: Call) -> Reply:
    command = managed.RemoveMonitor(call.project_id, call.part(), expected_version(call))
    await service.change(call, "monitor.delete", call.part(), managed.remove_monitor, command, lambda gone, at: None)
    return Reply(None)


async def paused(service: Service, call: Call) -> Reply:
    command = managed.PauseMonitor(call.project_id, call.part(), call.body.until)
    return _tagged(
        await service.change(call, "monitor.pause", call.part(), managed.pause_monitor, command, _shape(call))
    )


async def resumed(service: Service, call: Call) -> Reply:
    command = listings.OfMonitor(call.project_id, call.part())
    return _tagged(
        await service.change(call, "monitor.resume", call.part(), managed.resume_monitor, command, _shape(call))
    )


_ONE = "/cron-monitors/{id}"
ROUTES = (
    Route("GET", "/cron-monitors", TAG, "List monitors", listed, MonitorList, MonitorQuery),
    Route("POST", "/cron-monitors", TAG, "Create a monitor", created, MonitorShown, body=MonitorBody, status=201,
          problems=(409,), example=EXAMPLE),
    Route("GET", _ONE, TAG, "Read a monitor", got, MonitorShown),
    Route("PUT", _ONE, TAG, "Change a monitor", changed, MonitorShown, body=MonitorBody, problems=(409, 412),
          example={**EXAMPLE, "graceSec": 900, "maxRuntimeSec": 7200, "tags": ["db"]},
          description="With `If-Match` it is changed only while its ETag is still that one. The slug stays."),
    Route("DELETE", _ONE, TAG, "Delete a monitor with its history", removed, status=204, problems=(409, 412)),
    Route("POST", f"{_ONE}/pause", TAG, "Stop watching a monitor", paused, MonitorShown, body=PauseBody,
          body_required=False, example={}, description="Until resumed, or until an instant at most 366 days ahead."),
    Route("POST", f"{_ONE}/resume", TAG, "Watch a monitor again", resumed, MonitorShown),
)  # fmt: skip
