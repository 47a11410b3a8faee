"""What a monitor is: its rules, its state, its open runs."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from seestackd.core.durations import parse_duration
from seestackd.core.schedule import Schedule, parse_schedule
from seestackd.core.values import plain
from seestackd.errors import Invalid

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MAX_GRACE_MS = 30 * DAY_MS
MAX_RUNTIME_MS = 30 * DAY_MS
MAX_OPEN_RUNS = 20
MIN_REMIND_MS = MINUTE_MS
MAX_SLUG = 100
MAX_NAME = 200
_SLUG = re.compile(r"[a-z0-9-]+")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.:-]*")


class Status(StrEnum):
    """The stored status of a monitor (semantics.md 5)."""

    PENDING = "pending"
    HEALTHY = "healthy"
    MISSED = "missed"
    FAILED = "failed"
    OVERRUN = "overrun"
    PAUSED = "paused"


class Outcome(StrEnum):
    """How a slot, an expectation or a run ended (semantics.md 1)."""

    ON_TIME = "on_time"
    EARLY = "early"
    LATE = "late"
    MISSED = "missed"
    FAILED = "failed"
    OVERRUN = "overrun"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


BAD = frozenset({Outcome.MISSED, Outcome.FAILED, Outcome.OVERRUN})
SILENT = frozenset({Outcome.MISSED, Outcome.SKIPPED, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Rules:
    """Tolerances of a monitor; durations in milliseconds.

    `remind_every_ms` None means daily at 09:00 in the daemon's zone; `slow_factor` None means never told.
    A `public` monitor stands on the status page, under its `public_name` where it has one.
    """

    grace_ms: int = 5 * MINUTE_MS
    max_runtime_ms: int | None = None
    overlap: bool = False
    watch_from_creation: bool = True
    failures_before_alert: int = 1
    successes_before_recovery: int = 1
    slow_factor: float | None = None
    remind_every_ms: int | None = None
    public: bool = False
    public_name: str | None = None


@plain(frozen=True, slots=True)
class Monitor:
    """One job that should report, as configured."""

    id: int
    uid: str
    project_id: int
    slug: str
    name: str
    schedule: Schedule
    rules: Rules
    ping_id: str
    created_at: int
    channels: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    source: str = "api"
    archived_at: int | None = None
    version: int = 1

    @property
    def run_limit_ms(self) -> int:
        """How long a run may take: `max_runtime`, else the larger of grace and one hour (semantics.md 4)."""
        return self.rules.max_runtime_ms or max(self.rules.grace_ms, HOUR_MS)

    @property
    def public_name(self) -> str:
        """What outsiders read."""
        return self.rules.public_name or self.name


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run whose finish has not been heard; `overran` once its limit has passed.

    `slot` is the slot or expectation it answers, None for an extra run. `outcome` is how the slot (of an extra run: the
    run) has ended so far: missed or unknown before a late start, overrun or unknown at the limit.
    """

    id: int
    rid: str | None
    slot: int | None
    started_at: int
    limit_at: int
    overran: bool = False
    outcome: Outcome | None = None


@dataclass(slots=True)
class State:
    """What changes with every ping; instants in milliseconds UTC. `transitions` works on a copy.

    `newest_slot` is the newest slot that has an outcome or an open run, `newest_judged` the newest whose outcome says
    how the job fares (neither skipped nor unknown).
    `silent_slot` is an interval monitor's last expectation that ended missed or unknown, while nothing was heard since.
    `unknown_of` is the start of the blind window that the last `unknown` was put down to.
    """

    status: Status = Status.PENDING
    good: int = 0
    bad: int = 0
    bad_since: int | None = None
    unknowns: int = 0
    unknown_of: int | None = None
    watched_from: int = 0
    expected_at: int | None = None
    newest_slot: int | None = None
    newest_judged: int | None = None
    silent_slot: int | None = None
    hold_until: int | None = None
    paused_until: int | None = None
    open_runs: tuple[OpenRun, ...] = ()
    incident_id: int | None = None
    deadline_at: int | None = None
    last_ping_at: int | None = None
    last_ping_id: int | None = None
    last_ping_mark: int | None = None
    last_ok_at: int | None = None
    last_finish_at: int | None = None
    last_run_id: int | None = None
    last_duration_ms: int | None = None
    ends_only: bool = False

    def __copy__(self) -> "State":
        # copy() of a class with slots goes through pickling, which costs more than a whole decision.
        return State(*_state_fields(self))


_state_fields = attrgetter(*State.__dataclass_fields__)


@plain(frozen=True, slots=True)
class SlotEntry:
    """One ledger row: one slot, or a row of silent ones (`first_at` to `last_at`, `count`; `more`: over 1,000)."""

    first_at: int
    last_at: int
    count: int
    outcome: Outcome
    reason: str
    run_id: int | None = None
    judged_at: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class NewMonitor:
    """A monitor as asked for, validated, before it has an identity."""

    slug: str
    name: str
    schedule: Schedule
    rules: Rules = field(default_factory=Rules)
    channels: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    source: str = "api"


