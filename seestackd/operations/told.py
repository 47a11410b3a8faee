"""Incidents and alerts as people follow them up: who was told, whether it arrived, what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from seestackd.core.incidents import OutboxRow
from seestackd.core.monitor import DAY_MS
from seestackd.errors import NotFound
from seestackd.store.interface import Attempt, Transaction
from seestackd.store.listings import IncidentRow, Page
from seestackd.store.told import Wanted

RECENT_MS = 30 * DAY_MS
RECENT_OF = 10_000
CHANNELS_OF = 500
ATTEMPTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ListIncidents:
    """A page of incidents; `slug` leaves one monitor's, `channel` those that it was told of."""

    project_id: int
    page: Page
    state: str = "all"
    slug: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelTold:
    """How far one channel got to know of an incident: `state` is delivered, pending or dead; `reason` why."""

    channel: str
    state: str
    reason: str | None
    row_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident and what each channel was told of it."""

    row: IncidentRow
    told: tuple[ChannelTold, ...]


@dataclass(frozen=True, slots=True)
class IncidentLog:
    """A page of incidents; over the last 30 days how many there were and the median time to recover (None: none).

    Of the last 30 days the newest 10,000 are looked at: `recent` is that number where there were more. Of those that a
    channel was told of `total` counts as far as that, too.
    """

    lines: tuple[IncidentLine, ...]
    total: int
    open: int
    recent: int
    median_ms: int | None
    channels: Sequence[str]


@dataclass(frozen=True, slots=True)
class IncidentStory:
    """One incident with every alert about it, and the attempts to send each."""

    row: IncidentRow
    alerts: tuple[tuple[OutboxRow, tuple[Attempt, ...]], ...]


def log(tx: Transaction, command: ListIncidents, at: int) -> IncidentLog:
    """Return a page of incidents, the newest first. Raises NotFound for an unknown monitor."""
    rows, total = _page(tx, command)
    alerts = tx.told.alerts([row.incident.id for row in rows])
    recent = tx.told.recent(command.project_id, at - RECENT_MS, RECENT_OF)
    lasted = [closed_at - began_at for began_at, closed_at in recent if closed_at is not None]
    return IncidentLog(
        lines=tuple(IncidentLine(row, _told(alerts.get(row.incident.id, ()))) for row in rows),
        total=total,
        open=tx.listings.count_incidents(command.project_id, "open", None),
        recent=len(recent),
        median_ms=round(median(lasted)) if lasted else None,
        channels=tx.told.channels(command.project_id, CHANNELS_OF),
    )


def _page(tx: Transaction, command: ListIncidents) -> tuple[list[IncidentRow], int]:
    project, monitor_id = command.project_id, _monitor_id(tx, command)
    if command.channel is None:
        rows = tx.listings.incidents(project, command.page, command.state, monitor_id)
        return rows, tx.listings.count_incidents(project, command.state, monitor_id)
    wanted = Wanted(command.state, monitor_id, command.channel)
    return tx.told.incidents(project, wanted, command.page), tx.told.count(project, wanted, RECENT_OF)


def _monitor_id(tx: Transaction, command: ListIncidents) -> int | None:
    if command.slug is None:
        return None
    monitor = tx.monitors.by_slug(command.project_id, command.slug)
    if monitor is None:
        raise NotFound(f"There is no monitor {command.slug}")
    return monitor.id


def _told(alerts: Iterable[OutboxRow]) -> tuple[ChannelTold, ...]:
    """Return the word on each channel: what was given up counts most, then what waits."""
    worst: dict[str, OutboxRow] = {}
    for row in alerts:
        if row.state == "superseded":
            continue
        known = worst.get(row.alert.channel)
        if known is None or _weight(row) >= _weight(known):
            worst[row.alert.channel] = row
    return tuple(
        ChannelTold(channel, row.state, row.result if row.state != "delivered" else None, row.id, row.attempts)
        for channel, row in sorted(worst.items())
    )


def _weight(row: OutboxRow) -> int:
    if row.state == "dead":
        return 2 if row.acknowledged_at is None else 0
    return 1 if row.state == "pending" else 0


def story(tx: Transaction, number: int, at: int) -> IncidentStory:
    """Return one incident of any project by its number. Raises NotFound."""
    row = tx.told.incident(number) if number < 2**63 else None
    if row is None:
        raise NotFound(f"There is no incident {number}")
    alerts = tx.told.alerts([number]).get(number, [])
    return IncidentStory(
        row, tuple((one, tuple(tx.outbox.attempts_of(one.told_by or one.id, ATTEMPTS_SHOWN))) for one in alerts)
    )
