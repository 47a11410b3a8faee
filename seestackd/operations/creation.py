"""Bringing monitors into being, by hand or by their first ping."""

from seestackd.core.events import MonitorChanged
from seestackd.core.monitor import HOUR_MS, Monitor, NewMonitor
from seestackd.core.watching import first_expectation
from seestackd.errors import TooMany
from seestackd.store.interface import Transaction

BY_PING = "ping"
"""The `source` of monitors that their first ping made."""

MAX_MONITORS = 1_000
MAX_PER_HOUR = 60


def create(tx: Transaction, project_id: int, new: NewMonitor, ping_id: str, at: int) -> Monitor:
    """Create a monitor that is watched from now on. Raises Conflict when the slug is taken, Invalid when never due."""
    new.schedule.must_come(at)
    monitor = tx.monitors.create(project_id, new, tx.new_id(), ping_id, at)
    tx.monitors.save_state(monitor.id, first_expectation(monitor, at), None)
    tx.announce(MonitorChanged(monitor.id, project_id))
    return monitor


def create_by_ping(tx: Transaction, project_id: int, new: NewMonitor, ping_id: str, at: int) -> Monitor:
    """Create a monitor for a ping that found none. Raises TooMany beyond the limits of semantics.md 7."""
    if tx.monitors.count(project_id, 0) >= MAX_MONITORS:
        raise TooMany(
            f"the project has {MAX_MONITORS} monitors, more are not made by ping; remove some, or add this one with:"
            f" seestackd monitor add {new.slug}",
            retry_after=3_600,
        )
    if tx.monitors.count(project_id, at - HOUR_MS, BY_PING) >= MAX_PER_HOUR:
        raise TooMany(
            f"{MAX_PER_HOUR} monitors were made by ping within the hour, more are not; wait, or add this one with:"
            f" seestackd monitor add {new.slug}",
            retry_after=600,
        )
    return create(tx, project_id, new, ping_id, at)
