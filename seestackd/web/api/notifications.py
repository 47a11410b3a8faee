"""What was told to whom (contract.md 6.5), and who changed what."""

from typing import Annotated, Any, Literal

from pydantic import Field

from seestackd.core.alerts import RULE_CHANNEL
from seestackd.core.incidents import AlertKind
from seestackd.operations import audit, listings
from seestackd.operations.incidents import RULE
from seestackd.store.interface import AuditEntry
from seestackd.store.listings import Notification
from seestackd.web.api.fields import Document, Id, Instant, PagedQuery, Pagination
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

TAG = "Notifications"
_TRIGGERS = {
    AlertKind.FAILED: "job_failed",
    AlertKind.CHANGED: "job_failed",
    AlertKind.MISSED: "job_missed",
    AlertKind.SLOW: "job_duration_spike",
}
_STATUSES: dict[str, Literal["sent", "failed", "skipped_quiet_hours"]] = {
    "delivered": "sent",
    "dead": "failed",
    "skipped": "skipped_quiet_hours",
}


class NotificationShown(Document):
    """An alert that was sent, given up after its last attempt, or held back by the quiet hours of a rule."""

    id: Id
    alert_rule_id: Annotated[Id | None, Field(description="null for channels of the configuration")]
    project_id: Id
    trigger_type: Annotated[str, Field(description="job_failed, job_missed, job_duration_spike, or a kind of our own")]
    kind: str
    severity: Literal["critical", "warning", "info"]
    channel_type: Annotated[str, Field(description="Its type for channels of alert rules, else its name")]
    status: Literal["sent", "failed", "skipped_quiet_hours"]
    error_message: str | None
    monitor: Annotated[str | None, Field(description="Its slug")]
    attempts: int
    sent_at: Instant
    is_read: bool


class NotificationList(Document):
    """Newest first."""

    items: list[NotificationShown]
    pagination: Pagination


class UnreadCount(Document):
    """How many nobody has read, counting to 1,000."""

    count: int


class AllRead(Document):
    """All are read."""

    success: Literal[True] = True


class AuditShown(Document):
    """One change: `changes` are the fields that were sent."""

    id: str
    at: Instant
    actor: str
    source: Annotated[str | None, Field(description="The address it came from")]
    action: str
    about: Annotated[str, Field(description="The id of what was changed, or the name of what was made")]
    changes: dict[str, Any]


class AuditList(Document):
    """Newest first."""

    items: list[AuditShown]
    pagination: Pagination


def _shape(call: Call) -> Any:
    return lambda found, at: _shown(found, call.caller.project_uid)


def _shown(found: Notification, project_uid: str) -> NotificationShown:
    row, alert = found.row, found.row.alert
    by_rule = RULE_CHANNEL.fullmatch(alert.channel) is not None
    return NotificationShown(
        id=alert.alert_id,
        project_id=project_uid,
        alert_rule_id=alert.facts.get(RULE),
        trigger_type=_TRIGGERS.get(alert.kind, alert.kind.value),
        kind=alert.kind.value,
        severity=alert.severity.value,
        channel_type=alert.channel.partition(":")[0] if by_rule else alert.channel,
        status=_STATUSES[row.state],
        error_message=row.result if row.state == "dead" else None,
        monitor=alert.facts.get("slug"),
        attempts=row.attempts,
        sent_at=row.settled_at or row.created_at,
        is_read=found.read,
    )


async def listed(service: Service, call: Call) -> Reply:
    query: PagedQuery = call.query

    def shape(found: tuple[list[Notification], int], at: int) -> NotificationList:
        rows, total = found
        items = [_shown(row, call.caller.project_uid) for row in rows]
        return NotificationList(items=items, pagination=query.pagination(total))

    return Reply(await service.read(listings.notifications, listings.Paged(call.project_id, query.wanted()), shape))


async def log(service: Service, call: Call) -> Reply:
    return await listed(service, call)


async def unread(service: Service, call: Call) -> Reply:
    def shape(count: int, at: int) -> UnreadCount:
        return UnreadCount(count=count)

    return Reply(await service.read(listings.unread, call.project_id, shape))


async def read(service: Service, call: Call) -> Reply:
    command = listings.OfProject(call.project_id, call.part())
    return Reply(await service.change(call, "notification.read", call.part(), listings.read, command, _shape(call)))


async def read_all(service: Service, call: Call) -> Reply:
    def shape(done: None, at: int) -> AllRead:
        return AllRead()

    done = await service.change(call, "notification.read-all", "all", listings.read_all, call.project_id, shape)
    return Reply(done)


async def audit_log(service: Service, call: Call) -> Reply:
    query: PagedQuery = call.query

    def shape(found: tuple[list[AuditEntry], int], at: int) -> AuditList:
        entries, total = found
        items = [
            AuditShown(
                id=str(entry.id),
                at=entry.at,
                actor=entry.actor,
                source=entry.source,
                action=entry.action,
                about=entry.about,
                changes=dict(entry.changes),
            )
            for entry in entries
        ]
        return AuditList(items=items, pagination=query.pagination(total))

    return Reply(await service.read(audit.listed, audit.ListAudit(call.project_id, query.wanted()), shape))


ROUTES = (
    Route("GET", "/notification-log", TAG, "List what was told", log, NotificationList, PagedQuery),
    Route("GET", "/notifications", TAG, "List what was told", listed, NotificationList, PagedQuery),
    Route("GET", "/notifications/unread-count", TAG, "Count what nobody has read", unread, UnreadCount),
    Route("PATCH", "/notifications/read-all", TAG, "Mark all as read", read_all, AllRead),
    Route("PATCH", "/notifications/{id}/read", TAG, "Mark one as read", read, NotificationShown),
    Route("GET", "/audit-log", "Audit", "List who changed what, from where", audit_log, AuditList, PagedQuery),
)
