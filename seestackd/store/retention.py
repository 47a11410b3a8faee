"""What is kept for a while, by how long."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """Rows that are kept equally long: pings with outputs and runs; alerts; slots, incidents, blind time, audit."""

    PINGS = "pings"
    ALERTS = "alerts"
    HISTORY = "history"
    REQUESTS = "requests"
    REPLAY = "replay"


class Retention(Protocol):
    def forget(self, before: Mapping[Kind, int], limit: int) -> tuple[int, bool]:
        """Delete what is older than the instant (ms UTC) of its kind, at most `limit` rows of a table.

        Open incidents, alerts to be sent and those given up that nobody acknowledged stay. Returns how many rows went
        and whether more may follow.
        """
        ...
