"""Following the time zone database: governments change their clocks (semantics.md 2)."""

from dataclasses import dataclass
from itertools import islice

from seestackd.core.monitor import Monitor, State
from seestackd.core.transitions import Context
from seestackd.core.watching import zones_changed
from seestackd.operations.pings import store
from seestackd.operations.slots import stretches_after
from seestackd.store.interface import Transaction

MAX_MONITORS = 1_000

_VERSION = "zone_data"
_BEGUN = "zone_data_begun"


@dataclass(frozen=True, slots=True)
class FollowZones:
    """The version of the data in use, and how many monitors to look at."""

    version: str
    limit: int = MAX_MONITORS


@dataclass(frozen=True, slots=True)
class Followed:
    """How many monitors a step moved, and whether it was the last."""

    moved: int
    more: bool


def follow_zone_data(tx: Transaction, command: FollowZones, at: int) -> Followed:
    """Compute future slots anew, some monitors at a time, when the data differs from the version they are from."""
    version = command.version
    if tx.meta(_VERSION) == version:
        return Followed(0, more=False)
    begun, _, passed = (tx.meta(_BEGUN) or "").rpartition(" ")
    after = int(passed) if begun == version else 0
    looked_at = moved = unreadable = 0
    for monitor, state in islice(tx.monitors.each(after), command.limit):
        looked_at, after = looked_at + 1, monitor.id
        unreadable += monitor.schedule.problem is not None
        moved += _follow(tx, monitor, state, at)
    more = looked_at == command.limit
    if unreadable or (begun == version and tx.meta(_VERSION) == "unreadable"):
        # They keep what they wait for, and are looked at again at the next start: other data may know their zones.
        tx.set_meta(_VERSION, "unreadable")
    elif not more:
        tx.set_meta(_VERSION, version)
    tx.set_meta(_BEGUN, f"{version} {after}" if more else "")
    return Followed(moved, more)


def _follow(tx: Transaction, monitor: Monitor, state: State, at: int) -> bool:
    """Move what is expected of one monitor; returns whether it moved."""
    if monitor.schedule.problem is not None or monitor.schedule.interval_ms is not None:
        return False
    if state.expected_at is not None and state.expected_at == _next_slot(monitor, state, at):
        return False
    context = Context(taken=stretches_after(tx, monitor, state, at), windows=tx.maintenance.concerning(monitor))
    decision = zones_changed(monitor, state, at, context)
    if decision.state.expected_at == state.expected_at:
        return False
    store(tx, state, decision, None, at)
    tx.monitors.rearm(monitor.id, decision.state.deadline_at)
    return True


def _next_slot(monitor: Monitor, state: State, at: int) -> int | None:
    try:
        return monitor.schedule.next_after(max(at, state.newest_slot or at))
    except LookupError:
        return None
