"""Alert rules: routes that a project brings along itself, with targets of its own (contract.md 6.5)."""

from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_serializer
from pydantic_core import PydanticCustomError

from seestackd.core.alert_rules import AlertRule, Trigger
from seestackd.core.alerts import QuietHours
from seestackd.core.incidents import Severity
from seestackd.operations import alert_rules
from seestackd.runner import Operation
from seestackd.store.interface import Transaction
from seestackd.web.api.etags import Command, tagged, unchanged
from seestackd.web.api.fields import Body, Document, Id, Instant, Name, PagedQuery, Pagination, Uid
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

TAG = "Alert rules"
MAX_CHANNELS = 10
MAX_CONFIG = 20
_FILTERS = {"all": Severity.INFO, "critical": Severity.CRITICAL}


def _wall_time(text: str) -> str:
    try:
        wall = time.fromisoformat(text)
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or wall.microsecond or ":" not in text:
        raise PydanticCustomError("wall_time", "must be a time of day (UTC), for example 23:00")
    return text


def _scalars(config: dict[str, Any]) -> dict[str, Any]:
    plain = all(value is None or isinstance(value, bool | int | float | str) for value in config.values())
    if not plain or any(len(str(part)) > 500 for pair in config.items() for part in pair):
        raise PydanticCustomError("scalars", "must hold texts, numbers, true and false only, none of them long")
    return config


