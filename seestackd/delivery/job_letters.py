"""What alerts about one job say (ux.md 4)."""

from dataclasses import replace

from seestackd.core.incidents import AlertKind
from seestackd.delivery.http_letters import HTTP_LETTERS, requests_of
from seestackd.delivery.letters import MAX_NAME, Case, Letter, Rows, Tone, about_job, others, state_word, with_output
from seestackd.delivery.wording import (
    age,
    clock,
    counted,
    foreign,
    moment,
    near,
    ordinal,
    plain,
    span,
    stretch,
    took,
    usual,
)


def missed(case: Case) -> Letter:
    expected = case.facts.get("expected_at")
    rows = [*_expected(case), *_last_ok(case), *_streak(case, "miss"), ("Check", _what_to_check(case))]
    due = f"due {clock(expected, case.where)}" if expected is not None else "nothing heard"
    return about_job(case, "MISSED", due, "did not report in.", [*rows, *_also_down(case)])


def failed(case: Case) -> Letter:
    rows = [*_outcome(case), *_said(case), *requests_of(case), *_streak(case, "failure"), *_also_down(case)]
    return with_output(case, about_job(case, "FAILED", _result(case), "reported a failure.", rows))


def changed(case: Case) -> Letter:
    rows = [*_outcome(case), *_said(case), *requests_of(case), *_last_ok(case), *_also_down(case)]
    did = "was in trouble already and has now reported a failure."
    return with_output(case, about_job(case, "FAILED", _result(case), did, rows))


def hung(case: Case) -> Letter:
    facts, started = case.facts, case.facts.get("started_at")
    rows: Rows = []
    if started is not None:
        limit = f"; limit {span(facts['limit_ms'])}" if facts.get("limit_ms") is not None else ""
        about = f", usual {usual(*facts['usual_ms'])}" if facts.get("usual_ms") else ""
        running = span(case.now - started)
        rows.append(("Started", f"{moment(started, case.where)}, running {running}{limit}{about}"))
    rows.append(("Note", "it may still be working, or it died without reporting"))
    rows += [*_last_ok(case), *_also_down(case)]
    since = f"started {near(started, case.where, case.now, zoned=False)}, " if started is not None else ""
    return about_job(case, "HUNG", f"{since}still no finish", "started but has not finished.", rows)


def unknown(case: Case) -> Letter:
    often = case.facts.get("unknowns")
    what = f"{counted(often, 'run')} not heard" if often else "not heard"
    rows = [*_expected(case), *_last_ok(case)]
    rows.append(("Note", "seestackd was away at those times and cannot tell whether the job ran"))
    rows.append(("Check", "did it run? Its next report closes this"))
    return about_job(case, "UNKNOWN", what, "may have run or not: nobody could have heard it.", rows, Tone.WARNING)


def slow(case: Case) -> Letter:
    facts = case.facts
    duration, median = facts.get("duration_ms"), facts.get("median_ms")
    rows: Rows = []
    if duration is not None:
        times = f"; median {took(median)} ({duration / median:.1f}x)" if median else ""
        rows.append(("Took", took(duration) + times))
    if facts.get("usual_ms"):
        rows.append(("Usual", usual(*facts["usual_ms"])))
    rows += [*_said(case), ("Result", "ok. No action needed if the data grew.")]
    what = f"{span(duration)}" if duration is not None else "took long"
    what += f", usual {span(median)}" if median else ""
    return about_job(case, "SLOW", what, "finished but took much longer than usual.", rows, Tone.WARNING)


def recovered(case: Case) -> Letter:
    facts, began = case.facts, case.facts.get("began_at")
    closed = facts.get("closed_at") or case.now
    rows: Rows = []
    down = "ok again"
    if began is not None:
        lasted = span(closed - began)
        down = f"down {lasted}"
        problem = state_word(facts.get("problem")).lower()
        rows.append(("Problem", f"{problem}, from {stretch(began, closed, case.where)} ({lasted})"))
    took_ms = facts.get("run_duration_ms")
    if facts.get("missed"):
        ran = f" This run took {took(took_ms)}." if took_ms is not None else ""
        rows.append(("Missed", f"{counted(facts['missed'], 'run')}.{ran}"))
    elif took_ms is not None:
        rows.append(("Run", f"took {took(took_ms)}"))
    if facts.get("still_down") is not None:
        rows.append(("Still down", others(facts["still_down"], closed) or "none"))
    if facts.get("opening_untold"):
        rows.append(("Note", "this channel could not be told when it began"))
    if facts.get("ended"):
        reason = foreign(facts["ended"], 200)
        return about_job(
            case, "ENDED", "not watched any more", f"was not seen to recover: {reason}.", rows, Tone.SUCCESS
        )
    return about_job(case, "RECOVERED", down, "is ok again.", rows, Tone.SUCCESS)


