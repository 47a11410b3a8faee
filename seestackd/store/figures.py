"""What may be counted of the store at any time, at a bounded cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand: `monitors` by status, `incidents` open by kind, `pending` alerts by channel.

    `waiting_since` is when (ms UTC) the alert that waits longest could have been sent, `dead` counts alerts given up
    that nobody has acknowledged, `blind_ms` is the time not heard, `size` the database in bytes.
    """

    monitors: Mapping[str, int]
    incidents: Mapping[str, int]
    pending: Mapping[str, int]
    waiting_since: int | None
    dead: int
    blind_ms: int
    size: int


class Counting(Protocol):
    def figures(self, blind_since: int) -> Figures:
        """Count; blind time from `blind_since` (ms UTC) on."""
        ...

    def dead(self) -> int:
        """Count the alerts given up that nobody has acknowledged."""
        ...
