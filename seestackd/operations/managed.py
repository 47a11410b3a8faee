"""Changing monitors, incidents and keys by their uids, as the management API does, with its guards."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seestackd.core.incidents import Incident
from seestackd.core.maintenance import Window
from seestackd.core.monitor import DAY_MS, MINUTE_MS, Monitor, Rules, new_monitor
from seestackd.errors import Conflict, Invalid, NotFound
from seestackd.operations import incidents, listings, maintenance, monitors, projects
from seestackd.operations.keys import MAX_NAME, RevokeKey, revoke
from seestackd.operations.listings import OfMonitor, OfProject
from seestackd.store.interface import Key, Transaction
from seestackd.store.listings import IncidentRow, MonitorRow

FROM_FILE = "file"
"""The `source` of monitors that are declared in the configuration."""


MAX_AHEAD_MS = 366 * DAY_MS


@dataclass(frozen=True, slots=True)
class ChangeMonitor:
    """Other rules for a monitor. What is None, or missing in `rules` (fields of Rules), stays as it is.

    `channels` counts when `sets_channels`; None then means those of its tags, or the default ones. A grace given in
    whole minutes leaves one alone that shows as the same number of minutes.
    """

    project_id: int
    uid: str
    slug: str
    name: str
    schedule: str
    timezone: str | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    grace_in_minutes: bool = False
    sets_channels: bool = False
    channels: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveMonitor:
    """Delete a monitor with its history."""

    project_id: int
    uid: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class PauseMonitor:
    """Stop watching, until an instant (ms UTC) or until resumed."""

    project_id: int
    uid: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """Somebody takes care of an incident."""

    project_id: int
    uid: str
    by: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is told of an incident until an instant (ms UTC)."""

    project_id: int
    uid: str
    until: int


