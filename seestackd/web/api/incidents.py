"""Incidents: stretches of trouble, and what people do about them."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from seestackd.errors import Invalid
from seestackd.operations import listings, managed
from seestackd.store.listings import IncidentRow
from seestackd.web.api.fields import Body, Document, Id, Instant, Name, PagedQuery, Pagination, Uid, When, Whole
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

TAG = "Incidents"
_MAX_SILENCE_S = managed.MAX_AHEAD_MS // 1000


class OfMonitor(Document):
    """The monitor an incident is about."""

    id: Id
    slug: str
    name: str


class IncidentShown(Document):
    """One stretch of trouble, open while `closedAt` is null."""

    id: Id
    kind: Annotated[str, Field(description="missed, failed, overrun or unknown")]
    severity: Literal["critical", "warning", "info"]
    monitor: OfMonitor | None
    began_at: Annotated[Instant, Field(description="The first bad outcome")]
    opened_at: Annotated[Instant, Field(description="When it was worth telling")]
    closed_at: Instant | None
    close_reason: str | None
    missed: Annotated[int, Field(description="Runs missed meanwhile")]
    acked_at: Instant | None
    acked_by: str | None
    silenced_until: Instant | None


class IncidentList(Document):
    """Newest first."""

    items: list[IncidentShown]
    pagination: Pagination


class IncidentQuery(PagedQuery):
    """All incidents, those of one state, those of one monitor."""

    state: Literal["open", "closed", "all"] = "all"
    monitor_id: Uid | None = None


class AckBody(Body):
    """Who takes care; the name of the key without it."""

    by: Name | None = None


class SilenceBody(Body):
    """How long nothing is told: until an instant, or for some seconds."""

    until: When | None = None
    duration_sec: Annotated[Whole | None, Field(ge=1, le=_MAX_SILENCE_S)] = None

    @model_validator(mode="after")
    def says_how_long(self) -> "SilenceBody":  # noqa: N804 - a method, as its mode is after
        """Refuse neither and both."""
        if (self.until is None) == (self.duration_sec is None):
            raise Invalid("give until or durationSec, and only one of them", field="until")
        return self


def shown(row: IncidentRow, at: int) -> IncidentShown:
    """Return an incident as it is answered."""
    incident, monitor = row.incident, row.monitor
    return IncidentShown(
        id=incident.uid,
        kind=incident.kind.value,
        severity=incident.severity.value,
        monitor=None if monitor is None else OfMonitor(id=monitor[0], slug=monitor[1], name=monitor[2]),
        began_at=incident.began_at,
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
        close_reason=incident.close_reason,
        missed=incident.missed,
        acked_at=incident.acked_at,
        acked_by=incident.acked_by,
        silenced_until=incident.silenced_until,
    )


async def listed(service: Service, call: Call) -> Reply:
    query: IncidentQuery = call.query
    command = listings.ListIncidents(call.project_id, query.wanted(), query.state, query.monitor_id)

    def shape(found: tuple[list[IncidentRow], int], at: int) -> IncidentList:
        rows, total = found
        return IncidentList(items=[shown(row, at) for row in rows], pagination=query.pagination(total))

    return Reply(await service.read(listings.incidents, command, shape))


async def got(service: Service, call: Call) -> Reply:
    return Reply(await service.read(listings.incident, listings.OfProject(call.project_id, call.part()), shown))


async def acknowledged(service: Service, call: Call) -> Reply:
    command = managed.Ack(call.project_id, call.part(), call.body.by or call.caller.name)
    return Reply(await service.change(call, "incident.ack", call.part(), managed.acknowledge, command, shown))


async def silenced(service: Service, call: Call) -> Reply:
    body: SilenceBody = call.body
    until: Any = body.until if body.duration_sec is None else service.now() + body.duration_sec * 1000
    command = managed.Silence(call.project_id, call.part(), until)
    return Reply(await service.change(call, "incident.silence", call.part(), managed.silence, command, shown))


_ONE = "/incidents/{id}"
ROUTES = (
    Route("GET", "/incidents", TAG, "List incidents", listed, IncidentList, IncidentQuery),
    Route("GET", _ONE, TAG, "Read an incident", got, IncidentShown),
    Route("POST", f"{_ONE}/ack", TAG, "Take care of an incident: no reminders, no escalation", acknowledged,
          IncidentShown, body=AckBody, body_required=False, problems=(409,), example={"by": "on-call"}),
    Route("POST", f"{_ONE}/silence", TAG, "Tell nothing of an incident for a while", silenced, IncidentShown,
          body=SilenceBody, problems=(409,), example={"durationSec": 3600}),
)  # fmt: skip
