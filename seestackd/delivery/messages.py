"""Alert to message: the letter of an alert in the form that its channel takes."""

from dataclasses import dataclass

from seestackd.core.incidents import AlertKind, Facts
from seestackd.delivery.forms import as_html, as_text
from seestackd.delivery.job_letters import JOB_LETTERS, escalation
from seestackd.delivery.letters import Case, Tone
from seestackd.delivery.own_letters import OWN_LETTERS

LETTERS = {**JOB_LETTERS, **OWN_LETTERS, AlertKind.ESCALATION: escalation}


@dataclass(frozen=True, slots=True)
class Message:
    """One message in every form it may be sent in; every copy of one alert carries the same `alert_id`."""

    title: str
    text: str
    html: str
    tone: Tone
    alert_id: str


def render(alert_id: str, kind: AlertKind, facts: Facts, *, public_url: str | None, at: int) -> Message:
    """Return the message of an alert as it reads when sent at the instant `at` (ms UTC)."""
    said = LETTERS[kind](Case(facts, public_url, at))
    return Message(said.title, as_text(said, alert_id), as_html(said, alert_id), said.tone, alert_id)