def flapping(case: Case) -> Letter:
    """The letter of the incident that made it too many, which nothing else tells."""
    often = case.facts.get("openings")
    what = f"{counted(often, 'incident')} in 24 h" if often else "up and down"
    note = ("Note", "what follows comes in digests until it has been quiet for 6 h")
    return _instead(case, "FLAPPING", what, "keeps failing and recovering.", note, Tone.WARNING)


def escalation(case: Case) -> Letter:
    """The letter of the incident, with who did not answer in front."""
    opened = case.facts.get("opened_at")
    waited = f"not acknowledged for {span(case.now - opened)}" if opened is not None else "not acknowledged"
    word = state_word(case.facts.get("problem") or AlertKind.MISSED)
    did = "is in trouble and nobody has acknowledged it."
    return _instead(case, word, waited, did, ("Escalated", waited), Tone.FAILURE)


def _instead(case: Case, word: str, what: str, did: str, first: tuple[str, str], tone: Tone) -> Letter:
    """Write what the incident's own letter says below another headline."""
    base = JOB_LETTERS.get(AlertKind(case.facts.get("problem") or AlertKind.MISSED), missed)(case)
    now = [("Now", plain(base.title).partition(" ")[0])] if word == "FLAPPING" else []
    headed = about_job(case, word, what, did, [], tone)
    return replace(headed, rows=(first, *now, *base.rows), output=base.output, output_lines=base.output_lines)


JOB_LETTERS = {
    AlertKind.MISSED: missed,
    AlertKind.FAILED: failed,
    AlertKind.CHANGED: changed,
    AlertKind.OVERRUN: hung,
    AlertKind.UNKNOWN: unknown,
    AlertKind.SLOW: slow,
    AlertKind.RECOVERED: recovered,
    AlertKind.FLAPPING: flapping,
    **HTTP_LETTERS,
}


def _expected(case: Case) -> Rows:
    facts, expected, deadline = case.facts, case.facts.get("expected_at"), case.facts.get("deadline_at")
    if expected is None:
        return []
    grace = f", grace {span(facts['grace_ms'])}" if facts.get("grace_ms") is not None else ""
    until = f", deadline {near(deadline, case.where, expected, zoned=False)}" if deadline is not None else ""
    return [("Expected", moment(expected, case.where) + grace + until)]


def _last_ok(case: Case) -> Rows:
    facts = case.facts
    if "last_ok_at" not in facts:
        return []
    last = facts["last_ok_at"]
    if last is None:
        since = facts.get("created_at")
        return [("Last ok", f"never since it was created {near(since, case.where, case.now)}" if since else "never")]
    text = f"{near(last, case.where, case.now)} ({age(case.now - last)} ago)"
    if facts.get("last_duration_ms") is not None:
        text += f", took {took(facts['last_duration_ms'])}"
    if facts.get("usual_ms"):
        text += f"; usual {usual(*facts['usual_ms'])}"
    return [("Last ok", text)]


def _streak(case: Case, noun: str) -> Rows:
    bad, good, last = case.facts.get("bad") or 1, case.facts.get("good_before"), case.facts.get("last_ok_at")
    if bad > 1:
        since = f"; last ok {near(last, case.where, case.now)}" if last is not None and noun == "failure" else ""
        return [("Streak", f"{ordinal(bad)} {noun} in a row{since}")]
    return [("Streak", f"first {noun} after {counted(good, 'good run')}")] if good else []


def _what_to_check(case: Case) -> str:
    if case.facts.get("first_ever"):
        return "it has never reported: is the job installed, and its ping URL complete?"
    return "is the host up, cron running, the network path to us open?"


def _outcome(case: Case) -> Rows:
    facts = case.facts
    about = f" (usual {usual(*facts['usual_ms'])})" if facts.get("usual_ms") else ""
    host = f" on {foreign(facts['host'], MAX_NAME)}" if facts.get("host") else ""
    when = f", {clock(facts['at'], case.where)}" if facts.get("at") is not None else ""
    return [("Result", f"{_result(case)}{about}{host}{when}")]


def _result(case: Case) -> str:
    code, duration = case.facts.get("exit_code"), case.facts.get("duration_ms")
    parts = ["" if code is None else f"exit {code}", "" if duration is None else f"after {took(duration)}"]
    return " ".join(part for part in parts if part) or "reported a failure"


def _said(case: Case) -> Rows:
    return [("Message", foreign(case.facts["message"], 500))] if case.facts.get("message") else []


def _also_down(case: Case) -> Rows:
    also = others(case.facts.get("also_down") or (), case.now)
    closed = case.facts.get("closed_at")
    since = [("Since then", f"ok again from {near(closed, case.where, case.now)}")] if closed is not None else []
    return [*since, *([("Also down", also)] if also else [])]
