"""Creating, changing and looking at monitors."""

from dataclasses import dataclass, replace

from seestackd.core import watching
from seestackd.core.events import MonitorChanged
from seestackd.core.expecting import earliest
from seestackd.core.monitor import Monitor, NewMonitor, Rules, State, shown_status
from seestackd.core.schedule import Schedule
from seestackd.core.transitions import Context, Decision
from seestackd.errors import Conflict, NotFound
from seestackd.operations.creation import create
from seestackd.operations.incidents import subject_of, withdraw
from seestackd.operations.pings import store
from seestackd.operations.slots import stretches_after
from seestackd.store.interface import Transaction
from seestackd.store.listings import MonitorDetails, MonitorLine, Which


@dataclass(frozen=True, slots=True)
class AddMonitor:
    """Create a monitor; `ping_id` is a random text of its own for its ping address."""

    project_id: int
    new: NewMonitor
    ping_id: str


@dataclass(frozen=True, slots=True)
class MonitorNamed:
    """The monitor of a project that has the slug."""

    project_id: int
    slug: str


@dataclass(frozen=True, slots=True)
class EditMonitor:
    """Change a monitor; what is None stays. `expected_version` refuses the change when somebody was faster.

    `default_channels` gives up its own channels for those of its tags, or the default ones.
    """

    project_id: int
    slug: str
    name: str | None = None
    schedule: Schedule | None = None
    rules: Rules | None = None
    channels: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    expected_version: int | None = None
    default_channels: bool = False


@dataclass(frozen=True, slots=True)
class PauseMonitor:
    """Stop watching, until an instant (ms UTC) or until resumed."""

    project_id: int
    slug: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class ListMonitors:
    """The monitors of a project, ordered by slug."""

    project_id: int
    archived: bool = False


@dataclass(frozen=True, slots=True)
class ListLines:
    """What a table shows of the monitors of a project."""

    project_id: int
    which: Which


@dataclass(frozen=True, slots=True)
class MonitorView:
    """A monitor with its state, and its status as people see it."""

    monitor: Monitor
    state: State
    status: str
    running: bool


def add(tx: Transaction, command: AddMonitor, at: int) -> Monitor:
    """Create a monitor that is watched from now on. Raises Conflict when the slug is taken."""
    return create(tx, command.project_id, command.new, command.ping_id, at)


def edit(tx: Transaction, command: EditMonitor, at: int) -> Monitor:
    """Change a monitor. Only another schedule or zone touches what is expected (semantics.md 4).

    Raises NotFound, Conflict when the version is not the expected one, Invalid when the schedule never comes round.
    """
    before = named(tx, command.project_id, command.slug)
    if command.expected_version is not None and command.expected_version != before.version:
        raise Conflict(f"monitor {before.slug} was changed by somebody else; read it again and repeat", field="version")
    wanted = replace(
        before,
        name=before.name if command.name is None else command.name,
        schedule=command.schedule or before.schedule,
        rules=command.rules or before.rules,
        channels=_channels(before, command),
        tags=before.tags if command.tags is None else command.tags,
    )
    if wanted == before:
        return before
    if wanted.schedule != before.schedule:
        wanted.schedule.must_come(at)
    monitor = tx.monitors.update(wanted, at)
    state = tx.monitors.load_state(monitor.id)
    if wanted.schedule != before.schedule:
        context = _context(tx, before, state, at)
        _keep(tx, state, watching.schedule_changed(monitor, state, at, context, before.schedule), at)
        state = tx.monitors.load_state(monitor.id)
    if wanted.rules != replace(before.rules, public=wanted.rules.public, public_name=wanted.rules.public_name):
        _keep(tx, state, watching.limits_changed(monitor, state, at, _context(tx, monitor, state, at)), at)
    tx.announce(MonitorChanged(monitor.id, monitor.project_id))
    return monitor


def _channels(before: Monitor, command: EditMonitor) -> tuple[str, ...] | None:
    if command.default_channels:
        return None
    return before.channels if command.channels is None else command.channels


def pause(tx: Transaction, command: PauseMonitor, at: int) -> MonitorView:
    """Stop watching; an open incident closes quietly. Raises NotFound."""
    monitor = named(tx, command.project_id, command.slug)
    state = tx.monitors.load_state(monitor.id)
    _keep(tx, state, watching.pause(monitor, state, at, command.until, _context(tx, monitor, state, at)), at)
    return _view(tx, monitor, at)


