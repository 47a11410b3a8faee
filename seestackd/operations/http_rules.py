"""Alert rules on HTTP requests: looked at beside the writer, and acted on in a transaction of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from seestackd.core.alert_rules import AlertRule, Trigger
from seestackd.core.alerts import RULE_CHANNEL, QuietHours, next_action
from seestackd.core.events import IncidentChanged
from seestackd.core.http_rules import (
    HTTP_TRIGGERS,
    KIND_OF,
    UNKNOWN,
    CallsSeen,
    SlowSeen,
    State,
    Verdict,
    judge_down,
    judge_error_rate,
    judge_slow,
    named_before,
    window_ms,
)
from seestackd.core.incidents import SEVERITY, AlertKind, Incident, Severity
from seestackd.core.telemetry import Endpoint, percentile, total
from seestackd.operations.hearing import rule_subject
from seestackd.operations.incidents import alert, withdraw
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.telemetry import Wanted

MAX_HOSTS = 50


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule, as it was then, made of what it saw."""

    rule: AlertRule
    verdict: Verdict


def look(tx: Transaction, command: None, at: int) -> list[Judged]:
    """Judge every rule by its window; nothing is written. What could not be heard is unknown."""
    return [
        Judged(rule, _verdict(tx, rule, at))
        for project in tx.projects.all()
        for rule in tx.alert_rules.in_project(project.id)
        if rule.trigger in HTTP_TRIGGERS and rule.enabled
    ]


def act(tx: Transaction, judged: Sequence[Judged], at: int) -> int:
    """Open and close incidents by what was seen; returns how many changed. A rule that changed meanwhile waits."""
    changed = 0
    for each in judged:
        rule = next((one for one in tx.alert_rules.in_project(each.rule.project_id) if one.id == each.rule.id), None)
        if rule is None or rule.updated_at != each.rule.updated_at:
            continue
        incident = tx.incidents.open_for(rule_subject(rule))
        if incident is None and each.verdict.state is State.TROUBLE:
            _open(tx, rule, each.verdict, at)
            changed += 1
        elif incident is not None and each.verdict.state is State.TROUBLE:
            _keep(tx, incident, each.verdict)
        elif incident is not None and each.verdict.state is State.GOOD:
            _close(tx, rule, incident, each.verdict, at)
            changed += 1
    return changed + _drop_orphans(tx, at)


def _verdict(tx: Transaction, rule: AlertRule, at: int) -> Verdict:
    since = at - window_ms(rule)
    # An outage hides requests, and clients send what they kept with other words than what they lost.
    if tx.blind.since(at - min(window_ms(rule), 10 * 60_000)) or _in_maintenance(tx, rule, at):
        return UNKNOWN
    if rule.trigger is Trigger.HTTP_ERROR_RATE:
        found = tx.rollups.directions(rule.project_id, since, at + 1)
        tally = total(summed.tally for summed in found.values())
        return judge_error_rate(rule, tally.requests, tally.errors)
    incident = tx.incidents.open_for(rule_subject(rule))
    before = named_before(incident.facts or {}) if incident is not None else ()
    if rule.trigger is Trigger.HTTP_SLOW_ENDPOINT:
        return judge_slow(rule, _endpoints(tx, rule, since, at), before)
    return judge_down(rule, _calls(tx, rule, since, at, before), before)


def _endpoints(tx: Transaction, rule: AlertRule, since: int, at: int) -> list[SlowSeen]:
    return [
        SlowSeen(called(endpoint), summed.tally.requests, percentile(summed.latencies, 0.95))
        for endpoint, summed in tx.rollups.endpoints(rule.project_id, since, at + 1, at)
    ]


def called(endpoint: Endpoint) -> str:
    """Return how an endpoint is named in messages."""
    return f"{endpoint.method} {endpoint.host}{endpoint.path}" if endpoint.host else "(others)"


def _calls(tx: Transaction, rule: AlertRule, since: int, at: int, before: Sequence[str]) -> list[CallsSeen]:
    count = int(rule.config.get("consecutiveFailures") or 3)
    host = rule.config.get("host")
    hosts = [str(host)] if host else list(before)
    if not host:
        failing: dict[str, int] = {}
        for endpoint, summed in tx.rollups.endpoints(rule.project_id, since, at + 1, at):
            if endpoint.outbound and endpoint.host:
                failing[endpoint.host] = failing.get(endpoint.host, 0) + summed.tally.failures
        worst = sorted(failing, key=lambda name: -failing[name])[:MAX_HOSTS]
        hosts += [name for name in worst if name not in hosts]
    seen = []
    for name in hosts:
        rows, _ = tx.telemetry.listed(
            rule.project_id, since, at + 1, Wanted(outbound=True, host=name), Page(0, max(count, 2))
        )
        codes = [request.status_code for _, request in rows]
        if codes:
            seen.append(CallsSeen(name, tuple(code == 0 or code >= 500 for code in codes), codes[0]))
    return seen


