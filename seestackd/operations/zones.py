"""Following the time zone database: governments change their clocks (semantics.md 2)."""

from seestackd.core.transitions import Context
from seestackd.core.watching import zones_changed
from seestackd.operations.pings import store
from seestackd.operations.slots import stretches_after
from seestackd.store.interface import Transaction

_VERSION = "zone_data"


def follow_zone_data(tx: Transaction, version: str, at: int) -> int:
    """Compute future slots anew when the data differs from the version they are from; returns how many moved."""
    if tx.meta(_VERSION) == version:
        return 0
    tx.set_meta(_VERSION, version)
    moved = 0
    for project in tx.projects.all():
        for monitor in tx.monitors.in_project(project.id):
            if monitor.schedule.problem is not None:
                # It keeps what it waits for, and is looked at again: other data may know its zone.
                tx.set_meta(_VERSION, "")
                continue
            state = tx.monitors.load_state(monitor.id)
            context = Context(taken=stretches_after(tx, monitor, state, at), windows=tx.maintenance.concerning(monitor))
            decision = zones_changed(monitor, state, at, context)
            if decision.state.expected_at != state.expected_at:
                store(tx, state, decision, None, at)
                tx.monitors.rearm(monitor.id, decision.state.deadline_at)
                moved += 1
    return moved
