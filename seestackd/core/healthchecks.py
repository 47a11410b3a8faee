"""The checks of a Healthchecks project, as its management API lists them (versions 1 to 3)."""

import re
from collections.abc import Mapping
from typing import Any

from seestackd.core.foreign import Entry, Row, Said, entries_of
from seestackd.core.slugs import slug_from
from seestackd.errors import Invalid

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FILTERS = ("filter_subject", "filter_body", "filter_http_body", "filter_default_fail")


def read_checks(document: Mapping[str, Any], problems: list[tuple[str, str]]) -> list[Entry]:
    """Return a monitor for each check; `document` is the answer to GET /api/v3/checks/."""
    rows = [(f"checks[{number}]", raw) for number, raw in enumerate(document["checks"])]
    return entries_of(rows, _entry, problems)


def _entry(where: str, row: Row) -> Entry:
    name, uuid = row.text("name"), _uuid(row)
    table: dict[str, Said] = {**_when(row), "watch_from_creation": row.said("status", False)}
    if name:
        table["name"] = row.said("name", name)
    if grace := row.seconds("grace"):
        table["grace"] = grace
    if tags := row.text("tags").split():
        table["tags"] = row.said("tags", tags)
    return Entry(where, slug_from(row.text("slug"), name, uuid or ""), table, uuid, tuple(_notes(row)))


def _when(row: Row) -> dict[str, Said]:
    schedule, timeout = row.text("schedule"), row.seconds("timeout")
    if schedule:
        zone = row.text("tz")
        return {"schedule": row.said("schedule", schedule), **({"timezone": row.said("tz", zone)} if zone else {})}
    if timeout is None:
        raise row.wrong("schedule", "is missing, and so is timeout; a check has one of them")
    return {"schedule": timeout}


def _uuid(row: Row) -> str | None:
    """Return what its ping address ends with; a list made with a read-only key does not tell it."""
    found = row.text("uuid") or row.text("ping_url").rpartition("/")[2]
    if found and not _UUID.fullmatch(found):
        raise Invalid("is no UUID", field=f"{row.where}.uuid")
    return found or None


def _notes(row: Row) -> list[str]:
    notes = []
    if row.text("status") == "paused":
        notes.append("it is paused there; it waits for its first report here")
    if any(row.raw.get(name) for name in _FILTERS):
        notes.append("its filters on what jobs send are not taken over")
    if row.text("channels"):
        notes.append("its integrations are not taken over; it alerts through the default channels")
    return notes