def _in_maintenance(tx: Transaction, rule: AlertRule, at: int) -> bool:
    """Tell whether all of the project is in maintenance."""
    windows = tx.maintenance.in_project(rule.project_id)
    return any(not window.slugs and not window.tags and window.stretch_at(at) is not None for window in windows)


def _facts(tx: Transaction, rule: AlertRule, verdict: Verdict, at: int) -> dict[str, Any]:
    return {
        **verdict.facts,
        "name": rule.name,
        "rule": rule.uid,
        "timezone": tx.routing.timezone,
        "window_ms": window_ms(rule),
        "at": at,
    }


def _open(tx: Transaction, rule: AlertRule, verdict: Verdict, at: int) -> None:
    kind = KIND_OF[rule.trigger]
    facts = _facts(tx, rule, verdict, at)
    new = Incident(
        id=0,
        uid=tx.new_id(),
        subject=rule_subject(rule),
        kind=kind,
        severity=SEVERITY[kind],
        began_at=at,
        opened_at=at,
        project_id=rule.project_id,
        facts=facts,
    )
    incident = tx.incidents.open(replace(new, next_action_at=next_action(tx.routing, new, None, at)))
    alert(tx, rule, kind, incident, facts, at)
    tx.announce(IncidentChanged(rule.project_id))


def _keep(tx: Transaction, incident: Incident, verdict: Verdict) -> None:
    """Remember who else is in trouble: it is over when all of them are well again."""
    facts = dict(incident.facts or {})
    for key, name in (("slow", "name"), ("down", "host")):
        known = {each[name] for each in facts.get(key) or ()}
        more = [each for each in verdict.facts.get(key) or () if each[name] not in known]
        if more:
            facts[key] = [*(facts.get(key) or ()), *more][:MAX_HOSTS]
    if facts != incident.facts:
        tx.incidents.update(replace(incident, facts=facts))


def _close(tx: Transaction, rule: AlertRule, incident: Incident, verdict: Verdict, at: int) -> None:
    closed = replace(incident, closed_at=at, close_reason="recovered", next_action_at=None)
    tx.incidents.update(closed)
    recovery = {
        **_facts(tx, rule, verdict, at),
        "problem": incident.kind.value,
        "began_at": incident.began_at,
        "closed_at": at,
    }
    alert(tx, rule, AlertKind.RECOVERED, closed, recovery, at)
    tx.announce(IncidentChanged(rule.project_id))


def _drop_orphans(tx: Transaction, at: int) -> int:
    """End what a rule that is gone, switched off or about something else now has left open."""
    gone = 0
    for project in tx.projects.all():
        rules = {rule_subject(rule): rule for rule in tx.alert_rules.in_project(project.id)}
        for incident in tx.incidents.of_rules(project.id):
            rule = rules.get(incident.subject)
            reason = _gone(rule, incident)
            if reason is not None:
                _end(tx, rule or _formerly(incident, at), incident, reason, at)
                gone += 1
    return gone


def _gone(rule: AlertRule | None, incident: Incident) -> str | None:
    if rule is None:
        return "its alert rule was deleted"
    if not rule.enabled:
        return "its alert rule was switched off"
    changed = KIND_OF.get(rule.trigger) is not incident.kind
    return "its alert rule watches something else now" if changed else None


def _end(tx: Transaction, rule: AlertRule, incident: Incident, reason: str, at: int) -> None:
    """Close an incident, and let those who were told of it know that nobody will tell them its end."""
    closed = replace(incident, closed_at=at, close_reason=reason, next_action_at=None)
    tx.incidents.update(closed)
    tx.announce(IncidentChanged(rule.project_id))
    withdraw(tx, incident.id, reason, at)
    there = tx.alert_rules.targets()
    told = [name for name in tx.outbox.addressed(incident.id) if name in there or not RULE_CHANNEL.fullmatch(name)]
    known = {key: value for key, value in (incident.facts or {}).items() if key in ("name", "rule", "timezone")}
    end = {"problem": incident.kind.value, "began_at": incident.began_at, "closed_at": at, "at": at, "ended": reason}
    alert(tx, rule, AlertKind.RECOVERED, closed, {**known, **end}, at, tuple(told))


def _formerly(incident: Incident, at: int) -> AlertRule:
    """Return what is known of a rule that is gone."""
    facts = incident.facts or {}
    return AlertRule(
        id=0,
        uid=facts.get("rule", ""),
        project_id=incident.project_id or 0,
        name=facts.get("name", ""),
        trigger=Trigger(incident.kind.value),
        config={},
        min_severity=Severity.INFO,
        quiet_enabled=False,
        quiet=QuietHours(time(0), time(0)),
        channels=(),
        enabled=False,
        created_at=at,
        updated_at=at,
    )
