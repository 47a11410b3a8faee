"""Who hears of what, when, and why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from seestackd.core.incidents import AlertKind, Incident, Severity
from seestackd.core.monitor import Monitor

_LOUDNESS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What a channel wants to hear."""

    min_severity: Severity = Severity.INFO
    recoveries: bool = True


@dataclass(frozen=True, slots=True)
class Routing:
    """Who may hear, from the configuration; `rules` has an entry for every defined channel."""

    default_channels: tuple[str, ...] = ()
    by_tag: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hearer:
    """One channel's part in an alert: told, or the reason why not."""

    channel: str
    told: bool
    reason: str


def channels_of(routing: Routing, monitor: Monitor) -> tuple[tuple[str, ...], str]:
    """Return the monitor's channels and where they come from: its own, those of its tags, or the default ones."""
    if monitor.channels is not None:
        return monitor.channels, "the monitor's own"
    tagged = [channel for tag in monitor.tags for channel in routing.by_tag.get(tag, ())]
    if tagged:
        return tuple(dict.fromkeys(tagged)), "by tag"
    return routing.default_channels, "default"


def hearers(
    routing: Routing, channels: tuple[str, ...], kind: AlertKind, severity: Severity, incident: Incident | None, at: int
) -> list[Hearer]:
    """Return what each channel hears of an alert raised at `at`, with the reason."""
    return [Hearer(channel, *_verdict(routing, channel, kind, severity, incident, at)) for channel in channels]


def _verdict(
    routing: Routing, channel: str, kind: AlertKind, severity: Severity, incident: Incident | None, at: int
) -> tuple[bool, str]:
    rules = routing.rules.get(channel, ChannelRules())
    if incident is not None and incident.silenced_until is not None and at < incident.silenced_until:
        return False, "the incident is silenced"
    if kind is AlertKind.RECOVERED:
        return (True, "told") if rules.recoveries else (False, "wants no recoveries")
    if _LOUDNESS[severity] < _LOUDNESS[rules.min_severity]:
        return False, f"wants {rules.min_severity.value} alerts only"
    return True, "told"
