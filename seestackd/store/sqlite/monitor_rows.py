"""Monitors and their states as rows of the database."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from seestackd.core.monitor import Monitor, OpenRun, Outcome, Rules, State, Status
from seestackd.core.schedule import stored_schedule

SPEC = (
    "id, uid, project_id, slug, name, ping_id, schedule, timezone, rules, channels, tags, source, created_at,"
    " archived_at, version"
)
STATE = (
    "status, good, bad, bad_since, unknowns, unknown_of, watched_from, expected_at, newest_slot, newest_judged,"
    " silent_slot, hold_until, paused_until, open_runs, incident_id, deadline_at, last_ping_at, last_ping_id,"
    " last_ping_mark, last_ok_at, last_finish_at, last_run_id, last_duration_ms, ends_only"
)


def _runs_to_text(runs: tuple[OpenRun, ...]) -> str | None:
    if not runs:
        return None
    rows = [[r.id, r.rid, r.slot, r.started_at, r.limit_at, r.overran, r.outcome] for r in runs]
    return json.dumps(rows, separators=(",", ":"))


def _open_run(row: list[Any]) -> OpenRun:
    outcome = Outcome(row[6]) if row[6] is not None else None
    return OpenRun(row[0], row[1], row[2], row[3], row[4], row[5], outcome)


def state_values(state: State) -> tuple[Any, ...]:
    """Return a state as a row of `STATE`."""
    return (
        state.status._value_,
        state.good,
        state.bad,
        state.bad_since,
        state.unknowns,
        state.unknown_of,
        state.watched_from,
        state.expected_at,
        state.newest_slot,
        state.newest_judged,
        state.silent_slot,
        state.hold_until,
        state.paused_until,
        _runs_to_text(state.open_runs),
        state.incident_id,
        state.deadline_at,
        state.last_ping_at,
        state.last_ping_id,
        state.last_ping_mark,
        state.last_ok_at,
        state.last_finish_at,
        state.last_run_id,
        state.last_duration_ms,
        state.ends_only,
    )


_STATUSES = {status.value: status for status in Status}


def read_state(row: Sequence[Any]) -> State:
    """Return the state that a row of `STATE` is."""
    runs = row[13]
    opened = tuple(_open_run(row) for row in json.loads(runs)) if runs else ()
    values = [_STATUSES[row[0]], *row[1:13], opened, *row[14:23], bool(row[23])]
    return State(*values)


def read_monitor(row: Sequence[Any]) -> Monitor:
    """Return the monitor that a row of `SPEC` is."""
    slug = row[3]
    return Monitor(
        row[0],
        row[1],
        row[2],
        slug,
        slug if row[4] == slug else row[4],
        stored_schedule(row[6], row[7]),
        _rules(row[8]),
        row[5],
        row[12],
        None if row[9] is None else names_of(row[9]),
        names_of(row[10]),
        row[11],
        row[13],
        row[14],
    )


# Most monitors of a fleet have the same rules: read once, they take their memory once too.
@lru_cache(maxsize=1024)
def _rules(text: str) -> Rules:
    return Rules(**json.loads(text))


@lru_cache(maxsize=1024)
def names_of(text: str) -> tuple[str, ...]:
    """Return the names in a column of JSON."""
    return tuple(json.loads(text))
