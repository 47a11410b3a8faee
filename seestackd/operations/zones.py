"""Following the time zone database: governments change their clocks (semantics.md 2)."""

from dataclasses import dataclass

from seestackd.core.schedule import Schedule, stored_schedule
from seestackd.core.transitions import Context
from seestackd.core.watching import zones_changed
from seestackd.operations.pings import store
from seestackd.operations.slots import stretches_after
from seestackd.store.interface import Expectation, Transaction

MAX_MONITORS = 2_000
MAX_MOVED = 200

_VERSION = "zone_data"
_BEGUN = "zone_data_begun"


@dataclass(frozen=True, slots=True)
class FollowZones:
    """The version of the data in use, how many monitors to look at, and how many to move."""

    version: str
    limit: int = MAX_MONITORS
    moves: int = MAX_MOVED


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
    waiting = tx.monitors.expectations(after, command.limit)
    due = _Due(at)
    moved, unreadable, more = 0, False, len(waiting) == command.limit
    for each in waiting:
        if moved == command.moves:
            more = True
            break
        after = each.monitor_id
        unreadable |= due.is_unreadable(each)
        moved += due.at_another_time(each) and _follow(tx, each.monitor_id, at)
    if unreadable or (begun == version and tx.meta(_VERSION) == "unreadable"):
        # They keep what they wait for, and are looked at again at the next start: other data may know their zones.
        tx.set_meta(_VERSION, "unreadable")
    elif not more:
        tx.set_meta(_VERSION, version)
    tx.set_meta(_BEGUN, f"{version} {after}" if more else "")
    return Followed(moved, more)


class _Due:
    """When monitors are due by the data in use, seen from `at`; many of them share a schedule."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._known: dict[tuple[str, str], tuple[Schedule, int | None]] = {}

    def is_unreadable(self, waiting: Expectation) -> bool:
        """Tell whether a monitor's schedule cannot be read."""
        return self._of(waiting)[0].problem is not None

    def at_another_time(self, waiting: Expectation) -> bool:
        """Tell whether a monitor of a calendar schedule seems to wait for another slot than it should."""
        schedule, slot = self._of(waiting)
        if schedule.problem is not None or schedule.interval_ms is not None:
            return False
        if waiting.newest_slot is not None and waiting.newest_slot > self._at:
            slot = _next_slot(schedule, waiting.newest_slot)
        return slot is None or waiting.expected_at != slot

    def _of(self, waiting: Expectation) -> tuple[Schedule, int | None]:
        written = (waiting.schedule, waiting.timezone)
        known = self._known.get(written)
        if known is None:
            schedule = stored_schedule(*written)
            known = self._known[written] = (schedule, _next_slot(schedule, self._at))
        return known


def _next_slot(schedule: Schedule, after: int) -> int | None:
    if schedule.interval_ms is not None:
        return None
    try:
        return schedule.next_after(after)
    except LookupError:
        return None


def _follow(tx: Transaction, monitor_id: int, at: int) -> bool:
    """Move what is expected of one monitor; returns whether it moved."""
    monitor = tx.monitors.by_id(monitor_id)
    if monitor is None:
        return False
    state = tx.monitors.load_state(monitor_id)
    context = Context(taken=stretches_after(tx, monitor, state, at), windows=tx.maintenance.concerning(monitor))
    decision = zones_changed(monitor, state, at, context)
    if decision.state.expected_at == state.expected_at:
        return False
    store(tx, state, decision, None, at)
    tx.monitors.rearm(monitor.id, decision.state.deadline_at)
    return True
