"""What a monitor is: its rules, its state, its open runs."""

from dataclasses import dataclass, field
from enum import StrEnum

from seestackd.core.schedule import Schedule

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MAX_GRACE_MS = 30 * DAY_MS
MAX_OPEN_RUNS = 20


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


GOOD = frozenset({Outcome.ON_TIME, Outcome.EARLY, Outcome.LATE})
BAD = frozenset({Outcome.MISSED, Outcome.FAILED, Outcome.OVERRUN})
SILENT = frozenset({Outcome.MISSED, Outcome.SKIPPED, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Rules:
    """Tolerances of a monitor; durations in milliseconds.

    `remind_every_ms` None means daily at 09:00 in the daemon's zone; `slow_factor` None means never told.
    """

    grace_ms: int = 5 * MINUTE_MS
    max_runtime_ms: int | None = None
    overlap: bool = False
    watch_from_creation: bool = True
    failures_before_alert: int = 1
    successes_before_recovery: int = 1
    slow_factor: float | None = None
    remind_every_ms: int | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run whose finish has not been heard; `overran` once its limit has passed.

    `slot` is the slot or expectation it answers, None for an extra run.
    """

    id: int
    rid: str | None
    slot: int | None
    started_at: int
    limit_at: int
    overran: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What changes with every ping; instants in milliseconds UTC.

    `newest_slot` is the newest slot that has an outcome or an open run, `newest_judged` the newest with an outcome.
    `silent_slot` is an interval monitor's last expectation that ended missed or unknown, while nothing was heard since.
    """

    status: Status = Status.PENDING
    good: int = 0
    bad: int = 0
    unknowns: int = 0
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


@dataclass(frozen=True, slots=True)
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
