"""Monitors as code: the files' monitors become the stored ones, in one transaction (semantics.md 4 and 7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from seestackd.core.alerts import hearers
from seestackd.core.events import MonitorChanged
from seestackd.core.incidents import SEVERITY, Alert, AlertKind
from seestackd.core.monitor import Monitor, NewMonitor
from seestackd.errors import Invalid
from seestackd.operations import monitors
from seestackd.operations.creation import create
from seestackd.operations.keys import EnsureProject, ensure_project
from seestackd.operations.managed import FROM_FILE
from seestackd.operations.monitors import EditMonitor, MonitorNamed
from seestackd.store.interface import Transaction

MANY = 5
MANY_SHARE = 0.25
MAX_NAMED = 50
REFUSED = "declared.refused"


@dataclass(frozen=True, slots=True)
class Declare:
    """The monitors that the files declare, all of them; `ping_ids` are as many random texts.

    `force` archives however many are no longer declared.
    """

    monitors: tuple[NewMonitor, ...]
    ping_ids: tuple[str, ...]
    force: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A monitor that will be another: (what, as it is, as it is declared) for each difference, as JSON values."""

    slug: str
    fields: tuple[tuple[str, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the files change; `declared` is how many monitors stood in them before.

    `refused` says that nothing was changed, as too many would be archived.
    """

    added: tuple[str, ...]
    changed: tuple[Changed, ...]
    restored: tuple[str, ...]
    archived: tuple[str, ...]
    unchanged: int
    declared: int
    refused: bool = False

    @property
    def touched(self) -> frozenset[str]:
        """The slugs of all that become or change."""
        return frozenset({*self.added, *self.restored, *(changed.slug for changed in self.changed)})

    @property
    def drops_many(self) -> bool:
        """Tell whether at least 5 and more than a quarter of the file's monitors would be archived."""
        return len(self.archived) >= MANY and len(self.archived) > MANY_SHARE * self.declared


def compare(tx: Transaction, declared: tuple[NewMonitor, ...], at: int) -> Difference:
    """Return what `declare` would do. Raises Invalid for a schedule that never comes round."""
    project = tx.projects.by_slug(EnsureProject().slug)
    slugs = [new.slug for new in declared]
    difference = difference_of(tx.monitors.declared(project.id, slugs) if project is not None else [], declared)
    check_schedules(declared, difference, at)
    return difference


def declare(tx: Transaction, command: Declare, at: int) -> Difference:
    """Make the file's monitors what the command says; what it does not change is not touched.

    When too many would be archived nothing is changed, and the default channels are told, once. Raises Invalid, with
    nothing changed, for a schedule that never comes round.
    """
    project_id = ensure_project(tx, EnsureProject(), at).id
    stored = tx.monitors.declared(project_id, [new.slug for new in command.monitors])
    difference = difference_of(stored, command.monitors)
    check_schedules(command.monitors, difference, at)
    if difference.drops_many and not command.force:
        _tell_refused(tx, difference, at)
        return replace(difference, refused=True)
    if tx.meta(REFUSED):
        tx.set_meta(REFUSED, "")
    touched = difference.touched
    by_slug = {monitor.slug: monitor for monitor in stored}
    for new, ping_id in zip(command.monitors, command.ping_ids, strict=True):
        if new.slug in touched:
            _put(tx, project_id, by_slug.get(new.slug), new, ping_id, at)
    for slug in difference.archived:
        monitor = monitors.archive(tx, MonitorNamed(project_id, slug), at)
        tx.announce(MonitorChanged(monitor.id, project_id))
    return difference


def _put(tx: Transaction, project_id: int, before: Monitor | None, new: NewMonitor, ping_id: str, at: int) -> None:
    if before is None:
        create(tx, project_id, new, ping_id, at)
    else:
        become(tx, before, new, at)


def become(tx: Transaction, before: Monitor, new: NewMonitor, at: int) -> None:
    """Make a stored monitor what is asked for, its `source` too; an archived one is watched again. Raises Invalid."""
    if before.archived_at is not None:
        before = monitors.unarchive(tx, MonitorNamed(before.project_id, new.slug), at)
        tx.announce(MonitorChanged(before.id, before.project_id))
    if before.source != new.source:
        tx.monitors.update(replace(before, source=new.source), at)
        tx.announce(MonitorChanged(before.id, before.project_id))
    command = EditMonitor(
        before.project_id,
        new.slug,
        name=new.name,
        schedule=new.schedule,
        rules=new.rules,
        channels=new.channels,
        default_channels=new.channels is None,
        tags=new.tags,
    )
    monitors.edit(tx, command, at)


def check_schedules(declared: Iterable[NewMonitor], difference: Difference, at: int) -> None:
    """Refuse new schedules that never come round; one that has run out since it was declared may stay.

    Raises Invalid, with the field "monitors.<slug>.schedule".
    """
    rescheduled = {
        changed.slug
        for changed in difference.changed
        if any(name in ("schedule", "timezone") for name, _, _ in changed.fields)
    }
    for new in declared:
        if new.slug in rescheduled or new.slug in difference.added:
            try:
                new.schedule.must_come(at)
            except Invalid as error:
                raise Invalid(error.message, field=f"monitors.{new.slug}.schedule") from None


def difference_of(stored: Iterable[Monitor], declared: Iterable[NewMonitor]) -> Difference:
    """Return what makes the declared monitors of the stored ones, archived ones among them."""
    by_slug = {monitor.slug: monitor for monitor in stored}
    wanted = {new.slug: new for new in declared}
    added, restored, changed = [], [], []
    for slug, new in wanted.items():
        before = by_slug.get(slug)
        if before is None:
            added.append(slug)
        elif before.archived_at is not None:
            restored.append(slug)
        elif fields := _changes(_facts(before), _facts(new)):
            changed.append(Changed(slug, fields))
    in_file = [
        monitor.slug for monitor in by_slug.values() if monitor.source == FROM_FILE and monitor.archived_at is None
    ]
    return Difference(
        added=tuple(added),
        changed=tuple(changed),
        restored=tuple(restored),
        archived=tuple(slug for slug in in_file if slug not in wanted),
        unchanged=len(wanted) - len(added) - len(restored) - len(changed),
        declared=len(in_file),
    )


def _facts(monitor: Monitor | NewMonitor) -> dict[str, Any]:
    rules, channels = monitor.rules, monitor.channels
    return {
        "schedule": monitor.schedule.text,
        "timezone": monitor.schedule.timezone,
        "name": monitor.name,
        "channels": None if channels is None else list(channels),
        "tags": list(monitor.tags),
        **{name: getattr(rules, name) for name in rules.__slots__},
        "source": monitor.source,
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    return tuple((name, before[name], after[name]) for name in before if before[name] != after[name])


def _tell_refused(tx: Transaction, difference: Difference, at: int) -> None:
    """Tell the default channels that the files were not applied, once for the same monitors."""
    mark = sha256(",".join(difference.archived).encode()).hexdigest()
    if tx.meta(REFUSED) == mark:
        return
    tx.set_meta(REFUSED, mark)
    facts = {
        "count": len(difference.archived),
        "declared": difference.declared,
        "slugs": list(difference.archived[:MAX_NAMED]),
        "timezone": tx.routing.timezone,
        "at": at,
    }
    kind = AlertKind.REFUSED
    heard = hearers(tx.routing, tx.routing.default_channels, kind, SEVERITY[kind], None, at)
    told = [
        Alert(tx.new_id(), h.channel, kind, SEVERITY[kind], facts, next_attempt_at=h.not_before)
        for h in heard
        if h.told
    ]
    tx.outbox.put(told, at)
