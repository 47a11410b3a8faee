"""Planned work, and the stretches in which the daemon itself could not hear."""

from typing import Annotated

from pydantic import Field, model_validator

from seestackd.core.maintenance import Window
from seestackd.errors import Invalid, NotFound
from seestackd.operations import listings, maintenance, managed
from seestackd.store.interface import BlindWindow
from seestackd.web.api.fields import (
    Body,
    Document,
    Id,
    Instant,
    Name,
    Names,
    PagedQuery,
    Pagination,
    Text,
    Uid,
    When,
    Whole,
)
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

TAG = "Maintenance"
_MAX_WINDOW_S = maintenance.MAX_WINDOW_MS // 1000


class WindowBody(Body):
    """A window: once from `startsAt` to `endsAt`, or `durationSec` whenever `schedule` comes round.

    It covers the monitors that it names by slug or tag, all of the project when it names none.
    """

    project_id: Uid | None = None
    title: Name
    starts_at: When | None = None
    ends_at: When | None = None
    schedule: Annotated[Text | None, Field(description="Five cron fields, or a systemd calendar expression")] = None
    duration_sec: Annotated[Whole | None, Field(ge=1, le=_MAX_WINDOW_S)] = None
    timezone: Annotated[Text | None, Field(description="Of the schedule; UTC without it")] = None
    monitors: Annotated[Names | None, Field(description="Slugs")] = None
    tags: Names | None = None

    @model_validator(mode="after")
    def is_of_one_kind(self) -> "WindowBody":  # noqa: N804 - a method, as its mode is after
        """Refuse fields of both kinds."""
        if self.schedule is None and (self.duration_sec is not None or self.timezone is not None):
            wrong = "durationSec" if self.duration_sec is not None else "timezone"
            raise Invalid("belongs to a schedule; give one, or startsAt and endsAt only", field=wrong)
        return self


class WindowShown(Document):
    """A maintenance window."""

    id: Id
    title: str
    starts_at: Instant | None
    ends_at: Instant | None
    schedule: str | None
    duration_sec: int | None
    timezone: str | None
    monitors: list[str]
    tags: list[str]


class WindowList(Document):
    """Windows that are to come or recur."""

    items: list[WindowShown]
    pagination: Pagination


class BlindShown(Document):
    """A stretch in which no ping could have been heard; `monitors` are some of those with an unknown run."""

    started_at: Instant
    ended_at: Instant
    cause: str
    unknown_runs: int
    monitors: list[str]


class BlindList(Document):
    """Newest first."""

    items: list[BlindShown]
    pagination: Pagination


def shown(window: Window, at: int) -> WindowShown:
    """Return a window as it is answered."""
    schedule = window.schedule
    return WindowShown(
        id=window.uid,
        title=window.title,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        schedule=None if schedule is None else schedule.text,
        duration_sec=None if schedule is None else window.duration_ms // 1000,
        timezone=None if schedule is None else schedule.timezone,
        monitors=list(window.slugs),
        tags=list(window.tags),
    )


async def listed(service: Service, call: Call) -> Reply:
    query: PagedQuery = call.query
    page = query.wanted()

    def shape(found: list[Window], at: int) -> WindowList:
        items = [shown(window, at) for window in found[page.offset : page.offset + page.limit]]
        return WindowList(items=items, pagination=query.pagination(len(found)))

    return Reply(await service.read(maintenance.listed, maintenance.ListMaintenance(call.project_id), shape))


async def created(service: Service, call: Call) -> Reply:
    body: WindowBody = call.body
    command = maintenance.AddMaintenance(
        call.project_id,
        body.title,
        body.starts_at,
        body.ends_at,
        body.schedule,
        None if body.duration_sec is None else f"{body.duration_sec}s",
        body.timezone or "UTC",
        tuple(body.monitors or ()),
        tuple(body.tags or ()),
    )
    try:
        made = await service.change(call, "maintenance.create", body.title, maintenance.add, command, shown)
    except NotFound as error:
        # A monitor that the body names: the address is right.
        raise Invalid(error.message, field="monitors") from None
    return Reply(made, {"Location": f"{call.request.path}/{made.id}"})


async def got(service: Service, call: Call) -> Reply:
    return Reply(await service.read(managed.window, listings.OfProject(call.project_id, call.part()), shown))


async def removed(service: Service, call: Call) -> Reply:
    command = listings.OfProject(call.project_id, call.part())
    await service.change(call, "maintenance.delete", call.part(), managed.remove_window, command, lambda gone, at: None)
    return Reply(None)


async def blind(service: Service, call: Call) -> Reply:
    query: PagedQuery = call.query

    def shape(found: tuple[list[BlindWindow], int], at: int) -> BlindList:
        windows, total = found
        return BlindList(items=[_blind(window) for window in windows], pagination=query.pagination(total))

    return Reply(await service.read(listings.blind_windows, listings.Paged(call.project_id, query.wanted()), shape))


def _blind(window: BlindWindow) -> BlindShown:
    return BlindShown(
        started_at=window.started_at,
        ended_at=window.ended_at,
        cause=window.cause,
        unknown_runs=window.unknown,
        monitors=list(window.slugs),
    )


_PATH = "/maintenance-windows"
ROUTES = (
    Route("GET", _PATH, TAG, "List maintenance windows", listed, WindowList, PagedQuery),
    Route("POST", _PATH, TAG, "Plan a maintenance window", created, WindowShown, body=WindowBody, status=201,
          example={"title": "Database upgrade", "startsAt": "2030-03-31T12:00:00Z", "endsAt": "2030-03-31T14:00:00Z"}),
    Route("GET", f"{_PATH}/{{id}}", TAG, "Read a maintenance window", got, WindowShown),
    Route("DELETE", f"{_PATH}/{{id}}", TAG, "Call a maintenance window off", removed, status=204),
    Route("GET", "/blind-windows", TAG, "List when the daemon could not hear", blind, BlindList, PagedQuery),
)  # fmt: skip
