"""Alert to message: the letter of an alert, to be written in the form that its channel takes."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from seestackd.core.incidents import AlertKind, Facts
from seestackd.delivery.digest_letters import digest
from seestackd.delivery.forms import MAX_BODY, Form, written
from seestackd.delivery.job_letters import JOB_LETTERS, escalation
from seestackd.delivery.letters import Case, Letter, Tone
from seestackd.delivery.own_letters import OWN_LETTERS
from seestackd.delivery.wording import plain

LETTERS = {**JOB_LETTERS, **OWN_LETTERS, AlertKind.ESCALATION: escalation, AlertKind.DIGEST: digest}


@dataclass(frozen=True, slots=True)
class Message:
    """One message; every copy of one alert carries the same `alert_id`.

    `incident` names what it is about, the same for all messages about it, for services that thread or close by it;
    `closes` says that it is over.
    """

    letter: Letter
    alert_id: str
    incident: str | None = None
    closes: bool = False

    @property
    def title(self) -> str:
        return plain(self.letter.title)

    @property
    def tone(self) -> Tone:
        return self.letter.tone

    @property
    def text(self) -> str:
        return self.body(Form.TEXT)

    @property
    def html(self) -> str:
        return self.body(Form.HTML)

    def body(self, form: Form, room: int = MAX_BODY) -> str:
        """Return the message in a form, in at most `room` characters. Markdown begins with the title, others do not."""
        return written(self.letter, self.alert_id, form, min(room, MAX_BODY))


def render(
    alert_id: str, kind: AlertKind, facts: Facts, *, public_url: str | None, at: int, pages: bool = False
) -> Message:
    """Return the message of an alert as it reads when sent at the instant `at` (ms UTC).

    `pages` says that the pages of monitors and incidents exist at the public URL, to be linked.
    """
    letter = LETTERS[kind](Case(facts, public_url, at, pages))
    return Message(letter, alert_id, _incident(facts, public_url), kind is AlertKind.RECOVERED)


def _incident(facts: Facts, public_url: str | None) -> str | None:
    incident = facts.get("incident_id")
    host = urlsplit(public_url).hostname if public_url else None
    return None if incident is None else f"incident-{incident}@{host or 'seestackd.invalid'}"
