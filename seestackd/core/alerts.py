"""Who hears of what, when, and why not (semantics.md 7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from seestackd.core.incidents import AlertKind, Incident, Severity
from seestackd.core.monitor import DAY_MS, HOUR_MS, Monitor
from seestackd.core.values import plain

_LOUDNESS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
REMIND_HOUR = 9
FIRST_REMINDER_MS = 12 * HOUR_MS
FLAPPING_OPENINGS = 6
FLAPPING_SPAN_MS = DAY_MS
FLAPPING_QUIET_MS = 6 * HOUR_MS


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A daily stretch in which warnings wait; it may cross midnight. Times are wall time in `timezone`."""

    start: time
    end: time
    timezone: str = "UTC"

    def end_after(self, at: int) -> int | None:
        """Return when the quiet that holds at `at` ends (ms UTC), None when it is not quiet."""
        local = datetime.fromtimestamp(at / 1000, ZoneInfo(self.timezone))
        now = local.time()
        crosses = self.start > self.end
        inside = now >= self.start or now < self.end if crosses else self.start <= now < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1) if crosses and now >= self.start else local.date()
        ends = _instant(day, self.end, self.timezone)
        # In the autumn night the hour of the end may come twice: past the first, it is the second.
        return ends if ends > at else _instant(day, self.end, self.timezone, fold=1)


