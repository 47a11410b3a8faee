"""`seestackd monitor …` as operations."""

from dataclasses import replace
from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.badges import of_monitor
from seestackd.cli.verbs.channels import known_channels
from seestackd.cli.verbs.instants import iso, until
from seestackd.cli.verbs.ping_urls import ping_urls
from seestackd.core.alerts import Routing, channels_of
from seestackd.core.monitor import Rules, new_monitor, new_rules
from seestackd.errors import Conflict, Invalid
from seestackd.operations import keys, monitors
from seestackd.operations.managed import refuse_declared
from seestackd.operations.monitors import (
    AddMonitor,
    EditMonitor,
    MonitorNamed,
    MonitorView,
    PauseMonitor,
)
from seestackd.store.interface import Transaction

# The word that takes a rule away.
_UNSET = {"max_runtime": "default", "slow_factor": "off", "remind_every": "daily", "public_name": ""}
_FIELDS = {"grace": "grace_ms", "max_runtime": "max_runtime_ms", "remind_every": "remind_every_ms"}


def add(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Create a monitor. Raises Invalid, Conflict, NotFound (a channel)."""
    defaults = call.settings.defaults
    new = new_monitor(
        call.text("slug"),
        call.text("schedule"),
        name=call.optional("name"),
        timezone=call.given("timezone", defaults.timezone),
        rules=changed_rules(call, Rules(grace_ms=defaults.grace_ms)),
        channels=_channels(call),
        tags=call.texts("tags"),
        source="cli",
    )
    project = keys.ensure_project(tx, keys.EnsureProject(), at)
    if tx.monitors.by_slug(project.id, new.slug) is not None:
        raise Conflict(f"there is a monitor {new.slug} already; change it with: seestackd monitor edit {new.slug}")
    monitor = monitors.add(tx, AddMonitor(project.id, new, call.text("ping_id")), at)
    return one(tx, project.id, monitor.slug, at)


def edit(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Change a monitor; what is not named stays. Raises Invalid, NotFound, Conflict when a file declares it."""
    project_id, slug = project_of(tx), call.text("slug")
    before = monitors.shown(tx, MonitorNamed(project_id, slug), at).monitor
    refuse_declared(before)
    rescheduled = "schedule" in call.arguments or "timezone" in call.arguments
    wanted = new_monitor(
        slug,
        call.given("schedule", before.schedule.text if rescheduled else "1d"),
        name=call.given("name", before.name),
        timezone=call.given("timezone", before.schedule.timezone if rescheduled else "UTC"),
        rules=changed_rules(call, before.rules),
        channels=_channels(call),
        tags=call.texts("tags"),
    )
    command = EditMonitor(
        project_id,
        slug,
        name=wanted.name,
        schedule=wanted.schedule if rescheduled else None,
        rules=wanted.rules,
        channels=wanted.channels,
        default_channels=call.flag("default_channels", False),
        tags=wanted.tags if "tags" in call.arguments else None,
    )
    monitors.edit(tx, command, at)
    return one(tx, project_id, slug, at)


def changed_rules(call: Call, before: Rules) -> Rules:
    """Return the rules with what the call names changed. Raises Invalid."""
    said: dict[str, Any] = {name: call.text(name) for name in ("grace", *_UNSET) if name in call.arguments}
    unset = {name for name, word in _UNSET.items() if said.get(name) == word}
    said = {name: value for name, value in said.items() if name not in unset}
    if "slow_factor" in said:
        said["slow_factor"] = _factor(said["slow_factor"])
    said |= {name: call.flag(name) for name in ("overlap", "watch_from_creation", "public") if name in call.arguments}
    counts = ("failures_before_alert", "successes_before_recovery")
    said |= {name: call.number(name) for name in counts if name in call.arguments}
    new = new_rules(**said)
    fields = [_FIELDS.get(name, name) for name in said.keys() | unset]
    return replace(before, **{field: getattr(new, field) for field in fields})


def _factor(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Invalid(f'"{text}" is not a number; write for example 2.5, or "off"', field="slow_factor") from None


def _channels(call: Call) -> tuple[str, ...] | None:
    if call.arguments.get("channels") is None:
        return None
    channels = call.texts("channels")
    known_channels(channels, call.settings)
    return channels


def pause(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Stop watching, for a while or until resumed. Raises NotFound, Invalid for the time."""
    project_id, slug = project_of(tx), call.text("slug")
    monitors.pause(tx, PauseMonitor(project_id, slug, until(call, at)), at)
    return one(tx, project_id, slug, at)


def resume(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Watch again. Raises NotFound."""
    project_id, slug = project_of(tx), call.text("slug")
    monitors.resume(tx, MonitorNamed(project_id, slug), at)
    return one(tx, project_id, slug, at)


def shown(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return one monitor, with the addresses that its job can report to. Raises NotFound."""
    project_id, slug = project_of(tx), call.text("slug")
    monitor = monitors.shown(tx, MonitorNamed(project_id, slug), at).monitor
    urls = {"ping_urls": ping_urls(tx, monitor, call.settings), "badge_url": of_monitor(tx, call.settings, slug)}
    return {**one(tx, project_id, slug, at), **urls}


def one(tx: Transaction, project_id: int, slug: str, at: int) -> dict[str, Any]:
    """Return one monitor as JSON values. Raises NotFound."""
    return {"at": iso(at), **described(monitors.shown(tx, MonitorNamed(project_id, slug), at), tx.routing)}


def remove(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Delete a monitor with its history. Raises NotFound, Conflict when a file declares it."""
    project_id, slug = project_of(tx), call.text("slug")
    found = tx.monitors.by_slug(project_id, slug)
    if found is not None:
        refuse_declared(found)
    monitors.remove(tx, MonitorNamed(project_id, slug), at)
    return {"removed": slug}


def project_of(tx: Transaction) -> int:
    """Return the id of the project that the command line works on; 0, which has nothing, before there is one."""
    project = tx.projects.by_slug("default")
    return project.id if project else 0


def described(view: MonitorView, routing: Routing) -> dict[str, Any]:
    """Return a monitor as JSON values."""
    monitor, state, rules = view.monitor, view.state, view.monitor.rules
    return {
        "slug": monitor.slug,
        "name": monitor.name,
        "uid": monitor.uid,
        "status": view.status,
        "running": view.running,
        "schedule": monitor.schedule.text,
        "timezone": monitor.schedule.timezone,
        "schedule_problem": monitor.schedule.problem,
        "grace_ms": rules.grace_ms,
        "max_runtime_ms": rules.max_runtime_ms,
        "overlap": rules.overlap,
        "watch_from_creation": rules.watch_from_creation,
        "failures_before_alert": rules.failures_before_alert,
        "successes_before_recovery": rules.successes_before_recovery,
        "slow_factor": rules.slow_factor,
        "remind_every_ms": rules.remind_every_ms,
        "public": rules.public,
        "public_name": rules.public_name,
        "channels": list(channels_of(routing, monitor)[0]),
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
        "paused_until": iso(state.paused_until),
        "incident_id": state.incident_id,
    }


VERBS = {
    "monitor.add": Verb(add),
    "monitor.show": Verb(shown, reads=True),
    "monitor.edit": Verb(edit),
    "monitor.pause": Verb(pause),
    "monitor.resume": Verb(resume),
    "monitor.rm": Verb(remove),
}
