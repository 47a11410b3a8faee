"""Alert to message: the letter of an alert in the form that its channel takes."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from seestackd.core.incidents import AlertKind, Facts
from seestackd.delivery.forms import as_html, as_text
from seestackd.delivery.job_letters import JOB_LETTERS, escalation
from seestackd.delivery.letters import Case, Tone
from seestackd.delivery.own_letters import OWN_LETTERS

LETTERS = {**JOB_LETTERS, **OWN_LETTERS, AlertKind.ESCALATION: escalation}


@dataclass(frozen=True, slots=True)
class Message:
    """One message in every form it may be sent in; every copy of one alert carries the same `alert_id`.

    `thread` names the incident for mail programs that show a conversation.
    """

    title: str
    text: str
    html: str
    tone: Tone
    alert_id: str
    thread: str | None = None


def render(alert_id: str, kind: AlertKind, facts: Facts, *, public_url: str | None, at: int) -> Message:
    """Return the message of an alert as it reads when sent at the instant `at` (ms UTC)."""
    said = LETTERS[kind](Case(facts, public_url, at))
    return Message(
        said.title, as_text(said, alert_id), as_html(said, alert_id), said.tone, alert_id, _thread(facts, public_url)
    )


def _thread(facts: Facts, public_url: str | None) -> str | None:
    incident = facts.get("incident_id")
    host = urlsplit(public_url).hostname if public_url else None
    return None if incident is None else f"<incident-{incident}@{host or 'seestackd.invalid'}>"