@dataclass(frozen=True, slots=True)
class KeyOf:
    """A live key, in the project with the uid or in any that the viewer sees."""

    viewer: projects.Viewer
    uid: str
    project_uid: str | None = None


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Another name for a key."""

    key: KeyOf
    name: str


def change_monitor(tx: Transaction, command: ChangeMonitor, at: int) -> MonitorRow:
    """Change a monitor. Raises NotFound, Conflict (file-managed, or another version: field "version"), Invalid."""
    before = _changeable(tx, command.project_id, command.uid, command.expected_version, at)
    if command.slug != before.slug:
        raise Invalid("Slug cannot be changed after creation")
    wanted = new_monitor(
        before.slug,
        command.schedule,
        name=command.name,
        timezone=command.timezone or before.schedule.timezone,
        rules=_rules(before.rules, command),
        channels=command.channels,
        tags=command.tags or (),
    )
    edit = monitors.EditMonitor(
        command.project_id,
        before.slug,
        name=wanted.name,
        schedule=wanted.schedule,
        rules=wanted.rules,
        channels=wanted.channels if command.sets_channels else None,
        default_channels=command.sets_channels and command.channels is None,
        tags=None if command.tags is None else wanted.tags,
    )
    monitors.edit(tx, edit, at)
    return listings.monitor(tx, OfMonitor(command.project_id, command.uid), at)


def _rules(before: Rules, command: ChangeMonitor) -> Rules:
    after = replace(before, **command.rules)
    same = -(-before.grace_ms // MINUTE_MS) == after.grace_ms // MINUTE_MS
    return replace(after, grace_ms=before.grace_ms) if command.grace_in_minutes and same else after


def remove_monitor(tx: Transaction, command: RemoveMonitor, at: int) -> Monitor:
    """Delete a monitor. Raises NotFound, Conflict (file-managed, or another version: field "version")."""
    before = _changeable(tx, command.project_id, command.uid, command.expected_version, at)
    return monitors.remove(tx, monitors.MonitorNamed(command.project_id, before.slug), at)


def pause_monitor(tx: Transaction, command: PauseMonitor, at: int) -> MonitorRow:
    """Stop watching a monitor. Raises NotFound, Invalid for an instant that is past or far ahead."""
    if command.until is not None:
        _ahead(command.until, at)
    before = listings.monitor(tx, OfMonitor(command.project_id, command.uid), at).monitor
    monitors.pause(tx, monitors.PauseMonitor(command.project_id, before.slug, command.until), at)
    return listings.monitor(tx, OfMonitor(command.project_id, command.uid), at)


def resume_monitor(tx: Transaction, command: OfMonitor, at: int) -> MonitorRow:
    """Watch a monitor again. Raises NotFound."""
    before = listings.monitor(tx, command, at).monitor
    monitors.resume(tx, monitors.MonitorNamed(command.project_id, before.slug), at)
    return listings.monitor(tx, command, at)


def _ahead(until: int, at: int) -> None:
    if not at < until <= at + MAX_AHEAD_MS:
        raise Invalid("must lie ahead, and at most 366 days", field="until")


def refuse_declared(monitor: Monitor) -> None:
    """Raise Conflict for a monitor that a file declares: another change would be undone by the next reload."""
    if monitor.source == FROM_FILE and monitor.archived_at is None:
        raise Conflict(
            f"The monitor {monitor.slug} is declared in the configuration file; change it there, then: seestackd reload"
        )


def _changeable(tx: Transaction, project_id: int, uid: str, version: int | None, at: int) -> Monitor:
    found = listings.monitor(tx, OfMonitor(project_id, uid), at).monitor
    refuse_declared(found)
    if version is not None and version != found.version:
        raise Conflict(
            f"The monitor {found.slug} was changed by somebody else; read it again and repeat", field="version"
        )
    return found


def acknowledge(tx: Transaction, command: Ack, at: int) -> IncidentRow:
    """Note who takes care of an incident. Raises NotFound, Conflict when it is closed."""
    found = _open_incident(tx, command.project_id, command.uid, at)
    incidents.acknowledge(tx, incidents.AckIncident(found.id, command.by), at)
    return listings.incident(tx, OfProject(command.project_id, command.uid), at)


def silence(tx: Transaction, command: Silence, at: int) -> IncidentRow:
    """Say nothing of an incident until then. Raises NotFound, Conflict when it is closed, Invalid for the instant."""
    _ahead(command.until, at)
    found = _open_incident(tx, command.project_id, command.uid, at)
    incidents.silence(tx, incidents.SilenceIncident(found.id, command.until), at)
    return listings.incident(tx, OfProject(command.project_id, command.uid), at)


def _open_incident(tx: Transaction, project_id: int, uid: str, at: int) -> Incident:
    found = listings.incident(tx, OfProject(project_id, uid), at).incident
    if found.closed_at is not None:
        raise Conflict(f"The incident is closed already ({found.close_reason})")
    return found


def window(tx: Transaction, command: OfProject, at: int) -> Window:
    """Return one maintenance window of the project. Raises NotFound."""
    for found in tx.maintenance.in_project(command.project_id):
        if found.uid == command.uid:
            return found
    raise NotFound(f"MaintenanceWindow not found: {command.uid}")


def remove_window(tx: Transaction, command: OfProject, at: int) -> None:
    """Call a maintenance window off. Raises NotFound."""
    found = window(tx, command, at)
    maintenance.remove(tx, maintenance.RemoveMaintenance(command.project_id, found.uid), at)


def keys_of(tx: Transaction, command: projects.ProjectOf, at: int) -> list[Key]:
    """Return the live keys of a project, the newest first. Raises NotFound."""
    project = projects.shown(tx, command, at)
    return [key for key in reversed(tx.keys.all()) if key.project_id == project.id and key.revoked_at is None]


def key(tx: Transaction, command: KeyOf, at: int) -> Key:
    """Return one live key. Raises NotFound."""
    viewer = command.viewer
    if command.project_uid is not None:
        found = keys_of(tx, projects.ProjectOf(viewer, command.project_uid), at)
    else:
        found = [each for each in tx.keys.all() if viewer.everything or each.project_id == viewer.project_id]
    for each in found:
        if each.uid == command.uid and each.revoked_at is None:
            return each
    raise NotFound(f"ApiKey not found: {command.uid}")


def rename_key(tx: Transaction, command: RenameKey, at: int) -> Key:
    """Give a key another name. Raises NotFound, Invalid."""
    before, name = key(tx, command.key, at), command.name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid(f"A key's name is one line of 1 to {MAX_NAME} characters, for example: cron", field="name")
    tx.keys.rename(before.id, name)
    return replace(before, name=name)


def revoke_key(tx: Transaction, command: KeyOf, at: int) -> Key:
    """Revoke a key at once. Raises NotFound."""
    found = key(tx, command, at)
    return revoke(tx, RevokeKey(found.project_id, found.uid), at)
