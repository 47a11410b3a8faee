"""What upkeep may ask of the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from seestackd.core.retention import Kind


@dataclass(frozen=True, slots=True)
class Evicted:
    """How many rows of a project went, and whether more may follow."""

    project_id: int
    rows: int
    more: bool


class Retention(Protocol):
    def forget(self, before: Mapping[Kind, int], limit: int) -> tuple[int, bool]:
        """Delete what is older than the instant (ms UTC) of its kind, at most `limit` rows; a batch of replays is many.

        Open incidents, alerts to be sent and those given up that nobody acknowledged stay. Returns how many rows went
        and whether more may follow.
        """
        ...

    def evict(self, kind: Kind, most: int) -> Evicted | None:
        """Delete some of the oldest requests or replays of a project that stores more bytes; None when none does."""
        ...
