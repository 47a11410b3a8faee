"""What a digest says: how many, what they share, which (ux.md 4)."""

from dataclasses import replace
from typing import Any

from seestackd.core.incidents import AlertKind
from seestackd.delivery.letters import MAX_NAME, MAX_TITLE, Case, Letter, Tone, late, state_word
from seestackd.delivery.wording import age, clock, counted, foreign, marked, near, span, stretch, took, zone

# How a title counts each kind.
_COUNTED = {
    AlertKind.OVERRUN: "hung",
    AlertKind.CHANGED: "failed",
    AlertKind.REMINDER: "reminder",
    AlertKind.ESCALATION: "escalated",
    AlertKind.BLIND: "notice",
}
_QUIET = frozenset({AlertKind.RECOVERED, AlertKind.BLIND, AlertKind.UNKNOWN, AlertKind.SLOW})


def digest(case: Case) -> Letter:
    """Write of many alerts: `counts` by kind, `lines` of the first, `cause` if most share one."""
    facts = case.facts
    numbers = {AlertKind(kind): number for kind, number in (facts.get("counts") or {}).items()}
    total, monitors = sum(numbers.values()), facts.get("monitors") or 0
    links = case.links("All", "/?state=trouble")
    what = f"{counted(monitors, 'monitor')} changed" if monitors else counted(total, "alert")
    lead = f"{what} in the last {span(case.now - (facts.get('since') or case.now))}."
    cause = _cause(case)
    return Letter(
        tone=_tone(numbers),
        title=_title(numbers, monitors),
        lead=f"{lead}\n{cause}" if cause else lead,
        rows=(*late(case), *([] if links else [("All", marked("seestackd incident ls"))])),
        table=tuple(_line(case, line) for line in facts.get("lines") or ()),
        total=total,
        links=links,
    )


def _tone(numbers: dict[AlertKind, int]) -> Tone:
    if numbers.keys() <= {AlertKind.RECOVERED}:
        return Tone.SUCCESS if numbers else Tone.INFO
    return Tone.FAILURE if numbers.keys() - _QUIET else Tone.WARNING


def _title(numbers: dict[AlertKind, int], monitors: int) -> str:
    parts = [f"{number:,} {_COUNTED.get(kind, kind.value)}" for kind, number in numbers.items()]
    if not monitors:
        return f"{counted(sum(numbers.values()), 'alert')} ({', '.join(parts)})"[:MAX_TITLE]
    if numbers.keys() == {AlertKind.RECOVERED}:
        return f"{counted(monitors, 'monitor')} recovered"
    needs = "needs" if monitors == 1 else "need"
    what = "changed" if AlertKind.RECOVERED in numbers else f"{needs} attention"
    begin = f"{counted(monitors, 'monitor')} {what}"
    while parts and len(title := f"{begin} ({', '.join(parts)})") > MAX_TITLE:
        parts = [*parts[:-2], "…"] if len(parts) > 1 else []
    return title if parts else begin


def _cause(case: Case) -> str:
    cause = case.facts.get("cause")
    if not cause:
        return ""
    last = near(cause["last_at"], case.where, case.now) if cause.get("last_at") is not None else None
    share = f"{cause['count']:,} of {cause['of']:,}"
    if cause["what"] == "nobody":
        since = f"since {last}" if last else "ever"
        return f"Common: no ping from anybody {since}. Check the network and what sends the pings first."
    if cause["what"] == "host":
        silent = f" (silent since {last})" if last else ""
        return f"Common: {share} last reported from host {foreign(cause['name'], MAX_NAME)}{silent}. Check it first."
    return f"Common: {share} have the tag {foreign(cause['name'], MAX_NAME)}."


def _line(case: Case, line: dict[str, Any]) -> tuple[str, ...]:
    kind = AlertKind(line["kind"])
    if kind is AlertKind.REMINDER:
        down = line.get("down") or ()
        return ("STILL DOWN", counted(len(down), "monitor"), ", ".join(foreign(one.get("slug")) for one in down[:5]))
    if kind is AlertKind.BLIND:
        began, ended = line.get("started_at") or case.now, line.get("ended_at") or case.now
        return ("OFFLINE", "seestackd", stretch(began, ended, case.where))
    own = replace(case, facts=line)
    word = "FAILED" if kind is AlertKind.CHANGED else state_word(kind)
    return (word, foreign(own.name, MAX_NAME), *_details(kind, own))


def _details(kind: AlertKind, own: Case) -> tuple[str, ...]:
    facts, where = own.facts, zone(own.facts.get("timezone"))
    if kind is AlertKind.RECOVERED:
        began, closed = facts.get("began_at"), facts.get("closed_at") or own.now
        if facts.get("ended"):
            return ("not watched any more", f"was {state_word(facts.get('problem')).lower()}")
        lasted = f"down {span(closed - began)}" if began is not None else "ok again"
        return (lasted, f"was {state_word(facts['problem']).lower()}" if facts.get("problem") else "", _since(own))
    if kind in (AlertKind.FAILED, AlertKind.CHANGED):
        code, message = facts.get("exit_code"), facts.get("message")
        return ("failed" if code is None else f"exit {code}", foreign(message, 80) if message else "", _since(own))
    ok = _last_ok(own)
    if kind is AlertKind.OVERRUN and facts.get("started_at") is not None:
        return (f"started {near(facts['started_at'], where, own.now)}", ok, _since(own))
    if kind is AlertKind.SLOW and facts.get("duration_ms") is not None:
        return (f"took {took(facts['duration_ms'])}",)
    if kind is AlertKind.UNKNOWN and facts.get("unknowns"):
        return (f"{counted(facts['unknowns'], 'run')} not heard", ok, _since(own))
    expected = facts.get("expected_at")
    return (f"due {clock(expected, where)}" if expected is not None else "", ok, _since(own))


def _last_ok(own: Case) -> str:
    if "last_ok_at" not in own.facts:
        return ""
    last = own.facts["last_ok_at"]
    return "never ok" if last is None else f"last ok {age(own.now - last)} ago"


def _since(own: Case) -> str:
    """Say that trouble told late is over."""
    closed = own.facts.get("closed_at")
    return f"ok again from {near(closed, own.where, own.now)}" if closed and not own.facts.get("problem") else ""
