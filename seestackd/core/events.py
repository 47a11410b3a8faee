"""What happened: events that `transitions.decide` takes, and changes that are announced after a commit."""

from dataclasses import dataclass, field
from enum import StrEnum

from seestackd.core.values import plain


class Event(StrEnum):
    """The rows of the table in semantics.md 5."""

    SUCCESS = "success"
    FAILED = "failed"
    START = "start"
    LOG = "log"
    SLOT_DEADLINE = "slot_deadline"
    RUN_LIMIT = "run_limit"
    JUDGED_UNKNOWN = "judged_unknown"
    PAUSE = "pause"
    RESUME = "resume"
    SCHEDULE_CHANGED = "schedule_changed"


@dataclass(frozen=True, slots=True)
class DeadlineSet:
    """A monitor waits for a deadline earlier than the judge knew of (ms UTC)."""

    at: int


@dataclass(frozen=True, slots=True)
class AlertsQueued:
    """Outbox rows were written for a channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class AlertSettled:
    """An alert for a channel was delivered, given up or put away."""

    channel: str


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """An incident of an alert rule opened or closed."""

    project_id: int


@dataclass(frozen=True, slots=True)
class RequestsStored:
    """HTTP requests of a project were stored."""

    project_id: int


@dataclass(frozen=True, slots=True)
class MonitorChanged:
    """A monitor's status or rules changed."""

    monitor_id: int
    project_id: int


@plain(frozen=True, slots=True)
class MonitorHeard:
    """A monitor reported, and its status is what it was."""

    monitor_id: int
    project_id: int


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """A key was created or revoked: key tables in memory are stale."""


@dataclass(frozen=True, slots=True)
class RuleChannelSet:
    """An alert rule sends to this target, which is a secret."""

    name: str
    target: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RuleChannelGone:
    """No alert rule sends to this channel any more."""

    name: str
