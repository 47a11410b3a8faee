"""The ledger of slots: silent outcomes in a row share one entry, revising inside it splits it (semantics.md 3)."""

from dataclasses import replace

from seestackd.core.monitor import GOOD, SILENT, Outcome, SlotEntry
from seestackd.core.schedule import Schedule

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
    if entry.count == 1:
        return []
    before, after = _neighbours(schedule, slot)
    left = entry.count - 1
    parts: list[SlotEntry] = []
    if before >= entry.first_at:
        count = left if after > entry.last_at else _count(schedule, entry.first_at, before)
        parts.append(replace(entry, last_at=before, count=count, more=False))
        left -= count
    if after <= entry.last_at:
        parts.append(replace(entry, first_at=after, count=max(1, left)))
    return parts


def _neighbours(schedule: Schedule, slot: int) -> tuple[int, int]:
    if schedule.interval_ms is not None:
        return slot - schedule.interval_ms, slot + schedule.interval_ms
    before = schedule.previous_before(slot)
    return (slot - 1 if before is None else before), schedule.next_after(slot)


def _count(schedule: Schedule, first: int, last: int) -> int:
    if schedule.interval_ms is not None:
        return (last - first) // schedule.interval_ms + 1
    return max(1, len(schedule.slots_between(first - 1, last, 1_000_000)))


def is_good(outcome: Outcome) -> bool:
    """Tell whether the job did what it should."""
    return outcome in GOOD