def validate_slug(slug: str) -> str:
    """Return the slug; raises Invalid when it is not 1-100 of a-z, 0-9 and hyphen."""
    if _SLUG.fullmatch(slug) and len(slug) <= MAX_SLUG:
        return slug
    example = re.sub(r"[^a-z0-9]+", "-", slug.lower())[:MAX_SLUG].strip("-") or "nightly-backup"
    raise Invalid(
        f"slug must be lowercase alphanumeric with hyphens, 1-{MAX_SLUG} characters; try {example!r}", field="slug"
    )


def _duration(text: str, field_name: str, most_ms: int) -> int:
    value = parse_duration(text, field_name)
    if value > most_ms:
        raise Invalid(f'"{text}" is more than {most_ms // DAY_MS} days; give at most that', field=field_name)
    return value


def names_of(values: tuple[str, ...], field_name: str) -> tuple[str, ...]:
    """Return names of channels or tags, each once. Raises Invalid naming the field."""
    for value in values:
        if not _NAME.fullmatch(value) or len(value) > MAX_SLUG:
            raise Invalid(f"{value!r} is not a name: letters, digits and . _ : - only", field=field_name)
    return tuple(dict.fromkeys(values))


def new_rules(
    *,
    grace: str | None = None,
    max_runtime: str | None = None,
    overlap: bool = False,
    watch_from_creation: bool = True,
    failures_before_alert: int = 1,
    successes_before_recovery: int = 1,
    slow_factor: float | None = None,
    remind_every: str | None = None,
    public: bool = False,
    public_name: str | None = None,
) -> Rules:
    """Return the tolerances as asked for; raises Invalid naming the field. Grace defaults to five minutes."""
    for name, count in (
        ("failures_before_alert", failures_before_alert),
        ("successes_before_recovery", successes_before_recovery),
    ):
        if not 1 <= count <= MAX_SLUG:
            raise Invalid(f"{count} is not between 1 and {MAX_SLUG}; 1 is the default", field=name)
    if slow_factor is not None and not 1 < slow_factor <= 1000:
        raise Invalid(f"{slow_factor} is not above 1 and at most 1000; try 2.0", field="slow_factor")
    if max_runtime is not None and _duration(max_runtime, "max_runtime", MAX_RUNTIME_MS) == 0:
        raise Invalid("a run needs some time; give at least 1s or leave it out", field="max_runtime")
    reminded = None if remind_every is None else _duration(remind_every, "remind_every", MAX_GRACE_MS)
    if reminded is not None and reminded < MIN_REMIND_MS:
        raise Invalid("nobody wants to be reminded that often; give at least 1m", field="remind_every")
    return Rules(
        grace_ms=5 * MINUTE_MS if grace is None else _duration(grace, "grace", MAX_GRACE_MS),
        max_runtime_ms=None if max_runtime is None else _duration(max_runtime, "max_runtime", MAX_RUNTIME_MS),
        overlap=overlap,
        watch_from_creation=watch_from_creation,
        failures_before_alert=failures_before_alert,
        successes_before_recovery=successes_before_recovery,
        slow_factor=slow_factor,
        remind_every_ms=reminded,
        public=public,
        public_name=None if public_name is None else _shown_name(public_name, "public_name"),
    )


def _shown_name(name: str, field_name: str) -> str:
    shown = name.strip()
    if not shown or len(shown) > MAX_NAME or not shown.isprintable():
        raise Invalid(f"a name has at least one and at most {MAX_NAME} printable characters", field=field_name)
    return shown


def new_monitor(
    slug: str,
    schedule: str,
    *,
    name: str | None = None,
    timezone: str = "UTC",
    rules: Rules | None = None,
    channels: tuple[str, ...] | None = None,
    tags: tuple[str, ...] = (),
    source: str = "api",
) -> NewMonitor:
    """Return a monitor as asked for; raises Invalid naming the field, the problem and an example."""
    return NewMonitor(
        slug=validate_slug(slug),
        name=slug if name is None else _shown_name(name, "name"),
        schedule=parse_schedule(schedule, timezone),
        rules=rules or Rules(),
        channels=None if channels is None else names_of(channels, "channels"),
        tags=names_of(tags, "tags"),
        source=source,
    )


def shown_status(monitor: Monitor, state: State, at: int) -> str:
    """Return the status as people see it: the stored one, or `late` between a slot and its deadline, or `archived`."""
    if monitor.archived_at is not None:
        return "archived"
    late = state.expected_at is not None and state.expected_at < at
    if late and state.status in (Status.PENDING, Status.HEALTHY):
        return "late"
    return state.status.value
