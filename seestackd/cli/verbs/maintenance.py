"""`seestackd maintenance …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import instant, iso
from seestackd.core.maintenance import Window
from seestackd.core.schedule import zone_named
from seestackd.operations import keys, maintenance
from seestackd.operations.maintenance import AddMaintenance, ListMaintenance, RemoveMaintenance
from seestackd.store.interface import Transaction

SHORT = 8


def add(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Plan a window; `covered` is how many monitors it is about. Raises Invalid naming the field, NotFound."""
    zone = zone_named(call.given("timezone", call.settings.defaults.timezone))
    starts, ends = call.optional("from"), call.optional("to")
    project = keys.ensure_project(tx, keys.EnsureProject(), at)
    window = maintenance.add(
        tx,
        AddMaintenance(
            project.id,
            call.text("title"),
            starts_at=None if starts is None else instant(starts, "from", zone),
            ends_at=None if ends is None else instant(ends, "to", zone),
            schedule=call.optional("schedule"),
            duration=call.optional("duration"),
            timezone=zone,
            slugs=call.texts("monitors"),
            tags=call.texts("tags"),
        ),
        at,
    )
    covered = sum(window.concerns(monitor) for monitor in tx.monitors.in_project(project.id, False))
    return {"at": iso(at), "id": _short_ids(tx, project.id)[window.uid], **planned(window, at), "covered": covered}


def listed(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return the windows that go on, are planned, or recur."""
    project = tx.projects.by_slug("default")
    if project is None:
        return {"at": iso(at), "windows": []}
    windows = maintenance.listed(tx, ListMaintenance(project.id), at)
    short = _short_ids(tx, project.id)
    return {"at": iso(at), "windows": [{"id": short[window.uid], **planned(window, at)} for window in windows]}


def remove(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Call a window off. Raises NotFound, and Invalid when several begin like that."""
    project = tx.projects.by_slug("default")
    window = maintenance.remove(tx, RemoveMaintenance(project.id if project else 0, call.text("uid")), at)
    return {"at": iso(at), "uid": window.uid, "title": window.title}


def _short_ids(tx: Transaction, project_id: int) -> dict[str, str]:
    """Return the beginning of every uid that means no other: uids of one minute begin alike."""
    uids = [window.uid for window in tx.maintenance.in_project(project_id)]
    length = SHORT
    while len({uid[:length] for uid in uids}) < len(uids):
        length += 1
    return {uid: uid[:length] for uid in uids}


def planned(window: Window, at: int) -> dict[str, Any]:
    """Return a window as JSON values; `next_…` is the stretch that goes on or comes next."""
    schedule, stretch = window.schedule, window.coming(at)
    return {
        "uid": window.uid,
        "title": window.title,
        "starts_at": iso(window.starts_at),
        "ends_at": iso(window.ends_at),
        "schedule": schedule.text if schedule is not None else None,
        "timezone": schedule.timezone if schedule is not None else None,
        "duration_ms": window.duration_ms if schedule is not None else None,
        "next_starts_at": iso(stretch[0]) if stretch is not None else None,
        "next_ends_at": iso(stretch[1]) if stretch is not None else None,
        "on": stretch is not None and stretch[0] <= at,
        "monitors": list(window.slugs),
        "tags": list(window.tags),
    }


VERBS = {
    "maintenance.add": Verb(add),
    "maintenance.ls": Verb(listed, reads=True),
    "maintenance.rm": Verb(remove),
}
