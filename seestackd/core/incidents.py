"""One stretch of trouble of one subject, and the alerts it causes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from seestackd.core.values import plain

Facts = Mapping[str, Any]


class Severity(StrEnum):
    """How loud an alert is (semantics.md 7)."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class AlertKind(StrEnum):
    """What an alert says (semantics.md 7)."""

    MISSED = "missed"
    FAILED = "failed"
    OVERRUN = "overrun"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    SLOW = "slow"
    HTTP_ERROR_RATE = "http_error_rate"
    HTTP_SLOW_ENDPOINT = "http_slow_endpoint"
    HTTP_OUTBOUND_DOWN = "http_outbound_down"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    RECOVERED = "recovered"
    FLAPPING = "flapping"
    BLIND = "blind"
    DEAD_LETTER = "dead_letter"
    RESTORED = "restored"
    REFUSED = "refused"
    EVICTED = "evicted"
    REPORT = "report"
    TEST = "test"
    DIGEST = "digest"


SEVERITY: Mapping[AlertKind, Severity] = {
    AlertKind.MISSED: Severity.CRITICAL,
    AlertKind.FAILED: Severity.CRITICAL,
    AlertKind.OVERRUN: Severity.CRITICAL,
    AlertKind.UNKNOWN: Severity.WARNING,
    AlertKind.CHANGED: Severity.CRITICAL,
    AlertKind.SLOW: Severity.WARNING,
    AlertKind.HTTP_ERROR_RATE: Severity.CRITICAL,
    AlertKind.HTTP_SLOW_ENDPOINT: Severity.WARNING,
    AlertKind.HTTP_OUTBOUND_DOWN: Severity.CRITICAL,
    AlertKind.REMINDER: Severity.CRITICAL,
    AlertKind.ESCALATION: Severity.CRITICAL,
    AlertKind.RECOVERED: Severity.INFO,
    AlertKind.FLAPPING: Severity.WARNING,
    AlertKind.BLIND: Severity.INFO,
    AlertKind.DEAD_LETTER: Severity.INFO,
    AlertKind.RESTORED: Severity.CRITICAL,
    AlertKind.REFUSED: Severity.CRITICAL,
    AlertKind.EVICTED: Severity.WARNING,
    AlertKind.REPORT: Severity.INFO,
    AlertKind.TEST: Severity.INFO,
    AlertKind.DIGEST: Severity.WARNING,
}


@plain(frozen=True, slots=True)
class Incident:
    """A stretch of trouble; `began_at` is the first bad outcome, `opened_at` when it became worth telling (ms UTC)."""

    id: int
    uid: str
    subject: str
    kind: AlertKind
    severity: Severity
    began_at: int
    opened_at: int
    project_id: int | None = None
    monitor_id: int | None = None
    closed_at: int | None = None
    close_reason: str | None = None
    missed: int = 0
    acked_at: int | None = None
    acked_by: str | None = None
    silenced_until: int | None = None
    next_action_at: int | None = None
    reminded_at: int | None = None
    escalated: int = 0
    facts: Facts | None = None


@plain(frozen=True, slots=True)
class Alert:
    """One message to one channel, before it is stored; `facts` is what its text is made of (JSON values only)."""

    alert_id: str
    channel: str
    kind: AlertKind
    severity: Severity
    facts: Facts
    project_id: int | None = None
    monitor_id: int | None = None
    incident_id: int | None = None
    next_attempt_at: int | None = None


@plain(frozen=True, slots=True)
class OutboxRow:
    """One stored alert; `state` is pending, delivered, superseded, skipped (by a rule's quiet hours) or dead.

    `told_by` is the id of the row whose message tells it: its own, or a digest's; None or 0 while that is undecided.
    """

    id: int
    alert: Alert
    created_at: int
    attempts: int
    state: str
    settled_at: int | None = None
    result: str | None = None
    told_by: int | None = None
    acknowledged_at: int | None = None
