"""Alert rules on HTTP requests: what was seen in a window, and whether that is trouble (contract.md 6.5).

A rule must not cry wolf: trouble begins above the threshold with enough requests in the window, and ends well below
it. In between, and when too little was seen, it stays what it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from seestackd.core.alert_rules import AlertRule, Trigger
from seestackd.core.incidents import AlertKind
from seestackd.core.monitor import MINUTE_MS
from seestackd.core.telemetry import percent

WINDOW_MINUTES = 5
MINIMUM_REQUESTS = 20
DOWN_WINDOW_MS = 60 * MINUTE_MS
"""So far back the last calls of a host are looked for: a job may call it once in half an hour."""

CLEARLY = 0.8
"""Trouble ends when the figure is at most this share of the threshold."""

CALLS_TO_RECOVER = 2
MAX_NAMED = 5

HTTP_TRIGGERS = frozenset({Trigger.HTTP_ERROR_RATE, Trigger.HTTP_SLOW_ENDPOINT, Trigger.HTTP_OUTBOUND_DOWN})
KIND_OF = {
    Trigger.HTTP_ERROR_RATE: AlertKind.HTTP_ERROR_RATE,
    Trigger.HTTP_SLOW_ENDPOINT: AlertKind.HTTP_SLOW_ENDPOINT,
    Trigger.HTTP_OUTBOUND_DOWN: AlertKind.HTTP_OUTBOUND_DOWN,
}


class State(StrEnum):
    """What a window says: trouble, none, in between, or too little to tell."""

    TROUBLE = "trouble"
    GOOD = "good"
    BETWEEN = "between"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule makes of its window; `facts` (JSON values) are what an alert says of it."""

    state: State
    facts: Mapping[str, Any] = field(default_factory=dict)


UNKNOWN = Verdict(State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SlowSeen:
    """An endpoint of a window: how it is called, how often it was, and its p95 in milliseconds."""

    name: str
    requests: int
    p95: int


@dataclass(frozen=True, slots=True)
class CallsSeen:
    """The last calls of a host, the newest first: whether each failed, and what it answered."""

    host: str
    failed: tuple[bool, ...]
    status_code: int = 0


def window_ms(rule: AlertRule) -> int:
    """Return how far back a rule looks."""
    if rule.trigger is Trigger.HTTP_OUTBOUND_DOWN:
        return DOWN_WINDOW_MS
    return int(rule.config.get("windowMinutes") or WINDOW_MINUTES) * MINUTE_MS


def minimum_of(rule: AlertRule) -> int:
    """Return how many requests a window must have to tell anything."""
    return int(rule.config.get("minimumRequests") or MINIMUM_REQUESTS)


def judge_error_rate(rule: AlertRule, requests: int, errors: int) -> Verdict:
    """Judge the share of requests whose status code was 400 or more."""
    threshold = float(rule.config.get("thresholdPercent") or 10)
    if requests < minimum_of(rule):
        return UNKNOWN
    rate = 100 * errors / requests
    facts = {"requests": requests, "errors": errors, "rate": percent(errors, requests), "threshold": threshold}
    return Verdict(_compared(rate, threshold), facts)


def judge_slow(rule: AlertRule, seen: Sequence[SlowSeen], before: Sequence[str]) -> Verdict:
    """Judge the p95 of each endpoint; `before` names those that were slow when the trouble was last told."""
    threshold, least = int(rule.config.get("thresholdMs") or 2000), minimum_of(rule)
    enough = [each for each in seen if each.requests >= least]
    slow = sorted((each for each in enough if each.p95 > threshold), key=lambda each: -each.p95)
    facts = {
        "threshold": threshold,
        "slow": [{"name": each.name, "requests": each.requests, "p95": each.p95} for each in slow[:MAX_NAMED]],
        "count": len(slow),
    }
    if slow:
        return Verdict(State.TROUBLE, facts)
    known = {each.name: each.p95 for each in enough}
    if not enough or any(name not in known for name in before):
        return UNKNOWN
    good = all(known[name] <= CLEARLY * threshold for name in (before or known))
    return Verdict(State.GOOD if good else State.BETWEEN, facts)


def judge_down(rule: AlertRule, seen: Sequence[CallsSeen], before: Sequence[str]) -> Verdict:
    """Judge the last calls of each host: as many failures in a row as the rule says are trouble.

    A call fails with 5xx or without an answer. A host of `before` is up again after two good calls in a row.
    """
    wanted = int(rule.config.get("consecutiveFailures") or 3)
    down = [each for each in seen if len(each.failed) >= wanted and all(each.failed[:wanted])]
    facts = {
        "consecutive": wanted,
        "down": [{"host": each.host, "status_code": each.status_code} for each in down[:MAX_NAMED]],
        "count": len(down),
    }
    if down:
        return Verdict(State.TROUBLE, facts)
    by_host = {each.host: each.failed for each in seen}
    if not seen or any(not by_host.get(host) for host in before):
        return UNKNOWN
    lately = [by_host[host][: min(CALLS_TO_RECOVER, wanted)] for host in before] or [each.failed[:1] for each in seen]
    return Verdict(State.BETWEEN if any(any(failed) for failed in lately) else State.GOOD, facts)


def named_before(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the endpoints or hosts that an open incident is about."""
    slow = [each["name"] for each in facts.get("slow") or ()]
    return tuple(slow or (each["host"] for each in facts.get("down") or ()))


def _compared(figure: float, threshold: float) -> State:
    if figure > threshold:
        return State.TROUBLE
    return State.GOOD if figure <= CLEARLY * threshold else State.BETWEEN
