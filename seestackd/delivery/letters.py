"""The parts of a message before it takes a form: title, first sentence, rows, output, links (ux.md 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import StrEnum
from urllib.parse import quote

from seestackd.core.incidents import AlertKind, Facts
from seestackd.delivery.wording import MINUTE, age, foreign, harmless, marked, zone

MAX_TITLE = 60
MAX_NAME = 80
MAX_OUTPUT_LINES = 20
LATE_MS = 10 * MINUTE


class Tone(StrEnum):
    """How an alert is coloured where a service has colours."""

    FAILURE = "failure"
    WARNING = "warning"
    SUCCESS = "success"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Letter:
    """The parts of a message: `rows` are (label, value), `links` (label, URL), `output` the last lines of the job.

    `table` is a list of several jobs, one tuple of cells each, the first of `total`.
    """

    tone: Tone
    title: str
    lead: str
    rows: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    output: tuple[str, ...] = ()
    output_lines: int = 0
    links: tuple[tuple[str, str], ...] = ()
    total: int = 0


Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """What a letter is written from; `at` is the instant of writing, which a late delivery puts after the fact.

    Without `pages` to link to, commands stand in their place: no link may lead nowhere.
    """

    facts: Facts
    public_url: str | None
    at: int
    pages: bool = False

    @property
    def where(self) -> tzinfo:
        return zone(self.facts.get("timezone"))

    @property
    def now(self) -> int:
        """The instant of the fact, by which it tells ages."""
        return int(self.facts.get("at") or self.at)

    @property
    def slug(self) -> str:
        return harmless(self.facts.get("slug") or "a monitor", MAX_NAME)

    @property
    def name(self) -> str:
        return harmless(self.facts.get("name") or self.slug, MAX_NAME)

    def link(self, path: str) -> str | None:
        """Return the address of a page, in the project of the fact unless that is the default one."""
        if not self.public_url or not self.pages:
            return None
        project = self.facts.get("project")
        mark = "&" if "?" in path else "?"
        named = f"{mark}project={quote(str(project), safe='')}" if project else ""
        return f"{self.public_url.rstrip('/')}{path}{named}"

    def links(self, label: str, path: str) -> tuple[tuple[str, str], ...]:
        """Return what `link` does with a label; one for each project where the facts are of several."""
        several = self.facts.get("projects") or ()
        cases = [(f"{label} of {slug}", replace(self, facts={"project": slug})) for slug in several] or [(label, self)]
        return tuple((text, url) for text, case in cases if (url := case.link(path)))


def about_job(case: Case, word: str, what: str, did: str, rows: Rows, tone: Tone = Tone.FAILURE) -> Letter:
    """Write of one job: `MISSED its-name: what`, and `its-name did`."""
    called = (
        marked(case.name)
        if case.name == case.slug or case.facts.get("rule")
        else f"{marked(case.name)} ({marked(case.slug)})"
    )
    return Letter(
        tone=tone,
        title=fitted(f"{word} ", case.name, f": {what}"),
        lead=f"{called} {did}",
        rows=(*rows, *late(case), *_answer(case, tone)),
        links=_job_links(case, tone),
    )


def with_output(case: Case, letter: Letter) -> Letter:
    """Add the last lines of the job's output."""
    lines = tuple(case.facts.get("output_tail") or ())[-MAX_OUTPUT_LINES:]
    total = max(len(lines), case.facts.get("output_lines") or 0)
    return replace(letter, output=tuple(harmless(line, 300) for line in lines), output_lines=total)


def fitted(before: str, name: str, after: str) -> str:
    """Join a title, shortening the name so that it stays within 60 characters, but never to fewer than 12."""
    room = max(12, MAX_TITLE - len(before) - len(after))
    return before + marked(name if len(name) <= room else name[: room - 1] + "…") + after


def late(case: Case) -> Rows:
    """Say so when the message comes long after the fact, or to a fallback: nobody shall take its ages for today's."""
    rows: Rows = []
    instead_of = case.facts.get("instead_of")
    if instead_of:
        because = foreign(case.facts.get("instead_because") or "it takes no messages", 500)
        rows.append(("Instead of", f"channel {foreign(instead_of, MAX_NAME)}: {because}"))
    if case.at - case.now >= LATE_MS:
        held_by = case.facts.get("held_by")
        why = f"{harmless(held_by, MAX_NAME)} held it back" if held_by else "it could not be sent before"
        rows.append(("Delayed", f"this is {age(case.at - case.now)} old; {why}"))
    return rows


def _answer(case: Case, tone: Tone) -> Rows:
    """Say how to answer where there is no page to do it."""
    incident = case.facts.get("incident_id")
    if incident is None or tone is Tone.SUCCESS or case.link("/"):
        return []
    ack, silence = f"seestackd incident ack {incident}", f"seestackd incident silence {incident} --for 8h"
    return [("Answer", f"{marked(ack)} or {marked(silence)}")]


def _job_links(case: Case, tone: Tone) -> tuple[tuple[str, str], ...]:
    rule = case.facts.get("rule")
    page = case.link("/http" if rule else f"/m/{quote(str(case.facts.get('slug')), safe='')}")
    if page is None or not (rule or case.facts.get("slug")):
        return ()
    incident = case.facts.get("incident_id")
    silence = case.link(f"/i/{incident}/silence") if incident is not None and tone is not Tone.SUCCESS else None
    return (("Open", page), *((("Silence", silence),) if silence else ()))


def others(down: Sequence[Mapping[str, object]], now: int) -> str:
    """Name the first five of `down` with their trouble and its age."""
    shown = [
        f"{foreign(one.get('slug'), MAX_NAME)} ({state_word(one.get('kind')).lower()}"
        + (f" {age(now - since)})" if isinstance(since := one.get("since"), int) else ")")
        for one in down[:5]
    ]
    more = [f"and {len(down) - 5} more"] if len(down) > 5 else []
    return ", ".join([*shown, *more])


_WORDS: Mapping[str, str] = {
    AlertKind.OVERRUN: "HUNG",
    AlertKind.HTTP_ERROR_RATE: "ERRORS",
    AlertKind.HTTP_SLOW_ENDPOINT: "SLOW",
    AlertKind.HTTP_OUTBOUND_DOWN: "DOWN",
}


def state_word(kind: object) -> str:
    """Return the word that a person reads for a kind of trouble, in capitals."""
    return _WORDS.get(str(kind)) or harmless(kind or "trouble", 20).upper()
