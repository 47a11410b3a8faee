"""What upkeep may ask of the store."""

from collections.abc import Mapping
from typing import Protocol

from seestackd.core.retention import Kind


class Retention(Protocol):
    def forget(self, before: Mapping[Kind, int], limit: int) -> tuple[int, bool]:
        """Delete what is older than the instant (ms UTC) of its kind, at most `limit` rows of a table.

        Open incidents, alerts to be sent and those given up that nobody acknowledged stay. Returns how many rows went
        and whether more may follow.
        """
        ...

    def evict(self, kind: Kind, most: int) -> int:
        """Delete some of the oldest requests or replays of a project that stores more bytes; returns how many went."""
        ...
