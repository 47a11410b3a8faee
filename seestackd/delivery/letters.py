"""What an alert says, before it takes a form: title, first sentence, rows, output, links (ux.md 4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit

from seestackd.core.incidents import AlertKind, Facts
from seestackd.delivery.wording import (
    MINUTE,
    age,
    clock,
    counted,
    harmless,
    moment,
    near,
    ordinal,
    span,
    stretch,
    took,
    usual,
    zone,
)

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
    """The parts of a message; `rows` are (label, value), `links` (label, URL), `output` the last lines of the job."""

    tone: Tone
    title: str
    lead: str
    rows: tuple[tuple[str, str], ...] = ()
    output: tuple[str, ...] = ()
    output_lines: int = 0
    links: tuple[tuple[str, str], ...] = ()


Rows = list[tuple[str, str]]


def letter(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    """Compose the letter of an alert sent at the instant `at`; a kind without a text of its own still says its name."""
    return _WRITERS.get(kind, _other)(kind, facts, public_url, at)


def missed(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    where, now = zone(facts.get("timezone")), facts.get("at") or at
    expected, deadline = facts.get("expected_at"), facts.get("deadline_at")
    rows: Rows = []
    if expected is not None:
        grace = f", grace {span(facts['grace_ms'])}" if facts.get("grace_ms") is not None else ""
        until = f", deadline {near(deadline, where, expected, zoned=False)}" if deadline is not None else ""
        rows.append(("Expected", moment(expected, where) + grace + until))
    rows += _last_ok(facts, now)
    rows += _streak(facts, "miss", "misses")
    rows.append(("Check", _what_to_check(facts)))
    due = f"due {clock(expected, where)}" if expected is not None else "nothing heard"
    return _about_job(facts, "MISSED", due, "did not report in.", rows, public_url, at)


def failed(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    where = zone(facts.get("timezone"))
    result = _result(facts)
    about = f" (usual {usual(*facts['usual_ms'])})" if facts.get("usual_ms") else ""
    host = f" on {harmless(facts['host'], MAX_NAME)}" if facts.get("host") else ""
    when = f", {clock(facts['at'], where)}" if facts.get("at") is not None else ""
    rows: Rows = [("Result", f"{result}{about}{host}{when}")]
    rows += _said(facts)
    rows += _streak(facts, "failure", "failures")
    return _about_job(facts, "FAILED", result, "reported a failure.", rows, public_url, at)


def hung(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    where, now = zone(facts.get("timezone")), facts.get("at") or at
    started = facts.get("started_at")
    rows: Rows = []
    if started is not None:
        limit = f"; limit {span(facts['limit_ms'])}" if facts.get("limit_ms") is not None else ""
        about = f", usual {usual(*facts['usual_ms'])}" if facts.get("usual_ms") else ""
        rows.append(("Started", f"{moment(started, where)}, running {span(now - started)}{limit}{about}"))
    rows.append(("Note", "it may still be working, or it died without reporting"))
    rows += _last_ok(facts, now)
    since = f"started {near(started, where, now, zoned=False)}, " if started is not None else ""
    return _about_job(facts, "HUNG", f"{since}still no finish", "started but has not finished.", rows, public_url, at)


def recovered(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    where = zone(facts.get("timezone"))
    began, closed = facts.get("began_at"), facts.get("closed_at") or facts.get("at") or at
    rows: Rows = []
    down = "ok again"
    if began is not None:
        down = f"down {span(closed - began)}"
        problem = _state_word(facts.get("problem")).lower()
        rows.append(("Problem", f"{problem}, from {stretch(began, closed, where)} ({span(closed - began)})"))
    ran = f"This run took {took(facts['run_duration_ms'])}." if facts.get("run_duration_ms") is not None else ""
    if facts.get("missed"):
        rows.append(("Missed", f"{counted(facts['missed'], 'run')}. {ran}".strip()))
    elif ran:
        rows.append(("Run", f"took {took(facts['run_duration_ms'])}"))
    still = facts.get("still_down")
    if still is not None:
        rows.append(("Still down", _others(still, closed) or "none"))
    return _about_job(facts, "RECOVERED", down, "is ok again.", rows, public_url, at, Tone.SUCCESS)


def trial(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    channel = harmless(facts.get("channel") or "this one", MAX_NAME)
    host = urlsplit(public_url).netloc if public_url else ""
    on = f" on {host}" if host else ""
    sender = f" by {harmless(facts['sent_by'], MAX_NAME)}" if facts.get("sent_by") else ""
    when = clock((facts.get("at") or at) // MINUTE * MINUTE, zone("UTC"))
    lead = f"This is a test; nothing is wrong. Channel {channel}{on}, sent{sender} {when}."
    example = harmless(facts.get("example") or "MISSED nightly-backup: due 03:00 CET", 200)
    title = fitted("TEST from seestackd: channel ", channel, " works")
    return Letter(Tone.INFO, title, f"{lead}\nA real alert looks like: {example}")


def _other(kind: AlertKind, facts: Facts, public_url: str | None, at: int) -> Letter:
    word = kind.replace("_", " ")
    return _about_job(facts, word.upper(), "see below", f"is reported as: {word}.", _said(facts), public_url, at)


_WRITERS: Mapping[AlertKind, Callable[[AlertKind, Facts, str | None, int], Letter]] = {
    AlertKind.MISSED: missed,
    AlertKind.FAILED: failed,
    AlertKind.OVERRUN: hung,
    AlertKind.RECOVERED: recovered,
    AlertKind.TEST: trial,
}


def fitted(before: str, name: str, after: str) -> str:
    """Join a title, shortening the name so that it stays within 60 characters, but never to fewer than 12."""
    room = max(12, MAX_TITLE - len(before) - len(after))
    return before + (name if len(name) <= room else name[: room - 1] + "…") + after


def _about_job(
    facts: Facts, word: str, what: str, did: str, rows: Rows, public_url: str | None, at: int, tone: Tone = Tone.FAILURE
) -> Letter:
    slug = harmless(facts.get("slug") or "a monitor", MAX_NAME)
    name = harmless(facts.get("name") or slug, MAX_NAME)
    called = name if name == slug else f"{name} ({slug})"
    also = _others(facts.get("also_down") or (), facts.get("at") or at)
    rows = [*rows, *([("Also down", also)] if also else []), *_late(facts, at)]
    lines = tuple(facts.get("output_tail") or ())[-MAX_OUTPUT_LINES:]
    return Letter(
        tone=tone,
        title=fitted(f"{word} ", name, f": {what}"),
        lead=f"{called} {did}",
        rows=tuple(rows),
        output=tuple(harmless(line, 300) for line in lines),
        output_lines=max(len(lines), facts.get("output_lines") or 0),
        links=_links(facts, public_url, tone),
    )


def _links(facts: Facts, public_url: str | None, tone: Tone) -> tuple[tuple[str, str], ...]:
    if not public_url or not facts.get("slug"):
        return ()
    base = public_url.rstrip("/")
    links = [("Open", f"{base}/m/{quote(str(facts['slug']), safe='')}")]
    if facts.get("incident_id") is not None and tone is not Tone.SUCCESS:
        links.append(("Silence", f"{base}/i/{facts['incident_id']}/silence"))
    return tuple(links)


def _last_ok(facts: Facts, now: int) -> Rows:
    if "last_ok_at" not in facts:
        return []
    last = facts["last_ok_at"]
    if last is None:
        since = facts.get("created_at")
        ever = f"never since it was created {near(since, zone(facts.get('timezone')), now)}" if since else "never"
        return [("Last ok", ever)]
    text = f"{near(last, zone(facts.get('timezone')), now)} ({age(now - last)} ago)"
    if facts.get("last_duration_ms") is not None:
        text += f", took {took(facts['last_duration_ms'])}"
    if facts.get("usual_ms"):
        text += f"; usual {usual(*facts['usual_ms'])}"
    return [("Last ok", text)]


def _streak(facts: Facts, one: str, many: str) -> Rows:
    bad, good = facts.get("bad") or 1, facts.get("good_before")
    if bad > 1:
        text = f"{ordinal(bad)} {one} in a row"
        last = facts.get("last_ok_at")
        if last is not None and one == "failure":
            text += f"; last ok {near(last, zone(facts.get('timezone')), facts.get('at') or last)}"
        return [("Streak", text)]
    return [("Streak", f"first {one} after {counted(good, 'good run')}")] if good else []


def _what_to_check(facts: Facts) -> str:
    if facts.get("first_ever"):
        return "it has never reported: is the job installed, and its ping URL complete?"
    return "is the host up, cron running, the network path to us open?"


def _result(facts: Facts) -> str:
    code, duration = facts.get("exit_code"), facts.get("duration_ms")
    parts = ["" if code is None else f"exit {code}", "" if duration is None else f"after {took(duration)}"]
    return " ".join(part for part in parts if part) or "reported a failure"


def _said(facts: Facts) -> Rows:
    return [("Message", harmless(facts["message"], 500))] if facts.get("message") else []


def _late(facts: Facts, at: int) -> Rows:
    """Say so when the message comes long after the fact, so that nobody takes its relative times for today's."""
    happened = facts.get("at")
    if happened is None or at - happened < LATE_MS:
        return []
    return [("Delayed", f"this is {age(at - happened)} old; it could not be sent before")]


def _others(down: Sequence[Mapping[str, object]], now: int) -> str:
    shown = [
        f"{harmless(one.get('slug'), MAX_NAME)} ({_state_word(one.get('kind')).lower()}"
        + (f" {age(now - since)})" if isinstance(since := one.get("since"), int) else ")")
        for one in down[:5]
    ]
    more = [f"and {len(down) - 5} more"] if len(down) > 5 else []
    return ", ".join([*shown, *more])


def _state_word(kind: object) -> str:
    return "HUNG" if kind == AlertKind.OVERRUN else harmless(kind or "trouble", 20).upper()
