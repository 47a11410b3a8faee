"""The history of a monitor as one stream: what was heard, and what was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seestackd.core.monitor import Monitor, Outcome, SlotEntry

MAX_EXPANDED = 1_000
"""How many slots of one ledger row are enumerated (semantics.md 2)."""

MISSED_MESSAGE = "Job did not ping within grace period"
OVERRUN_MESSAGE = "Job started and did not finish within its limit"


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One line: `status` is success, failed or missed; a slot nobody answered has no `ping_id` but a message."""

    at: int
    status: str
    ping_id: int | None = None
    message: str = ""


def history(
    monitor: Monitor, pings: Iterable[tuple[int, int, str]], silent: Sequence[SlotEntry], since: int, until: int
) -> list[HistoryItem]:
    """Return finished runs and missed slots of `since <= at < until` (ms UTC), the newest first.

    `pings` are (id, at, kind); those that finish nothing are left out. A missed slot stands at the instant at which
    the run was due; an overrun counts as failed, as nothing finished there.
    """
    items = [HistoryItem(at, kind, ping_id) for ping_id, at, kind in pings if kind in ("success", "failed")]
    for entry in silent:
        if entry.outcome is Outcome.OVERRUN:
            items.append(HistoryItem(entry.first_at, "failed", None, OVERRUN_MESSAGE))
        else:
            items += [HistoryItem(at, "missed", None, MISSED_MESSAGE) for at in instants(monitor, entry)]
    shown = [item for item in items if since <= item.at < until]
    shown.sort(key=lambda item: (item.at, item.ping_id or 0), reverse=True)
    return shown


def instants(monitor: Monitor, entry: SlotEntry) -> list[int]:
    """Return when the runs of a ledger row were due, oldest first; beyond MAX_EXPANDED evenly spread over its stretch.

    At most 10 MAX_EXPANDED of them, the newest.
    """
    if entry.count == 1:
        return [entry.first_at]
    if monitor.schedule.interval_ms is None and entry.count <= MAX_EXPANDED:
        slots = monitor.schedule.slots_between(entry.first_at - 1, entry.last_at, MAX_EXPANDED)
        if len(slots) == entry.count:
            return slots
    step = (entry.last_at - entry.first_at) / (entry.count - 1)
    return [round(entry.last_at - step * back) for back in range(min(entry.count, 10 * MAX_EXPANDED) - 1, -1, -1)]
