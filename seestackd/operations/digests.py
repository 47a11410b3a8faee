"""Digests: one message for the many alerts of a storm (semantics.md 8)."""

from dataclasses import replace
from typing import Any

from seestackd.core.digest import common_cause, counts
from seestackd.core.incidents import SEVERITY, Alert, AlertKind, OutboxRow, Severity
from seestackd.operations.projects import DEFAULT, projects_of
from seestackd.store.interface import Transaction

LISTED = 50
MESSAGE_CHARS = 80
_COPIED = (
    "slug", "name", "timezone", "at", "expected_at", "started_at", "last_ok_at", "exit_code", "duration_ms", "problem",
    "began_at", "closed_at", "unknowns", "down", "cause", "ended_at",
)  # fmt: skip


def gather(tx: Transaction, channel: str, at: int) -> OutboxRow:
    """Write a digest of all that is due in the channel and nothing tells yet; a row of its own, sent like any other."""
    severity = SEVERITY[AlertKind.DIGEST]
    (digest_id,) = tx.outbox.put([Alert(tx.new_id(), channel, AlertKind.DIGEST, severity, {}, next_attempt_at=at)], at)
    tx.outbox.tell_alone([digest_id])
    tx.outbox.digests.gather(channel, digest_id, at)
    severity, facts = _described(tx, digest_id, at)
    tx.outbox.digests.describe(digest_id, severity, facts)
    row = tx.outbox.by_id(digest_id)
    assert row is not None
    return row


def _described(tx: Transaction, digest_id: int, at: int) -> tuple[Severity, dict[str, Any]]:
    told = tx.outbox.digests.members(digest_id)
    first = tx.outbox.digests.first_members(digest_id, LISTED)
    cause = common_cause(told, tx.pings.last_arrival())
    loudest = max((row.alert.severity for row in first), key=list(Severity)[::-1].index, default=Severity.INFO)
    facts: dict[str, Any] = {
        "counts": counts(told),
        "monitors": len({one.monitor_id for one in told if one.monitor_id is not None}),
        "since": min((one.created_at for one in told), default=at),
        "at": at,
        "timezone": tx.routing.timezone,
        "cause": cause.as_facts() if cause is not None else None,
        "lines": [_line(brought_up_to_date(tx, row)) for row in first],
        **projects_of([_project(row) for row in first if row.alert.project_id is not None]),
    }
    return loudest, facts


def _project(row: OutboxRow) -> str:
    return str(row.alert.facts.get("project") or DEFAULT)


def _line(row: OutboxRow) -> dict[str, Any]:
    facts = row.alert.facts
    line = {name: facts[name] for name in _COPIED if name in facts}
    if facts.get("message"):
        line["message"] = str(facts["message"])[:MESSAGE_CHARS]
    return {"kind": row.alert.kind.value, **line}


def brought_up_to_date(tx: Transaction, row: OutboxRow) -> OutboxRow:
    """Add what the text must know of the incident since: that it closed, or that its opening was never told here."""
    alert, incident = row.alert, None
    if alert.incident_id is not None:
        incident = tx.incidents.by_id(alert.incident_id)
    if incident is None or incident.closed_at is None:
        return row
    news: dict[str, Any] = {"closed_at": incident.closed_at}
    if alert.kind is AlertKind.RECOVERED:
        news = {"opening_untold": not tx.outbox.told(incident.id, alert.channel)}
    return replace(row, alert=replace(alert, facts={**alert.facts, **news}))
