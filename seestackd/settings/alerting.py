"""Whom alerts reach: channels and what they want to hear, escalation, the outside URL."""

from datetime import time
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from seestackd.core.alerts import ChannelRules, EscalationStep, QuietHours, Routing
from seestackd.core.durations import parse_duration
from seestackd.core.incidents import Severity
from seestackd.settings.tables import Table, duration_ms, problem, with_url

MAX_ESCALATION_MS = 30 * 86_400_000
SEVERITIES = tuple(severity.value for severity in Severity)
SOURCES = frozenset({"url", "url_file", "url_credential"})


def _outside_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise problem("must be an http(s) address; write the ping URL that the outside service gave you")
    return text


def _channel_url(text: str) -> str:
    if "://" not in text:
        raise problem("has no scheme; write an Apprise URL such as ntfys://ntfy.sh/topic")
    return text


def _severity(text: str) -> str:
    if text not in SEVERITIES:
        raise problem(f"must be one of {', '.join(SEVERITIES)}")
    return text


def _quiet_hours(text: str) -> str:
    if text:
        quiet_hours(text)
    return text


def quiet_hours(text: str) -> tuple[time, time]:
    """Read "22:00-07:00"; raises a validation error."""
    start, dash, end = text.partition("-")
    try:
        stretch = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        dash = ""
    if not dash or stretch[0] == stretch[1]:
        raise problem('must be two different times of day; write for example "22:00-07:00"')
    return stretch


class ChannelSettings(Table):
    """One place alerts go to, and what it wants to hear.

    `url` is the secret itself, whichever way it came; empty when it was left unread.
    """

    url: Annotated[str, AfterValidator(_channel_url)] = Field(default="", repr=False)
    url_file: str | None = None
    url_credential: str | None = None
    min_severity: Annotated[str, AfterValidator(_severity)] = "info"
    recoveries: bool = True
    quiet_hours: Annotated[str, AfterValidator(_quiet_hours)] = ""
    # Beside a validator that sees the whole table, strictness would ask for a tuple, which TOML does not have.
    for_tags: Annotated[tuple[str, ...], Field(strict=False)] = ()
    fallback: str = ""
    digest: int = Field(default=2, ge=0, le=100)

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        if not isinstance(table, dict):
            return table
        if len(table.keys() & SOURCES) != 1:
            raise problem("needs exactly one of url, url_file and url_credential")
        return with_url(table, info)

    def rules(self, timezone: str) -> ChannelRules:
        """Return what the channel wants to hear; quiet hours are wall time in `timezone`."""
        quiet = QuietHours(*quiet_hours(self.quiet_hours), timezone) if self.quiet_hours else None
        return ChannelRules(Severity(self.min_severity), self.recoveries, quiet)


class AlertRules(Table):
    """What alert rules made over the API may send to. `mail_through` is a channel whose mail server they use."""

    allow_private: bool = False
    mail_through: str = ""


class Deadman(Table):
    """The outside URL that is pinged while all is well; `url` is the secret itself, empty when there is none."""

    url: Annotated[str, AfterValidator(_outside_url)] = Field(default="", repr=False)
    url_file: str = ""
    url_credential: str = ""

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        if not isinstance(table, dict):
            return table
        given = {name: value for name, value in table.items() if value != ""}
        if len(given.keys() & cls.model_fields.keys()) > 1:
            raise problem("takes one of url, url_file and url_credential; remove the others")
        return with_url(given, info)


def escalation_steps(steps: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Check `[escalation]`: time after an incident's opening -> channels. Raises a validation error."""
    for after, channels in steps.items():
        if duration_ms(after, "escalation", MAX_ESCALATION_MS, "30m") == 0:
            raise problem(f'"{after}" is no time at all; name the channels in default_channels instead')
        if not channels:
            raise problem(f'the step "{after}" names no channel; add one, or take it out')
    return steps


def routing(
    default_channels: tuple[str, ...],
    channels: dict[str, ChannelSettings],
    escalation: dict[str, tuple[str, ...]],
    timezone: str,
    monthly_report: tuple[str, ...] = (),
) -> Routing:
    """Return who may hear of alerts."""
    by_tag: dict[str, tuple[str, ...]] = {}
    for name, channel in channels.items():
        for tag in channel.for_tags:
            by_tag[tag] = (*by_tag.get(tag, ()), name)
    rules = {name: channel.rules(timezone) for name, channel in channels.items()}
    steps = [EscalationStep(parse_duration(after), names) for after, names in escalation.items()]
    steps.sort(key=lambda step: step.after_ms)
    return Routing(default_channels, by_tag, rules, tuple(steps), timezone, monthly_report)
