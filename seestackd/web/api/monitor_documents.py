"""The documents of cron monitors: as sent, and as answered (contract.md 6.1)."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from seestackd.core.monitor import MAX_GRACE_MS, MAX_NAME, MAX_RUNTIME_MS, MINUTE_MS, Rules, Status, shown_status
from seestackd.errors import Invalid
from seestackd.store.listings import MonitorRow
from seestackd.web.api.fields import (
    MAX_PAGE,
    Body,
    Document,
    Id,
    Instant,
    Name,
    Names,
    Number,
    PagedQuery,
    Pagination,
    Slug,
    Text,
    Uid,
    When,
    Whole,
)

_MAX_GRACE_S = MAX_GRACE_MS // 1000
_MAX_RUNTIME_S = MAX_RUNTIME_MS // 1000
_CONTRACT_GRACE_MIN = 1440
_DEFAULT_GRACE_MIN = 5


class MonitorBody(Body):
    """A monitor as it shall be. Of the fields after `gracePeriodMin`, those left out stay as they are."""

    project_id: Uid | None = None
    name: Name
    slug: Slug
    schedule: Annotated[Text, Field(description="An interval, five cron fields, or a systemd calendar expression")]
    grace_period_min: Annotated[Whole | None, Field(description="0 means 5; for more than a day give graceSec")] = None
    grace_sec: Annotated[Whole | None, Field(ge=0, le=_MAX_GRACE_S)] = None
    timezone: Annotated[Text | None, Field(description="An IANA name", examples=["Europe/Berlin"])] = None
    max_runtime_sec: Annotated[Whole | None, Field(ge=1, le=_MAX_RUNTIME_S)] = None
    overlap: bool | None = None
    watch_from_creation: bool | None = None
    failures_before_alert: Annotated[Whole | None, Field(ge=1, le=100)] = None
    successes_before_recovery: Annotated[Whole | None, Field(ge=1, le=100)] = None
    slow_factor: Annotated[float | None, Field(gt=1, le=1000, description="null: never told of slow runs")] = None
    remind_every_sec: Annotated[Whole | None, Field(ge=60, le=_MAX_GRACE_S, description="null: at 09:00")] = None
    public: Annotated[bool | None, Field(description="Whether it stands on the public status page")] = None
    public_name: Annotated[Name | None, Field(max_length=MAX_NAME, description="Its name there; null: as here")] = None
    channels: Annotated[Names | None, Field(description="null: those of its tags, or the default ones")] = None
    tags: Names | None = None

    @model_validator(mode="after")
    def grace_is_one(self) -> "MonitorBody":  # noqa: N804 - a method, as its mode is after
        """Refuse two graces that differ, and one out of bounds."""
        minutes, seconds = self.grace_period_min, self.grace_sec
        if minutes is not None and seconds is not None and minutes not in (0, -(-seconds // 60)):
            raise Invalid("contradicts graceSec; give one of them", field="grace_period_min")
        if minutes is not None and seconds is None and not 0 <= minutes <= _CONTRACT_GRACE_MIN:
            raise Invalid(f"must be between 0 and {_CONTRACT_GRACE_MIN}; or give graceSec", field="grace_period_min")
        return self

    def rules(self) -> dict[str, Any]:
        """Return the rules that the body names, by their names in `Rules`."""
        sent = self.model_fields_set
        found: dict[str, Any] = {}
        if "max_runtime_sec" in sent:
            found["max_runtime_ms"] = None if self.max_runtime_sec is None else self.max_runtime_sec * 1000
        if "remind_every_sec" in sent:
            found["remind_every_ms"] = None if self.remind_every_sec is None else self.remind_every_sec * 1000
        if "slow_factor" in sent:
            found["slow_factor"] = self.slow_factor
        if "public_name" in sent:
            found["public_name"] = self.public_name
        for name in ("overlap", "watch_from_creation", "failures_before_alert", "successes_before_recovery", "public"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        return {**found, **self._grace()}

    def _grace(self) -> dict[str, int]:
        if self.grace_sec is not None:
            return {"grace_ms": self.grace_sec * 1000}
        return {"grace_ms": (self.grace_period_min or _DEFAULT_GRACE_MIN) * MINUTE_MS}


class MonitorShown(Document):
    """A monitor and how it is."""

    id: Id
    project_id: Id
    name: str
    slug: str
    schedule: str
    timezone: str
    schedule_problem: Annotated[str | None, Field(description="Why the schedule cannot be read; it is not judged then")]
    grace_period_min: Annotated[int, Field(description="graceSec in minutes, rounded up")]
    grace_sec: int
    is_active: Annotated[bool, Field(description="False while it is paused")]
    current_status: Literal["pending", "healthy", "late", "missed", "failed", "overrun", "paused"]
    running: bool
    last_ping_at: Instant | None
    next_expected_at: Instant | None
    deadline_at: Annotated[Instant | None, Field(description="When silence is judged next")]
    paused_until: Instant | None
    last_ok_at: Instant | None
    last_duration_ms: int
    last_message: str | None
    good_in_a_row: int
    bad_in_a_row: int
    incident_id: Id | None
    max_runtime_sec: int | None
    overlap: bool
    watch_from_creation: bool
    failures_before_alert: int
    successes_before_recovery: int
    slow_factor: float | None
    remind_every_sec: int | None
    public: bool
    public_name: str | None
    channels: list[str] | None
    tags: list[str]
    source: Annotated[str, Field(description="What made it; one of `file` is changed in the configuration only")]
    version: Annotated[int, Field(description="Its ETag")]
    created_at: Instant


class MonitorList(Document):
    """Monitors ordered by slug; `pagination` only where `page` or `perPage` was asked for."""

    items: list[MonitorShown]
    pagination: Annotated[Pagination | None, Field(exclude_if=lambda value: value is None)] = None


class MonitorQuery(PagedQuery):
    """Without `page` and `perPage` every monitor is answered."""

    page: Annotated[Number, Field(ge=1, le=MAX_PAGE)] = 1
    per_page: Annotated[Number, Field(ge=1, description="Cut to 200")] = 50
    slug: Annotated[str | None, Field(description="The one monitor with this slug")] = None


class PauseBody(Body):
    """Until when; without it until resumed."""

    until: When | None = None


def shown(row: MonitorRow, at: int, project_uid: str) -> MonitorShown:
    """Return a monitor as it is answered."""
    monitor, state, rules = row.monitor, row.state, row.monitor.rules
    return MonitorShown(
        id=monitor.uid,
        project_id=project_uid,
        name=monitor.name,
        slug=monitor.slug,
        schedule=monitor.schedule.text,
        timezone=monitor.schedule.timezone,
        schedule_problem=monitor.schedule.problem,
        is_active=state.status is not Status.PAUSED,
        current_status=shown_status(monitor, state, at),
        running=any(not run.overran for run in state.open_runs),
        last_ping_at=state.last_ping_at,
        next_expected_at=None if state.status is Status.PAUSED else state.expected_at,
        deadline_at=state.deadline_at,
        paused_until=state.paused_until,
        last_ok_at=state.last_ok_at,
        last_duration_ms=state.last_duration_ms or 0,
        last_message=row.last_message,
        good_in_a_row=state.good,
        bad_in_a_row=state.bad,
        incident_id=row.incident_uid,
        channels=None if monitor.channels is None else list(monitor.channels),
        tags=list(monitor.tags),
        source=monitor.source,
        version=monitor.version,
        created_at=monitor.created_at,
        **_rules(rules),
    )


def _rules(rules: Rules) -> dict[str, Any]:
    return {
        "grace_period_min": -(-rules.grace_ms // MINUTE_MS),
        "grace_sec": rules.grace_ms // 1000,
        "max_runtime_sec": None if rules.max_runtime_ms is None else rules.max_runtime_ms // 1000,
        "overlap": rules.overlap,
        "watch_from_creation": rules.watch_from_creation,
        "failures_before_alert": rules.failures_before_alert,
        "successes_before_recovery": rules.successes_before_recovery,
        "slow_factor": rules.slow_factor,
        "remind_every_sec": None if rules.remind_every_ms is None else rules.remind_every_ms // 1000,
        "public": rules.public,
        "public_name": rules.public_name,
    }
