"""How lively a session was over its time: a few counts in a row, that grow with it."""

from collections.abc import Iterable
from dataclasses import dataclass

BUCKETS = 24


@dataclass(frozen=True, slots=True)
class Strip:
    """Events per stretch of `width` ms (a power of two) from `origin` (ms UTC, a multiple of it) on."""

    origin: int = 0
    width: int = 1
    counts: tuple[int, ...] = ()

    def with_instants(self, instants: Iterable[int]) -> "Strip":
        """Return the strip with events at these instants; stretches widen until all have room."""
        return self._with([(at, 1) for at in instants])

    def with_events(self, at: int, count: int) -> "Strip":
        """Return the strip with `count` events at one instant."""
        return self._with([(at, count)]) if count else self

    def joined(self, other: "Strip") -> "Strip":
        """Return both in one."""
        return self._with(other._events(), other.width) if other.counts else self

    def _events(self) -> list[tuple[int, int]]:
        return [(self.origin + index * self.width, count) for index, count in enumerate(self.counts) if count]

    def _with(self, more: list[tuple[int, int]], least: int = 1) -> "Strip":
        events = [*self._events(), *more]
        if not events:
            return self
        first, last = min(at for at, _ in events), max(at for at, _ in events)
        width = max(self.width, least)
        while last // width - first // width >= BUCKETS:
            width *= 2
        counts = [0] * (last // width - first // width + 1)
        for at, count in events:
            counts[at // width - first // width] += count
        return Strip(first // width * width, width, tuple(counts))
