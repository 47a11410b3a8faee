"""What the pages of incidents and the timeline may ask of the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from seestackd.core.incidents import OutboxRow
from seestackd.store.listings import IncidentRow, Page


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents: `state` is open, closed or all; of one monitor; told to one channel."""

    state: str = "all"
    monitor_id: int | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Slots of one outcome in one piece of a lane: where the first began and the last ended (ms UTC), and how many."""

    piece: int
    outcome: str
    first_at: int
    last_at: int
    count: int


class Told(Protocol):
    def incidents(self, project_id: int, wanted: Wanted, page: Page) -> list[IncidentRow]:
        """Return the newest incidents first."""
        ...

    def count(self, project_id: int, wanted: Wanted, limit: int) -> int:
        """Return how many there are, as far as `limit`."""
        ...

    def recent(self, project_id: int, since: int, limit: int) -> list[tuple[int, int | None]]:
        """Return when those of the newest `limit` incidents began and were closed that began after `since` (ms UTC)."""
        ...

    def incident(self, incident_id: int) -> IncidentRow | None: ...
    def alerts(self, incident_ids: Sequence[int]) -> dict[int, list[OutboxRow]]:
        """Return every alert of some incidents, oldest first."""
        ...

    def channels(self, project_id: int, limit: int) -> list[str]:
        """Return the channels of the newest alerts."""
        ...

    def ticks(self, monitor_id: int, since: int, until: int, pieces: int) -> list[Tick]:
        """Return how the slots of a stretch ended, by piece and outcome: never more than pieces x outcomes."""
        ...
