"""The ledger of slots: silent outcomes in a row share one entry, revising inside it splits it (semantics.md 3)."""

from dataclasses import replace

from seestackd.core.monitor import SILENT, Outcome, SlotEntry
from seestackd.core.schedule import Schedule

MAX_SLOTS = 1000
"""How many slots of a monitor one judgement enumerates; beyond that a row says "1000+" (semantics.md 2)."""

REVISIONS: dict[Outcome, frozenset[Outcome]] = {
    Outcome.MISSED: frozenset({Outcome.LATE, Outcome.FAILED}),
    Outcome.OVERRUN: frozenset({Outcome.LATE, Outcome.FAILED}),
    Outcome.UNKNOWN: frozenset({Outcome.ON_TIME, Outcome.LATE, Outcome.FAILED}),
}


def revised(entry: Outcome, ok: bool, in_time: bool) -> Outcome | None:
    """Return what a finish makes of a slot that ended as `entry`, None where it may not be revised."""
    if not ok:
        wanted = Outcome.FAILED
    elif entry is Outcome.UNKNOWN and in_time:
        wanted = Outcome.ON_TIME
    else:
        wanted = Outcome.LATE
    return wanted if wanted in REVISIONS.get(entry, frozenset()) else None


def extended(
    last: SlotEntry | None, slot: int, previous: int | None, outcome: Outcome, reason: str, at: int
) -> SlotEntry:
    """Return the entry of a silent slot: the last one made longer when it says the same of the slot before."""
    if (
        last is not None
        and outcome in SILENT
        and last.outcome is outcome
        and last.reason == reason
        and last.last_at == previous
        and not last.more
    ):
        return replace(last, last_at=slot, count=last.count + 1, judged_at=at)
    return SlotEntry(slot, slot, 1, outcome, reason, None, at)


def split(entry: SlotEntry, slot: int, schedule: Schedule) -> list[SlotEntry]:
    """Return what is left of the entry before and after `slot`, which gets an entry of its own."""
    before, after = _neighbours(schedule, slot)
    parts: list[SlotEntry] = []
    if before is not None and before >= entry.first_at:
        parts.append(_part(entry, schedule, entry.first_at, before))
    if after is not None and after <= entry.last_at:
        parts.append(_part(entry, schedule, after, entry.last_at))
    return parts


def _neighbours(schedule: Schedule, slot: int) -> tuple[int | None, int | None]:
    if schedule.interval_ms is not None:
        return slot - schedule.interval_ms, slot + schedule.interval_ms
    try:
        after = schedule.next_after(slot)
    except LookupError:
        after = None
    return schedule.previous_before(slot), after


def _part(entry: SlotEntry, schedule: Schedule, first: int, last: int) -> SlotEntry:
    if schedule.interval_ms is not None:
        count = (last - first) // schedule.interval_ms + 1
    else:
        count = len(schedule.slots_between(first - 1, last, MAX_SLOTS + 1))
    return replace(
        entry, first_at=first, last_at=last, count=min(count, MAX_SLOTS), more=entry.more and count > MAX_SLOTS
    )
