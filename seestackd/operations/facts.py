"""What an alert is made of, collected when its cause is stored."""

from typing import Any

from seestackd.core.monitor import Monitor, State
from seestackd.core.pings import Ping
from seestackd.core.runs import wait_ms
from seestackd.core.telemetry import of_run
from seestackd.core.transitions import Decision
from seestackd.store.interface import Transaction

ALSO_DOWN = 5
OUTPUT_LINES = 20
OUTPUT_CHARS = 4_000
MESSAGE_CHARS = 1_000
USUAL_RUNS = 20
REQUESTS = 1_000


def monitor_facts(tx: Transaction, before: State, decision: Decision, ping: Ping | None, at: int) -> dict[str, Any]:
    """Return the facts of a monitor's alert (JSON values; instants in ms UTC), `before` being its state until now."""
    monitor, state = decision.monitor, decision.state
    slot = decision.slot if decision.slot is not None else before.expected_at
    run = next((run for run in decision.closed if run.heard_start), None)
    runs = tx.runs.latest(monitor.id, USUAL_RUNS) if before.last_run_id is not None else []
    durations = [run.duration_ms for run in runs if run.ok and run.duration_ms]
    facts: dict[str, Any] = {
        "slug": monitor.slug,
        "name": monitor.name,
        "uid": monitor.uid,
        "tags": list(monitor.tags),
        "timezone": monitor.schedule.timezone,
        "schedule": monitor.schedule.text,
        "interval_ms": monitor.schedule.interval_ms,
        "grace_ms": monitor.rules.grace_ms,
        "created_at": monitor.created_at,
        "at": at if ping is None else ping.at,
        "expected_at": slot,
        "deadline_at": None if slot is None else slot + wait_ms(monitor, before),
        "last_ok_at": before.last_ok_at,
        "last_ping_at": before.last_ping_at,
        "last_duration_ms": before.last_duration_ms,
        "usual_ms": [min(durations), max(durations)] if durations else None,
        "good_before": before.good,
        "bad": state.bad,
        "unknowns": state.unknowns,
        "first_ever": before.last_ping_at is None,
        "limit_ms": monitor.run_limit_ms,
        "started_at": run.started_at if run is not None else None,
        "also_down": troubled(tx, monitor),
    }
    if ping is not None:
        facts.update(_ping_facts(ping, decision))
        stored = tx.runs.by_id(run.id) if run is not None and ping.trace_id is None else None
        facts.update(_request_facts(tx, monitor, ping.trace_id if stored is None else stored.trace_id))
    return facts


def _ping_facts(ping: Ping, decision: Decision) -> dict[str, Any]:
    finished = next((run for run in (*decision.closed, *decision.opened) if run.ok is not None), None)
    lines = (ping.output or "").rstrip().splitlines()
    return {
        "exit_code": ping.exit_code,
        "duration_ms": finished.duration_ms if finished is not None else ping.duration_ms,
        "message": ping.message[:MESSAGE_CHARS] if ping.message else None,
        "host": ping.host or ping.source,
        "output_tail": [line[-OUTPUT_CHARS // OUTPUT_LINES :] for line in lines[-OUTPUT_LINES:]],
        "output_lines": len(lines),
    }


def _request_facts(tx: Transaction, monitor: Monitor, trace_id: str | None) -> dict[str, Any]:
    """Return what the HTTP requests of a run's trace say, as far as they have arrived; nothing without a trace."""
    if trace_id is None:
        return {}
    said = of_run(request for _, request in tx.telemetry.by_trace(monitor.project_id, trace_id, REQUESTS))
    slowest, error = said.slowest, said.first_error
    return {
        "trace_id": trace_id,
        "requests": {
            "count": said.requests,
            "more": said.requests == REQUESTS,
            "failed": said.failed,
            "slowest": None if slowest is None else {"host": slowest.host, "duration_ms": slowest.duration_ms},
            "first_error": None
            if error is None
            else {
                "what": f"{error.method} {error.host}{error.path}"[:MESSAGE_CHARS],
                "status_code": error.status_code,
                "duration_ms": error.duration_ms,
                "at": error.at,
            },
        },
    }


def troubled(tx: Transaction, monitor: Monitor) -> list[dict[str, Any]]:
    """Return the other monitors of the project that have an open incident, newest trouble first."""
    return [
        {"slug": other.slug, "kind": state.status.value, "since": state.bad_since}
        for other, state in tx.monitors.troubled(monitor.project_id, monitor.id, ALSO_DOWN)
    ]
