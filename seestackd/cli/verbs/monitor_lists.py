"""`seestackd monitor ls` as operations. Ten thousand monitors are made into text here at once, none as an object."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import iso
from seestackd.cli.verbs.monitors import project_of
from seestackd.core.alerts import Routing, chosen_channels
from seestackd.core.monitor import Rules
from seestackd.core.schedule import stored_problem
from seestackd.operations import monitors
from seestackd.operations.monitors import ListLines
from seestackd.store.interface import Transaction
from seestackd.store.listings import MonitorDetails, Which

_written = json.encoder.encode_basestring
"""Returns a text as JSON; it is the encoder's own, in C."""


def lines(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return what the table shows of monitors, the ones in trouble first; `at` is in ms UTC."""
    found = [
        (*row[:2], bool(row.running), row.schedule, *row[5:], stored_problem(row.schedule, row.timezone) is not None)
        for row in monitors.lines(tx, ListLines(project_of(tx), _which(call)), at)
    ]
    return {"at": at, "lines": found, "of": len(found) or tx.listings.count_monitors(project_of(tx))}


def listed(tx: Transaction, call: Call, at: int) -> str:
    """Return, as JSON, what is known of every monitor, or of some, the ones in trouble first; one a line."""
    rows = monitors.details(tx, ListLines(project_of(tx), _which(call)), at)
    each = ",\n".join(map(_as_text(tx.routing), rows))
    return f'{{"at": "{iso(at)}", "monitors": [\n{each}\n]}}'


def _which(call: Call) -> Which:
    return Which(call.optional("state"), call.optional("tag"))


def _as_text(routing: Routing) -> Callable[[MonitorDetails], str]:
    """Return what makes of a row what `monitors.described` is in JSON."""

    @cache
    def rules(stored: str) -> str:
        return json.dumps(asdict(Rules(**json.loads(stored))), ensure_ascii=False)[1:-1]

    @cache
    def whom(stored_channels: str | None, stored_tags: str) -> str:
        tags = tuple(json.loads(stored_tags))
        own = None if stored_channels is None else tuple(json.loads(stored_channels))
        said = {"channels": chosen_channels(routing, own, tags)[0], "tags": tags}
        return json.dumps(said, ensure_ascii=False)[1:-1]

    @cache
    def when(schedule: str, timezone: str) -> str:
        said = {"schedule": schedule, "timezone": timezone, "schedule_problem": stored_problem(schedule, timezone)}
        return json.dumps(said, ensure_ascii=False)[1:-1]

    def text(row: MonitorDetails) -> str:
        return (
            f'{{"slug": "{row.slug}", "name": {_written(row.name)}, "uid": "{row.uid}", "status": "{row.shown}", '
            f'"running": {"true" if row.running else "false"}, {when(row.schedule, row.timezone)}, {rules(row.rules)}, '
            f'{whom(row.channels, row.tags)}, "source": "{row.source}", "created_at": {_at(row.created_at)}, '
            f'"expected_at": {_at(row.expected_at)}, "deadline_at": {_at(row.deadline_at)}, '
            f'"last_ping_at": {_at(row.last_ping_at)}, "last_ok_at": {_at(row.last_ok_at)}, '
            f'"last_duration_ms": {_number(row.last_duration_ms)}, "good_in_a_row": {row.good}, '
            f'"bad_in_a_row": {row.bad}, "paused_until": {_at(row.paused_until)}, '
            f'"incident_id": {_number(row.incident_id)}}}'
        )

    return text


def _at(at: int | None) -> str:
    return "null" if at is None else f'"{iso(at)}"'


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


VERBS = {
    "monitor.ls": Verb(listed, reads=True, is_json=True),
    "monitor.table": Verb(lines, reads=True),
}
