"""`seestackd monitor …` as operations."""

from datetime import UTC, datetime
from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.channels import known_channels
from seestackd.core.monitor import new_monitor, new_rules
from seestackd.operations import keys, monitors
from seestackd.operations.monitors import AddMonitor, ListMonitors, MonitorNamed, MonitorView
from seestackd.store.interface import Transaction


def iso(at: int | None) -> str | None:
    """Write an instant (ms UTC) as in 2026-11-23T02:00:00.000Z."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Create a monitor. Raises Invalid, Conflict, NotFound (a channel)."""
    defaults = call.settings.defaults
    channels = call.texts("channels")
    known_channels(channels, call.settings)
    new = new_monitor(
        call.text("slug"),
        call.text("schedule"),
        name=call.optional("name"),
        timezone=call.optional("timezone") or defaults.timezone,
        rules=new_rules(grace=call.optional("grace") or defaults.grace, max_runtime=call.optional("max_runtime")),
        channels=channels or None,
        tags=call.texts("tags"),
        source="cli",
    )
    project = keys.ensure_project(tx, keys.EnsureProject(), at)
    monitor = monitors.add(tx, AddMonitor(project.id, new, call.text("ping_id")), at)
    return {"at": iso(at), **_shown(monitors.shown(tx, MonitorNamed(project.id, monitor.slug), at), call)}


def listed(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return every monitor, the ones in trouble first."""
    project = tx.projects.by_slug("default")
    views = monitors.listed(tx, ListMonitors(project.id), at) if project else []
    return {"at": iso(at), "monitors": [_shown(view, call) for view in views]}


def shown(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return one monitor. Raises NotFound."""
    return {"at": iso(at), **_shown(monitors.shown(tx, MonitorNamed(_project(tx), call.text("slug")), at), call)}


def remove(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Delete a monitor with its history. Raises NotFound."""
    monitors.remove(tx, MonitorNamed(_project(tx), call.text("slug")), at)
    return {"removed": call.text("slug")}


def _project(tx: Transaction) -> int:
    project = tx.projects.by_slug("default")
    return project.id if project else 0


def _shown(view: MonitorView, call: Call) -> dict[str, Any]:
    monitor, state, rules = view.monitor, view.state, view.monitor.rules
    return {
        "slug": monitor.slug,
        "name": monitor.name,
        "uid": monitor.uid,
        "status": view.status,
        "running": view.running,
        "schedule": monitor.schedule.text,
        "timezone": monitor.schedule.timezone,
        "grace_ms": rules.grace_ms,
        "max_runtime_ms": rules.max_runtime_ms,
        "channels": list(call.settings.default_channels if monitor.channels is None else monitor.channels),
        "tags": list(monitor.tags),
        "source": monitor.source,
        "created_at": iso(monitor.created_at),
        "expected_at": iso(state.expected_at),
        "deadline_at": iso(state.deadline_at),
        "last_ping_at": iso(state.last_ping_at),
        "last_ok_at": iso(state.last_ok_at),
        "last_duration_ms": state.last_duration_ms,
        "good_in_a_row": state.good,
        "bad_in_a_row": state.bad,
        "incident_id": state.incident_id,
    }


VERBS = {
    "monitor.add": Verb(add),
    "monitor.ls": Verb(listed, reads=True),
    "monitor.show": Verb(shown, reads=True),
    "monitor.rm": Verb(remove),
}
