"""What a decision needs to know of the ledger around the slots that it is about."""

from seestackd.core.monitor import Monitor, SlotEntry, State
from seestackd.core.pings import Ping
from seestackd.core.runs import Answer, late_until
from seestackd.store.interface import Transaction

Stretches = tuple[tuple[int, int], ...]


def entry_of(tx: Transaction, monitor: Monitor, state: State, belongs: Answer) -> SlotEntry | None:
    """Return the entry of a slot that a ping answers; a run for which it was free keeps it so.

    The expectation that an interval monitor waits for has none: what the ledger holds at that instant is from before a
    step of the clock.
    """
    slot, run = belongs.slot, belongs.run
    if run is not None and run.outcome is None:
        return None
    if slot is None or state.newest_slot is None or slot > state.newest_slot:
        return None
    if monitor.schedule.interval_ms is not None and run is None and slot == state.expected_at:
        return None
    return tx.slots.covering(monitor.id, slot)


def entry_before(tx: Transaction, monitor: Monitor, state: State) -> SlotEntry | None:
    """Return the entry of the slot right before the one that is waited for."""
    expected, interval = state.expected_at, monitor.schedule.interval_ms
    if expected is None or state.newest_slot is None:
        return None
    if interval is not None:
        return tx.slots.covering(monitor.id, expected - interval) if state.silent_slot == expected - interval else None
    previous = monitor.schedule.previous_before(expected)
    return tx.slots.covering(monitor.id, previous) if previous is not None else None


def stretches_after(tx: Transaction, monitor: Monitor, state: State, since: int) -> Stretches:
    """Return the stretches of slots at or after an instant that have an outcome."""
    if state.newest_slot is None or state.newest_slot < since:
        return ()
    return tx.slots.stretches(monitor.id, since - 1, state.newest_slot)


def waited_for_at(tx: Transaction, monitor: Monitor, state: State, ping: Ping) -> tuple[SlotEntry, ...]:
    """Return the first two entries of an interval monitor that a ping sent late may be about."""
    if not ping.backfilled or monitor.schedule.interval_ms is None or state.newest_slot is None:
        return ()
    since = ping.at - (late_until(monitor, state, ping.at) - ping.at)
    found = (tx.slots.covering(monitor.id, first) for first, _ in stretches_after(tx, monitor, state, since)[:2])
    return tuple(entry for entry in found if entry is not None)
