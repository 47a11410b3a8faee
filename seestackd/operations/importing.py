"""Monitors that come from elsewhere: added or changed together, in one transaction, and none taken away."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seestackd.core.monitor import Monitor, NewMonitor
from seestackd.errors import Conflict
from seestackd.operations.creation import create
from seestackd.operations.declared import Difference, become, check_schedules, difference_of
from seestackd.operations.keys import EnsureProject, ensure_project
from seestackd.operations.managed import refuse_declared
from seestackd.store.interface import Transaction


@dataclass(frozen=True, slots=True)
class Import:
    """Monitors of the default project; `ping_ids` holds the ping id of each by its slug, for those that are new."""

    monitors: tuple[NewMonitor, ...]
    ping_ids: Mapping[str, str]


def plan(tx: Transaction, command: Import, at: int) -> Difference:
    """Return what `bring_in` would do, with nothing changed. Raises what it raises."""
    project = tx.projects.by_slug(EnsureProject().slug)
    return _checked(tx, command, {} if project is None else _stored(tx, command, project.id), at)


def bring_in(tx: Transaction, command: Import, at: int) -> Difference:
    """Add the monitors that are new and change those that differ.

    Raises Conflict for a monitor that a file declares otherwise and for a ping id that another monitor has, Invalid for
    a schedule that never comes round; nothing is changed then.
    """
    project_id = ensure_project(tx, EnsureProject(), at).id
    by_slug = _stored(tx, command, project_id)
    difference = _checked(tx, command, by_slug, at)
    touched = difference.touched
    for new in command.monitors:
        before = by_slug.get(new.slug)
        if before is None:
            create(tx, project_id, new, command.ping_ids[new.slug], at)
        elif new.slug in touched:
            become(tx, before, _sourced(before, new), at)
    return difference


def _stored(tx: Transaction, command: Import, project_id: int) -> dict[str, Monitor]:
    slugs = [new.slug for new in command.monitors]
    return {monitor.slug: monitor for monitor in tx.monitors.declared(project_id, slugs)}


def _checked(tx: Transaction, command: Import, by_slug: Mapping[str, Monitor], at: int) -> Difference:
    wanted = [_sourced(by_slug.get(new.slug), new) for new in command.monitors]
    # What else is stored has nothing to do with an import, so nothing is archived by it.
    difference = replace(difference_of(by_slug.values(), wanted), archived=())
    check_schedules(wanted, difference, at)
    for slug in difference.touched & by_slug.keys():
        refuse_declared(by_slug[slug])
    for slug in difference.added:
        holder = tx.monitors.by_ping_id(command.ping_ids[slug])
        if holder is not None:
            raise Conflict(
                f"{slug} has the ping id of the monitor {holder.slug}; remove that one, or this from the list",
                field=f"monitors.{slug}",
            )
    return difference


def _sourced(before: Monitor | None, new: NewMonitor) -> NewMonitor:
    """Return the monitor with the source it keeps: a change by hand does not alter who made it."""
    return new if before is None or before.archived_at is not None else replace(new, source=before.source)
