"""Pages of what is stored, for people and consoles; each knows the project that asks and sees nothing else."""

from dataclasses import dataclass, replace

from seestackd.core.history import HistoryItem, history
from seestackd.core.monitor import Outcome, SlotEntry
from seestackd.core.runs import Run
from seestackd.errors import NotFound
from seestackd.store.interface import BlindWindow, StoredPing, Transaction
from seestackd.store.listings import IncidentRow, MonitorRow, Notification, Page

MAX_HEARD = 10_000
"""How many pings of a monitor a history counts back, and slots: a week of one per minute; more would be slow."""

MAX_UNREAD = 1_000


@dataclass(frozen=True, slots=True)
class Paged:
    """A page of a project's rows."""

    project_id: int
    page: Page


@dataclass(frozen=True, slots=True)
class ListMonitors:
    """The project's monitors, all of them without a page; with a slug, that one."""

    project_id: int
    page: Page | None = None
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class OfMonitor:
    """One monitor of the project, by its uid."""

    project_id: int
    uid: str


@dataclass(frozen=True, slots=True)
class ListHistory:
    """Finished runs and missed slots of `since <= at < until` (ms UTC)."""

    project_id: int
    uid: str
    since: int
    until: int
    page: Page
    status: str | None = None


@dataclass(frozen=True, slots=True)
class ListRuns:
    """Runs that began before the one with the id `before`."""

    project_id: int
    uid: str
    before: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class ListSlots:
    """Ledger rows that begin before an instant (ms UTC)."""

    project_id: int
    uid: str
    before: int
    limit: int


@dataclass(frozen=True, slots=True)
class ListIncidents:
    """Incidents of the project: `state` is open, closed or all; `monitor_uid` leaves one monitor's only."""

    project_id: int
    page: Page
    state: str = "all"
    monitor_uid: str | None = None


@dataclass(frozen=True, slots=True)
class OfProject:
    """Something of the project, by its uid."""

    project_id: int
    uid: str


def monitors(tx: Transaction, command: ListMonitors, at: int) -> tuple[list[MonitorRow], int]:
    """Return a page of monitors, and how many there are."""
    rows = tx.listings.monitors(command.project_id, command.page, command.slug)
    return rows, len(rows) if command.page is None else tx.listings.count_monitors(command.project_id, command.slug)


def monitor(tx: Transaction, command: OfMonitor, at: int) -> MonitorRow:
    """Return one monitor. Raises NotFound."""
    row = tx.listings.monitor(command.project_id, command.uid)
    if row is None:
        raise NotFound(f"CronMonitor not found: {command.uid}")
    return row


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of a history with what its ping said."""

    item: HistoryItem
    duration_ms: int
    message: str


def heard(tx: Transaction, command: ListHistory, at: int) -> tuple[list[HistoryLine], int]:
    """Return a page of a monitor's history, the newest first, and how many lines there are. Raises NotFound."""
    found = monitor(tx, OfMonitor(command.project_id, command.uid), at).monitor
    silent = tx.listings.slots(
        found.id, command.since, command.until, MAX_HEARD, (Outcome.MISSED.value, Outcome.OVERRUN.value)
    )
    pings = tx.listings.pings_since(found.id, command.since, MAX_HEARD)
    lines = history(found, pings, silent, command.since, command.until)
    if command.status is not None:
        lines = [line for line in lines if line.status == command.status]
    shown = lines[command.page.offset : command.page.offset + command.page.limit]
    said = tx.listings.pings([line.ping_id for line in shown if line.ping_id is not None])
    return [_line(line, said) for line in shown], len(lines)


def _line(item: HistoryItem, said: dict[int, StoredPing]) -> HistoryLine:
    if item.ping_id is None:
        return HistoryLine(item, 0, item.message)
    ping = said[item.ping_id].ping
    return HistoryLine(item, ping.duration_ms or 0, ping.message or "")


def runs(tx: Transaction, command: ListRuns, at: int) -> list[Run]:
    """Return runs, the newest first. Raises NotFound."""
    found = monitor(tx, OfMonitor(command.project_id, command.uid), at).monitor
    rows = tx.listings.runs(found.id, command.before, command.limit)
    if rows is None:
        raise NotFound(f"Run not found: {command.before}")
    return rows


def slots(tx: Transaction, command: ListSlots, at: int) -> list[SlotEntry]:
    """Return ledger rows, the newest first. Raises NotFound."""
    found = monitor(tx, OfMonitor(command.project_id, command.uid), at).monitor
    return tx.listings.slots(found.id, -(2**62), command.before, command.limit, ())


def incidents(tx: Transaction, command: ListIncidents, at: int) -> tuple[list[IncidentRow], int]:
    """Return a page of incidents, and how many there are. Raises NotFound for an unknown monitor."""
    monitor_id = None
    if command.monitor_uid is not None:
        monitor_id = monitor(tx, OfMonitor(command.project_id, command.monitor_uid), at).monitor.id
    rows = tx.listings.incidents(command.project_id, command.page, command.state, monitor_id)
    return rows, tx.listings.count_incidents(command.project_id, command.state, monitor_id)


def incident(tx: Transaction, command: OfProject, at: int) -> IncidentRow:
    """Return one incident. Raises NotFound."""
    row = tx.listings.incident(command.project_id, command.uid)
    if row is None:
        raise NotFound(f"Incident not found: {command.uid}")
    return row


def blind_windows(tx: Transaction, command: Paged, at: int) -> tuple[list[BlindWindow], int]:
    """Return a page of blind windows, and how many there are; none of another project's slugs is told."""
    windows = tx.listings.blind_windows(command.page)
    own = {slug for window in windows for slug in window.slugs if tx.monitors.by_slug(command.project_id, slug)}
    shown = [replace(window, slugs=tuple(slug for slug in window.slugs if slug in own)) for window in windows]
    return shown, tx.listings.count_blind_windows()


def notifications(tx: Transaction, command: Paged, at: int) -> tuple[list[Notification], int]:
    """Return a page of the alerts that were sent or given up, the newest first, and how many there are."""
    rows = tx.listings.notifications(command.project_id, command.page)
    return rows, tx.listings.count_notifications(command.project_id)


def unread(tx: Transaction, project_id: int, at: int) -> int:
    """Return how many alerts nobody has read, counting to MAX_UNREAD."""
    return tx.listings.count_unread(project_id, MAX_UNREAD)


def read(tx: Transaction, command: OfProject, at: int) -> Notification:
    """Mark an alert as read. Raises NotFound."""
    found = tx.listings.notification(command.project_id, command.uid)
    if found is None:
        raise NotFound(f"Notification not found: {command.uid}")
    tx.listings.mark_read(command.project_id, found.row.id, at)
    return replace(found, read=True)


def read_all(tx: Transaction, project_id: int, at: int) -> None:
    """Mark all alerts of the project as read."""
    tx.listings.mark_read(project_id, None, at)
