"""How much of the time jobs were well: of one monitor, and a month of all of them, by monitor and by tag."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seestackd.core.monitor import Monitor
from seestackd.core.uptime import (
    Hearing,
    Record,
    Trouble,
    Uptime,
    days,
    month_stretch,
    record,
)
from seestackd.store.interface import Transaction


@dataclass(frozen=True, slots=True)
class MonthOf:
    """A month of a project, in the daemon's zone."""

    project_id: int
    year: int
    month: int


@dataclass(frozen=True, slots=True)
class DaysOf:
    """The last days of a monitor, in the daemon's zone."""

    monitor_id: int
    days: int


@dataclass(frozen=True, slots=True)
class MonitorMonth:
    """How a monitor fared."""

    monitor: Monitor
    uptime: Uptime


@dataclass(frozen=True, slots=True)
class Month:
    """How a month went: those that were down longest first, then by slug; tags by name. Instants in ms UTC."""

    year: int
    month: int
    since: int
    until: int
    timezone: str
    monitors: Sequence[MonitorMonth]
    tags: Mapping[str, Uptime]
    total: Uptime


@dataclass(frozen=True, slots=True)
class Days:
    """How the last days went, oldest first: (begin, end, uptime) of each, and of all together."""

    days: tuple[tuple[int, int, Uptime], ...]
    total: Uptime


def month(tx: Transaction, command: MonthOf, at: int) -> Month:
    """Return the summary of a month; of one that is not over, as far as it went."""
    timezone = tx.routing.timezone
    since, until = month_stretch(command.year, command.month, timezone)
    monitors = tx.monitors.in_project(command.project_id)
    past = records(tx, monitors, tx.uptime.troubles(command.project_id, since, until), since, at)
    lines = [MonitorMonth(monitor, past[monitor.id].uptime(since, until)) for monitor in monitors]
    lines = [line for line in lines if line.monitor.created_at < until]
    lines.sort(key=lambda line: (-line.uptime.down_ms, -line.uptime.incidents, line.monitor.slug))
    return Month(
        year=command.year,
        month=command.month,
        since=since,
        until=until,
        timezone=timezone,
        monitors=lines,
        tags=_by_tag(lines),
        total=_sum(line.uptime for line in lines),
    )


def last_days(tx: Transaction, command: DaysOf, at: int) -> Days:
    """Return how the last days of a monitor went, today included; none for an unknown one."""
    monitor = tx.monitors.by_id(command.monitor_id)
    if monitor is None:
        return Days((), Uptime())
    wanted = days(at, command.days, tx.routing.timezone)
    troubles = tx.uptime.troubles_of(monitor.id, wanted[0][0], at)
    past = records(tx, [monitor], troubles, wanted[0][0], at)[monitor.id]
    return by_day(past, wanted)


def by_day(past: Record, wanted: Sequence[tuple[int, int]]) -> Days:
    """Return how each of some days in a row went, and all of them."""
    found = tuple((since, until, past.uptime(since, until)) for since, until in wanted)
    return Days(found, past.uptime(wanted[0][0], wanted[-1][1]))


def records(
    tx: Transaction, monitors: Iterable[Monitor], troubles: Iterable[Trouble], since: int, at: int
) -> dict[int, Record]:
    """Return the past of each monitor, by its id, from the troubles of any of them and what could be heard."""
    hearing = Hearing((window.started_at, window.ended_at) for window in tx.blind.since(since))
    of: dict[int, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        of[trouble.monitor_id].append(trouble)
    return {monitor.id: record(hearing, of.get(monitor.id, ()), monitor.created_at, at) for monitor in monitors}


def _by_tag(lines: Iterable[MonitorMonth]) -> dict[str, Uptime]:
    found: dict[str, list[Uptime]] = defaultdict(list)
    for line in lines:
        for tag in line.monitor.tags:
            found[tag].append(line.uptime)
    return {tag: _sum(found[tag]) for tag in sorted(found)}


def _sum(parts: Iterable[Uptime]) -> Uptime:
    total = Uptime()
    for part in parts:
        total += part
    return total