WallTime = Annotated[
    str, AfterValidator(_wall_time), Field(json_schema_extra={"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
]
_CHANNELS = """
Objects with a `type`: `slack` and `discord` with `webhook_url` (or `webhookUrl`), `email` with `to`, `push` with the
Apprise URL of a service as `url`. What is shown of a target later is cut; sent back as shown it stays what it was.
"""


class AlertRuleBody(Body):
    """All of a rule."""

    project_id: Uid | None = None
    name: Name
    trigger_type: Trigger
    channels: Annotated[list[dict[str, Any]], Field(max_length=MAX_CHANNELS, description=_CHANNELS.strip())]
    trigger_config: Annotated[
        dict[str, Any],
        AfterValidator(_scalars),
        Field(max_length=MAX_CONFIG, description="`thresholdPercent` 10, `thresholdMs` 2000, `consecutiveFailures` 3"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    severity_filter: Literal["all", "critical"] = "all"
    quiet_hours_enabled: bool = False
    quiet_start: WallTime = "23:00"
    quiet_end: WallTime = "08:00"

    @field_serializer("channels")
    def without_secrets(self, channels: list[dict[str, Any]]) -> list[Any]:
        """Return what the audit log may keep of the channels: their types."""
        return [each.get("type") if isinstance(each.get("type"), str) else None for each in channels]


class AlertRuleShown(Document):
    """A rule; of the targets of its `channels` only so much as tells them apart."""

    id: Id
    project_id: Id
    name: str
    trigger_type: str
    trigger_config: dict[str, Any]
    severity_filter: Literal["all", "critical"]
    quiet_hours_enabled: bool
    quiet_start: str
    quiet_end: str
    channels: list[dict[str, str]]
    is_enabled: bool
    created_at: Instant
    updated_at: Instant


class AlertRuleList(Document):
    """Newest first."""

    items: list[AlertRuleShown]
    pagination: Pagination


class Toggled(Document):
    """Whether the rule is on now."""

    id: Id
    is_enabled: bool


def _shown(rule: AlertRule, project_uid: str) -> AlertRuleShown:
    return AlertRuleShown(
        id=rule.uid,
        project_id=project_uid,
        name=rule.name,
        trigger_type=rule.trigger.value,
        trigger_config=dict(rule.config),
        severity_filter="critical" if rule.min_severity is Severity.CRITICAL else "all",
        quiet_hours_enabled=rule.quiet_enabled,
        quiet_start=rule.quiet.start.isoformat("seconds"),
        quiet_end=rule.quiet.end.isoformat("seconds"),
        channels=[{"type": each.type, "id": each.name, **each.shown} for each in rule.channels],
        is_enabled=rule.enabled,
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _said(service: Service, call: Call) -> alert_rules.Said:
    body: AlertRuleBody = call.body
    quiet = QuietHours(time.fromisoformat(body.quiet_start), time.fromisoformat(body.quiet_end))
    return alert_rules.Said(
        body.name,
        body.trigger_type,
        body.trigger_config,
        _FILTERS[body.severity_filter],
        body.quiet_hours_enabled,
        quiet,
        service.channels.of_rule(call.caller.project_uid, body.channels),
    )


def _shape(call: Call) -> Any:
    return lambda rule, at: _shown(rule, call.caller.project_uid)


def _if_unchanged(call: Call, operation: Operation[Command, AlertRule]) -> Operation[Command, AlertRule]:
    def present(tx: Transaction, at: int) -> AlertRuleShown:
        rule = alert_rules.shown(tx, alert_rules.RuleOf(call.project_id, call.part()), at)
        return _shown(rule, call.caller.project_uid)

    return unchanged(call, present, operation)


async def listed(service: Service, call: Call) -> Reply:
    query: PagedQuery = call.query

    def shape(found: tuple[list[AlertRule], int], at: int) -> AlertRuleList:
        rules, total = found
        items = [_shown(rule, call.caller.project_uid) for rule in rules]
        return AlertRuleList(items=items, pagination=query.pagination(total))

    command = alert_rules.ListRules(call.project_id, query.wanted())
    return Reply(await service.read(alert_rules.listed, command, shape))


async def created(service: Service, call: Call) -> Reply:
    command = alert_rules.AddRule(call.project_id, _said(service, call))
    made = await service.change(call, "alert-rule.create", call.body.name, alert_rules.add, command, _shape(call))
    return tagged(made, Location=f"{call.request.path}/{made.id}")


async def got(service: Service, call: Call) -> Reply:
    command = alert_rules.RuleOf(call.project_id, call.part())
    return tagged(await service.read(alert_rules.shown, command, _shape(call)))


async def changed(service: Service, call: Call) -> Reply:
    command = alert_rules.ChangeRule(call.project_id, call.part(), _said(service, call))
    change = _if_unchanged(call, alert_rules.change)
    return tagged(await service.change(call, "alert-rule.update", call.part(), change, command, _shape(call)))


async def toggled(service: Service, call: Call) -> Reply:
    def shape(rule: AlertRule, at: int) -> Toggled:
        return Toggled(id=rule.uid, is_enabled=rule.enabled)

    command = alert_rules.RuleOf(call.project_id, call.part())
    toggle = _if_unchanged(call, alert_rules.toggle)
    return Reply(await service.change(call, "alert-rule.toggle", call.part(), toggle, command, shape))


async def removed(service: Service, call: Call) -> Reply:
    command = alert_rules.RuleOf(call.project_id, call.part())
    remove = _if_unchanged(call, alert_rules.remove)
    await service.change(call, "alert-rule.delete", call.part(), remove, command, lambda gone, at: None)
    return Reply(None)


EXAMPLE = {
    "name": "Backups to Slack",
    "triggerType": "job_failed",
    "channels": [{"type": "slack", "webhook_url": "https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/abcdefghijkl"}],
    "severityFilter": "all",
    "quietHoursEnabled": True,
    "quietStart": "23:00",
    "quietEnd": "08:00",
}
_ONE = "/alert-rules/{id}"
ROUTES = (
    Route("GET", "/alert-rules", TAG, "List alert rules", listed, AlertRuleList, PagedQuery),
    Route("POST", "/alert-rules", TAG, "Make an alert rule", created, AlertRuleShown, body=AlertRuleBody, status=201,
          problems=(409,), example=EXAMPLE, tagged=True),
    Route("GET", _ONE, TAG, "Read an alert rule", got, AlertRuleShown, tagged=True),
    Route("PATCH", _ONE, TAG, "Replace all that an alert rule says", changed, AlertRuleShown, body=AlertRuleBody,
          problems=(412,), example=EXAMPLE, tagged=True),
    Route("PATCH", f"{_ONE}/toggle", TAG, "Switch an alert rule off, or on again", toggled, Toggled, problems=(412,)),
    Route("DELETE", _ONE, TAG, "Delete an alert rule", removed, problems=(412,)),
)  # fmt: skip
