"""Alert to message: the letter of an alert in the form that its channel takes."""

from dataclasses import dataclass

from seestackd.core.incidents import AlertKind, Facts
from seestackd.delivery.job_letters import JOB_LETTERS, escalation
from seestackd.delivery.letters import Case, Letter, Tone
from seestackd.delivery.own_letters import OWN_LETTERS

MAX_BODY = 10_000
LABEL_WIDTH = 10
LETTERS = {**JOB_LETTERS, **OWN_LETTERS, AlertKind.ESCALATION: escalation}


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to be sent; every copy of one alert carries the same `alert_id`."""

    title: str
    text: str
    tone: Tone
    alert_id: str


def render(alert_id: str, kind: AlertKind, facts: Facts, *, public_url: str | None, at: int) -> Message:
    """Return the message of an alert as it reads when sent at the instant `at` (ms UTC)."""
    said = LETTERS[kind](Case(facts, public_url, at))
    return Message(said.title, as_text(said, alert_id), said.tone, alert_id)


def as_text(said: Letter, alert_id: str) -> str:
    """Write a letter in plain text; output that is too long loses its first lines."""
    width = max([LABEL_WIDTH, *(len(label) + 2 for label, _ in said.rows)])
    head = [said.lead, *_table(said), *(f"{label + ':':<{width}}{value}" for label, value in said.rows)]
    # A retried message may arrive twice: its short name shows that both are one.
    foot = ["   ".join([*(f"{label} {url}" for label, url in said.links), f"Alert {alert_id[-8:]}"])]
    room = MAX_BODY - sum(len(line) + 1 for line in (*head, *foot))
    return "\n".join([*head, *_output(said, room), *foot])


def _table(said: Letter) -> list[str]:
    columns = max((len(cells) for cells in said.table), default=0)
    full = [(*cells, *[""] * (columns - len(cells))) for cells in said.table]
    widths = [max(len(cells[column]) for cells in full) for column in range(columns)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in full]


def _output(said: Letter, room: int) -> list[str]:
    kept: list[str] = []
    for line in reversed(said.output):
        room -= len(line) + 5
        if room < 100:
            break
        kept.insert(0, f"    {line}")
    if not kept:
        return []
    of = f"{len(kept)} of {said.output_lines} output lines" if said.output_lines > len(kept) else "lines of output"
    return [f"Last {of}:", *kept]
