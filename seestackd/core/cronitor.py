"""The monitors of a Cronitor account: as its API lists them, and as its cronitor.yaml has them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from seestackd.core.foreign import Entry, Row, Said, entries_of
from seestackd.core.slugs import slug_from

KINDS = {"jobs": "job", "heartbeats": "heartbeat", "checks": "check", "sites": "site"}
"""The tables of a cronitor.yaml, and what the API calls each kind."""

_HEARD = ("job", "heartbeat", "event", "")
_DURATION = re.compile(r"metric\.duration\s*<=?\s*(.+)")


def read_monitors(document: Any, problems: list[tuple[str, str]]) -> list[Entry]:
    """Return a monitor for each of a list: {"monitors": [...]}, the list alone, or tables by kind and key."""
    rows = document.get("monitors", document) if isinstance(document, dict) else document
    found = _listed(rows) if isinstance(rows, list) else _by_kind(rows)
    return entries_of(found, _entry, problems)


def _listed(rows: list[Any]) -> Iterator[tuple[str, Any]]:
    for number, raw in enumerate(rows):
        yield f"monitors[{number}]", raw


def _by_kind(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for kind, name in KINDS.items():
        monitors = tables.get(kind)
        if isinstance(monitors, dict):
            for key, raw in monitors.items():
                yield f"{kind}.{key}", {"key": str(key), "type": name, **raw} if isinstance(raw, dict) else raw
        elif monitors is not None:
            yield kind, monitors


def _entry(where: str, row: Row) -> Entry:
    kind, key = row.text("type"), row.text("key")
    if kind not in _HEARD:
        return Entry(where, "", {}, left=f"a {kind} looks at an address by itself; seestackd waits for reports")
    schedules = [row.text("schedule")] if row.text("schedule") else row.texts("schedules")
    if not schedules:
        return Entry(where, "", {}, left="it has no schedule, so nothing is expected of it")
    if len(schedules) > 1:
        return Entry(where, "", {}, left="it has several schedules; add one monitor for each")
    if not key and not row.text("name"):
        raise row.wrong("key", "is missing")
    table = {"schedule": row.said("schedule", schedules[0]), "watch_from_creation": row.said("paused", False)}
    table |= _rules(row)
    table |= {name: row.said(name, row.text(name)) for name in ("name", "timezone") if row.text(name)}
    if tags := row.texts("tags"):
        table["tags"] = row.said("tags", tags)
    limits, others = _limits(row)
    if limits:
        table["max_runtime"] = row.said("assertions", limits[0])
    return Entry(where, slug_from(key, row.text("name")), table, notes=tuple(_notes(row, others)))


def _rules(row: Row) -> dict[str, Said]:
    rules = {}
    if grace := row.seconds("grace_seconds"):
        rules["grace"] = grace
    if tolerated := row.count("failure_tolerance"):
        rules["failures_before_alert"] = row.said("failure_tolerance", tolerated + 1)
    if again := row.text("realert_interval").lower().removeprefix("every").strip():
        rules["remind_every"] = row.said("realert_interval", f"1 {again}" if again.isalpha() else again)
    return rules


def _limits(row: Row) -> tuple[list[str], list[str]]:
    """Return the assertions that limit how long a run may take, as durations, and the others."""
    limits: list[str] = []
    others: list[str] = []
    for assertion in row.texts("assertions"):
        found = _DURATION.fullmatch(assertion.strip())
        if found is None or limits:
            others.append(assertion)
        else:
            limits.append(f"{found[1]} s" if found[1].isdigit() else found[1])
    return limits, others


def _notes(row: Row, assertions: list[str]) -> Iterator[str]:
    if row.raw.get("paused") or row.raw.get("disabled"):
        yield "it is paused there; it waits for its first report here"
    if row.count("schedule_tolerance"):
        yield "its schedule_tolerance is not taken over"
    for assertion in assertions:
        yield f"not taken over: {assertion}"
    notified = row.raw.get("notify")
    if notified and notified != ["default"]:
        yield "whom it notifies is not taken over; it alerts through the default channels"
