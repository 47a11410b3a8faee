"""Planned work: windows in which silence means nothing."""

from dataclasses import dataclass, replace
from itertools import pairwise

from seestackd.core.durations import parse_duration
from seestackd.core.maintenance import Window
from seestackd.core.monitor import DAY_MS, MAX_GRACE_MS, MAX_NAME, MAX_RUNTIME_MS, names_of
from seestackd.core.schedule import parse_schedule
from seestackd.errors import Invalid, NotFound
from seestackd.operations.incidents import act_anew
from seestackd.operations.monitors import judge_anew
from seestackd.store.interface import Transaction

MAX_WINDOW_MS = 30 * DAY_MS
LOOKED_AHEAD_MS = 62 * DAY_MS
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class AddMaintenance:
    """Plan a window: once from `starts_at` to `ends_at` (ms UTC), or `duration` at every slot of `schedule`."""

    project_id: int
    title: str
    starts_at: int | None = None
    ends_at: int | None = None
    schedule: str | None = None
    duration: str | None = None
    timezone: str = "UTC"
    slugs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveMaintenance:
    """Call a window off, by its uid or the beginning of it."""

    project_id: int
    uid: str


@dataclass(frozen=True, slots=True)
class ListMaintenance:
    """The windows of a project."""

    project_id: int


def add(tx: Transaction, command: AddMaintenance, at: int) -> Window:
    """Plan a window. Raises Invalid naming the field, NotFound for an unknown monitor."""
    title = command.title.strip()
    if not title or len(title) > MAX_NAME or not title.isprintable():
        raise Invalid(f"give the window a title of 1-{MAX_NAME} printable characters", field="title")
    for slug in command.slugs:
        if tx.monitors.by_slug(command.project_id, slug) is None:
            raise NotFound(f"No cron monitor found with slug: {slug}", field="monitor")
    command = replace(command, tags=names_of(command.tags, "tags"))
    window = replace(_once(command, at) if command.schedule is None else _recurring(command, at), uid=tx.new_id())
    return tx.maintenance.create(command.project_id, replace(window, title=title), at)


def _once(command: AddMaintenance, at: int) -> Window:
    if command.starts_at is None or command.ends_at is None:
        missing = "start" if command.starts_at is None else "end"
        raise Invalid("give a start and an end, or a schedule and a duration", field=missing)
    if command.duration is not None:
        raise Invalid("goes with a schedule; a window with an end needs none", field="duration")
    if command.ends_at <= command.starts_at:
        raise Invalid("the end is not after the start", field="end")
    if command.ends_at <= at:
        raise Invalid("the window lies in the past; give an end that is still to come", field="end")
    if command.ends_at - command.starts_at > MAX_WINDOW_MS:
        raise Invalid("a window lasts at most 30 days; pause the monitor instead", field="end")
    return Window(0, "", "", command.starts_at, command.ends_at, slugs=command.slugs, tags=command.tags)


def _recurring(command: AddMaintenance, at: int) -> Window:
    if command.starts_at is not None or command.ends_at is not None:
        raise Invalid("a recurring window has a schedule and a duration, not a start and an end", field="schedule")
    schedule = parse_schedule(command.schedule or "", command.timezone)
    if schedule.interval_ms is not None:
        raise Invalid('a window recurs by the calendar; give five cron fields such as "0 2 * * 0"', field="schedule")
    schedule.must_come(at)
    if command.duration is None:
        raise Invalid("say how long the window lasts, for example 2h", field="duration")
    duration = parse_duration(command.duration, "duration")
    if not 0 < duration <= MAX_WINDOW_MS:
        raise Invalid("a window lasts more than nothing and at most 30 days", field="duration")
    slots = schedule.slots_between(at, at + LOOKED_AHEAD_MS, LOOKED_AT)
    if any(later - slot <= duration for slot, later in pairwise(slots)):
        raise Invalid("the next window begins before this one ends; give less, or pause the monitor", field="duration")
    return Window(0, "", "", schedule=schedule, duration_ms=duration, slugs=command.slugs, tags=command.tags)


def remove(tx: Transaction, command: RemoveMaintenance, at: int) -> Window:
    """Call a window off: what it put off comes due by the ordinary deadlines. Raises NotFound, and Invalid for two."""
    found = [window for window in tx.maintenance.in_project(command.project_id) if window.uid.startswith(command.uid)]
    if not found or not command.uid:
        raise NotFound(
            f"Maintenance window not found: {command.uid}; list them with: seestackd maintenance ls", field="window"
        )
    if len(found) > 1:
        raise Invalid(f"{len(found)} windows begin with {command.uid}; give more of it", field="window")
    tx.maintenance.remove(found[0].id, at)
    _take_back_deadlines(tx, command.project_id, found[0], at)
    return found[0]


def _take_back_deadlines(tx: Transaction, project_id: int, window: Window, at: int) -> None:
    """Judge the window's monitors by their own deadlines again, none within a minute of the change.

    Without this a deadline stays where the window moved it, and a job that has stopped would not be missed until then.
    """
    stretch = window.coming(at)
    if stretch is None or stretch[0] > at + MAX_GRACE_MS + MAX_RUNTIME_MS:
        return
    states = tx.monitors.states(project_id)
    for monitor in tx.monitors.in_project(project_id, False):
        if window.concerns(monitor):
            judge_anew(tx, monitor, states[monitor.id], at)
            act_anew(tx, monitor, states[monitor.id], at)


def listed(tx: Transaction, command: ListMaintenance, at: int) -> list[Window]:
    """Return the windows that are planned or recur, the past ones left out."""
    windows = tx.maintenance.in_project(command.project_id)
    return [window for window in windows if window.schedule is not None or (window.ends_at or 0) > at]