def resume(tx: Transaction, command: MonitorNamed, at: int) -> MonitorView:
    """Watch again. Raises NotFound."""
    monitor = named(tx, command.project_id, command.slug)
    state = tx.monitors.load_state(monitor.id)
    _keep(tx, state, watching.resumed(monitor, state, at, _context(tx, monitor, state, at)), at)
    return _view(tx, monitor, at)


def archive(tx: Transaction, command: MonitorNamed, at: int) -> Monitor:
    """Hide and stop watching a monitor; its history stays. Raises NotFound."""
    monitor = named(tx, command.project_id, command.slug)
    state = tx.monitors.load_state(monitor.id)
    _keep(tx, state, watching.pause(monitor, state, at, None, _context(tx, monitor, state, at)), at)
    return tx.monitors.update(replace(monitor, archived_at=at), at)


def unarchive(tx: Transaction, command: MonitorNamed, at: int) -> Monitor:
    """Bring an archived monitor back with its history. Raises NotFound."""
    found = tx.monitors.by_slug(command.project_id, command.slug)
    if found is None:
        raise NotFound(f"No cron monitor found with slug: {command.slug}", field="slug")
    monitor = tx.monitors.update(replace(found, archived_at=None), at) if found.archived_at is not None else found
    resume(tx, command, at)
    return monitor


def remove(tx: Transaction, command: MonitorNamed, at: int) -> Monitor:
    """Delete a monitor with its history. Raises NotFound."""
    found = tx.monitors.by_slug(command.project_id, command.slug)
    if found is None:
        raise NotFound(f"No cron monitor found with slug: {command.slug}", field="slug")
    incident = tx.incidents.open_for(subject_of(found))
    if incident is not None:
        withdraw(tx, incident.id, "the monitor was removed", at)
    tx.monitors.remove(found.id)
    tx.announce(MonitorChanged(found.id, found.project_id))
    return found


def shown(tx: Transaction, command: MonitorNamed, at: int) -> MonitorView:
    """Return one monitor with its state. Raises NotFound."""
    return _view(tx, named(tx, command.project_id, command.slug), at)


def listed(tx: Transaction, command: ListMonitors, at: int) -> list[MonitorView]:
    """Return the monitors of a project with their states."""
    states = tx.monitors.states(command.project_id)
    monitors = tx.monitors.in_project(command.project_id, command.archived)
    return [_seen(monitor, states[monitor.id], at) for monitor in monitors]


def lines(tx: Transaction, command: ListLines, at: int) -> list[MonitorLine]:
    """Return what a table shows of monitors, those in trouble first."""
    return tx.listings.monitor_lines(command.project_id, command.which, at)


def details(tx: Transaction, command: ListLines, at: int) -> list[MonitorDetails]:
    """Return what scripts read of monitors, those in trouble first."""
    return tx.listings.monitor_details(command.project_id, command.which, at)


def named(tx: Transaction, project_id: int, slug: str) -> Monitor:
    """Return the project's monitor of that slug, unless archived. Raises NotFound."""
    monitor = tx.monitors.by_slug(project_id, slug)
    if monitor is None or monitor.archived_at is not None:
        raise NotFound(f"No cron monitor found with slug: {slug}", field="slug")
    return monitor


def with_grace(rules: Rules, grace_ms: int) -> Rules:
    """Return rules with another grace."""
    return replace(rules, grace_ms=grace_ms)


def judge_anew(tx: Transaction, monitor: Monitor, state: State, at: int) -> None:
    """Compute the monitor's deadline again, when a window that moved it is gone; not within a minute from now."""
    context = _context(tx, monitor, state, at)
    if Decision(monitor, replace(state), context).settle().state.deadline_at != state.deadline_at:
        _keep(tx, state, watching.limits_changed(monitor, state, at, context), at)


def _view(tx: Transaction, monitor: Monitor, at: int) -> MonitorView:
    return _seen(monitor, tx.monitors.load_state(monitor.id, for_update=False), at)


def _seen(monitor: Monitor, state: State, at: int) -> MonitorView:
    running = any(not run.overran for run in state.open_runs)
    return MonitorView(monitor, state, shown_status(monitor, state, at), running)


def _context(tx: Transaction, monitor: Monitor, state: State, at: int) -> Context:
    incident = tx.incidents.by_id(state.incident_id) if state.incident_id is not None else None
    taken = stretches_after(tx, monitor, state, earliest(state, at))
    return Context(incident, taken=taken, windows=tx.maintenance.concerning(monitor))


def _keep(tx: Transaction, before: State, decision: Decision, at: int) -> None:
    store(tx, before, decision, None, at)
