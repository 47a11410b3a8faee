"""Rules made over the API: who else hears of what in a project, and when not (contract.md 6.5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from seestackd.core.alerts import OFF, QuietHours, Recipient
from seestackd.core.incidents import AlertKind, Incident, Severity
from seestackd.errors import Invalid

SPIKE_FACTOR = 1.5
SPIKE_SAMPLES = 10
MAX_HOST = 255


class Trigger(StrEnum):
    """What a rule listens for."""

    JOB_FAILED = "job_failed"
    JOB_MISSED = "job_missed"
    JOB_DURATION_SPIKE = "job_duration_spike"
    HTTP_ERROR_RATE = "http_error_rate"
    HTTP_SLOW_ENDPOINT = "http_slow_endpoint"
    HTTP_OUTBOUND_DOWN = "http_outbound_down"


TRIGGER_OF: Mapping[AlertKind, Trigger] = {
    AlertKind.FAILED: Trigger.JOB_FAILED,
    AlertKind.CHANGED: Trigger.JOB_FAILED,
    AlertKind.MISSED: Trigger.JOB_MISSED,
    AlertKind.OVERRUN: Trigger.JOB_MISSED,
    AlertKind.UNKNOWN: Trigger.JOB_MISSED,
    AlertKind.SLOW: Trigger.JOB_DURATION_SPIKE,
    AlertKind.HTTP_ERROR_RATE: Trigger.HTTP_ERROR_RATE,
    AlertKind.HTTP_SLOW_ENDPOINT: Trigger.HTTP_SLOW_ENDPOINT,
    AlertKind.HTTP_OUTBOUND_DOWN: Trigger.HTTP_OUTBOUND_DOWN,
}
"""By what happened to a job; a run that never ends is a report that never came."""


@dataclass(frozen=True, slots=True)
class RuleChannel:
    """One target of a rule. `name` is its lane, the same for every rule of the project that sends to this target.

    `target` is the secret: an Apprise URL, or a mail address for `email`; empty when it is to stay what it was.
    `shown` is what may be shown of it: one field, named as it was sent.
    """

    name: str
    type: str
    shown: Mapping[str, str]
    target: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A rule. Its quiet hours (UTC) hold back all that it tells, whatever the severity."""

    id: int
    uid: str
    project_id: int
    name: str
    trigger: Trigger
    config: Mapping[str, Any]
    min_severity: Severity
    quiet_enabled: bool
    quiet: QuietHours
    channels: tuple[RuleChannel, ...]
    enabled: bool
    created_at: int
    updated_at: int

    @property
    def wants(self) -> Recipient:
        """What its channels want to hear through it."""
        quiet = self.quiet if self.quiet_enabled else None
        return Recipient(self.min_severity, quiet=quiet, quiet_for_all=True, rule=self.uid) if self.enabled else OFF


def trigger_of(kind: AlertKind, incident: Incident | None) -> Trigger | None:
    """Return the trigger an alert answers to: that of its kind, else of the incident that it is about."""
    if kind in TRIGGER_OF or incident is None:
        return TRIGGER_OF.get(kind)
    return TRIGGER_OF.get(incident.kind)


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a trigger's configuration: its default and its limits; `whole` when it has no fraction."""

    default: float
    least: float
    most: float
    whole: bool = True

    def checked(self, name: str, value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and isinstance(value, float) and value.is_integer():
            value = int(value)
        if not number or (self.whole and isinstance(value, float)) or not self.least <= value <= self.most:
            kind = "a whole number" if self.whole else "a number"
            limits = f"{self.least:g} to {self.most:g}"
            raise Invalid(f"must be {kind} from {limits}; {self.default:g} is usual", field=f"triggerConfig.{name}")
        return float(value) if isinstance(value, float) else int(value)


_NUMBERS: Mapping[Trigger, Mapping[str, _Number]] = {
    Trigger.HTTP_ERROR_RATE: {"thresholdPercent": _Number(10, 0.01, 100, whole=False)},
    Trigger.HTTP_SLOW_ENDPOINT: {"thresholdMs": _Number(2000, 1, 86_400_000)},
    Trigger.HTTP_OUTBOUND_DOWN: {"consecutiveFailures": _Number(3, 1, 1000)},
}
_WINDOW = {"windowMinutes": _Number(5, 1, 60), "minimumRequests": _Number(20, 1, 1_000_000)}
_OPTIONAL: Mapping[Trigger, Mapping[str, _Number]] = {
    Trigger.HTTP_ERROR_RATE: _WINDOW,
    Trigger.HTTP_SLOW_ENDPOINT: _WINDOW,
}
_HOST = re.compile(r"[\x21-\x7e]{1,255}")


def checked_config(trigger: Trigger, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trigger's configuration with its defaults; what the trigger does not know stays as it is.

    Raises Invalid naming the field.
    """
    checked = dict(config)
    for name, number in _NUMBERS.get(trigger, {}).items():
        value = checked.get(name)
        checked[name] = number.checked(name, number.default if value is None else value)
    for name, number in _OPTIONAL.get(trigger, {}).items():
        if checked.get(name) is not None:
            checked[name] = number.checked(name, checked[name])
    if trigger is Trigger.HTTP_OUTBOUND_DOWN:
        host = checked.get("host")
        if host is not None and not (isinstance(host, str) and _HOST.fullmatch(host)):
            message = "must be the name of a host as it stands in requests, such as api.example.com; without it any"
            raise Invalid(message, field="triggerConfig.host")
    return checked