def _instant(day: date, wall: time, timezone: str, fold: int = 0) -> int:
    local = datetime.combine(day, wall, ZoneInfo(timezone)).replace(fold=fold)
    return int(local.astimezone(UTC).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What a channel wants to hear."""

    min_severity: Severity = Severity.INFO
    recoveries: bool = True
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Recipient(ChannelRules):
    """What a channel wants to hear through an alert rule; `rule` is the rule's uid, None when it is off or gone."""

    quiet_for_all: bool = False
    rule: str | None = None


OFF = Recipient()
"""Nothing: of a channel whose rule was switched off or deleted."""

RULE_CHANNEL = re.compile(r"[a-z]+:[0-9a-f]{12}")
"""Names of the channels that alert rules bring along; the settings know none like these."""


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Channels that hear of an incident still open and not acknowledged `after_ms` after its opening."""

    after_ms: int
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """Who may hear, from the configuration; `rules` by channel name. Reminders come at 09:00 in `timezone`.

    `monthly_report` names the channels that get the summary of each month."""

    default_channels: tuple[str, ...] = ()
    by_tag: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)
    escalation: tuple[EscalationStep, ...] = ()
    timezone: str = "UTC"
    monthly_report: tuple[str, ...] = ()


@plain(frozen=True, slots=True)
class Hearer:
    """One channel's part in an alert: told (not before an instant, ms UTC), or the reason why not.

    `rule` is the uid of the alert rule by which it hears, if it is one.
    """

    channel: str
    told: bool
    reason: str
    not_before: int | None = None
    rule: str | None = None


def channels_of(routing: Routing, monitor: Monitor) -> tuple[tuple[str, ...], str]:
    """Return the monitor's channels and where they come from: its own, those of its tags, or the default ones."""
    return chosen_channels(routing, monitor.channels, monitor.tags)


def chosen_channels(
    routing: Routing, channels: tuple[str, ...] | None, tags: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Return what `channels_of` does, for a monitor with these channels and tags."""
    if channels is not None:
        return channels, "the monitor's own"
    tagged = [channel for tag in tags for channel in routing.by_tag.get(tag, ())]
    if tagged:
        return tuple(dict.fromkeys(tagged)), "by tag"
    return routing.default_channels, "default"


def rules_of(routing: Routing, channel: str) -> ChannelRules:
    """Return what the channel wants to hear: everything at once, unless it says so."""
    return routing.rules.get(channel) or (OFF if RULE_CHANNEL.fullmatch(channel) else ChannelRules())


def hearers(
    routing: Routing, channels: tuple[str, ...], kind: AlertKind, severity: Severity, incident: Incident | None, at: int
) -> list[Hearer]:
    """Return what each channel hears of an alert raised at `at`, with the reason."""
    return [_verdict(routing, channel, kind, severity, incident, at) for channel in channels]


def _verdict(
    routing: Routing, channel: str, kind: AlertKind, severity: Severity, incident: Incident | None, at: int
) -> Hearer:
    rules = rules_of(routing, channel)
    rule = rules.rule if isinstance(rules, Recipient) else None
    if rules is OFF and kind is not AlertKind.RECOVERED:
        return Hearer(channel, False, "its alert rule is switched off or gone")
    silenced = incident is not None and incident.silenced_until is not None and at < incident.silenced_until
    if silenced and kind is not AlertKind.RECOVERED:
        return Hearer(channel, False, "the incident is silenced")
    if kind is AlertKind.RECOVERED:
        if not rules.recoveries:
            return Hearer(channel, False, "wants no recoveries")
        # It waits together with the warning that it ends.
        severity = incident.severity if incident is not None else severity
    elif _LOUDNESS[severity] < _LOUDNESS[rules.min_severity]:
        return Hearer(channel, False, f"wants nothing below {rules.min_severity.value}")
    if incident is not None and incident.silenced_until is not None and silenced:
        # Whoever was told of the trouble, and keeps an incident for it, has to hear that it is over.
        ends = incident.silenced_until
        return Hearer(
            channel, True, "waits for the end of the silence", _quiet_until(rules, severity, ends) or ends, rule
        )
    quiet_until = _quiet_until(rules, severity, at)
    if quiet_until is not None:
        return Hearer(channel, True, "waits for the end of its quiet hours", quiet_until, rule)
    return Hearer(channel, True, "told", rule=rule)


def _quiet_until(rules: ChannelRules, severity: Severity, at: int) -> int | None:
    holds = severity is Severity.WARNING or (isinstance(rules, Recipient) and rules.quiet_for_all)
    return rules.quiet.end_after(at) if rules.quiet is not None and holds else None


def next_reminder(routing: Routing, incident: Incident, remind_every_ms: int | None, at: int) -> int | None:
    """Return when the incident is next reminded of, not before `at`: every `remind_every_ms`, else at 09:00.

    The first at 09:00 comes at least 12 h after the opening.
    """
    if incident.acked_at is not None or incident.closed_at is not None:
        return None
    if remind_every_ms is not None:
        return max((incident.reminded_at or incident.opened_at) + remind_every_ms, at)
    earliest = max(incident.opened_at + FIRST_REMINDER_MS, at, (incident.reminded_at or 0) + 1)
    return next(nine for nine in _nines_about(earliest // DAY_MS, routing.timezone) if nine >= earliest)


@lru_cache(maxsize=64)
def _nines_about(day: int, timezone: str) -> tuple[int, ...]:
    """Return the instants of 09:00 (ms UTC) on the local dates about a UTC day, counted from 1970.

    An incident in 100,000 of a storm has no time to ask a zone for its own.
    """
    about = date(1970, 1, 1) + timedelta(days=day)
    return tuple(_instant(about + timedelta(days=n), time(REMIND_HOUR), timezone) for n in range(-1, 4))


def next_action(routing: Routing, incident: Incident, remind_every_ms: int | None, at: int) -> int | None:
    """Return the next instant at which something of the incident comes due: silence's end, escalation, reminder."""
    if incident.closed_at is not None:
        return None
    if incident.silenced_until is not None and incident.silenced_until >= at:
        return incident.silenced_until
    instants = [next_reminder(routing, incident, remind_every_ms, at), next_escalation(routing, incident)]
    return min((instant for instant in instants if instant is not None), default=None)


def next_escalation(routing: Routing, incident: Incident) -> int | None:
    """Return when the next escalation step is due, None when none is left or somebody has acknowledged."""
    if incident.acked_at is not None or incident.closed_at is not None:
        return None
    if incident.escalated >= len(routing.escalation):
        return None
    return incident.opened_at + routing.escalation[incident.escalated].after_ms


def is_flapping(openings: int, since_last_ms: int | None, was_flapping: bool) -> tuple[bool, bool]:
    """Return whether a monitor flaps, and whether that is to be told now.

    `openings` counts those of the last 24 h, this one included; `since_last_ms` is the time since the last trouble.
    """
    if was_flapping and since_last_ms is not None and since_last_ms < FLAPPING_QUIET_MS:
        return True, False
    flaps = openings >= FLAPPING_OPENINGS
    return flaps, flaps
