"""What is counted: while it happens, in this process, and how things stand in the store."""

from bisect import bisect_left
from collections import Counter

from seestackd.core.monitor import DAY_MS
from seestackd.operations.deadlines import Judged
from seestackd.operations.outbox import SettleDelivery
from seestackd.operations.pings import Recorded, RecordPing
from seestackd.operations.upkeep import Forgotten
from seestackd.store.figures import Figures
from seestackd.store.interface import Transaction

LATENESS_BOUNDS_MS = (100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000)

DURATION_BOUNDS_MS = (100, 1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000)


class Tally:
    """Counts since the start of the process.

    `pings` by (kind, door), `deliveries` by (channel, result), `judged` monitors by the bound of their lateness, which
    adds up to `lateness_ms`; `durations` of reported runs by result and bound, which add up to `durations_ms`. Nothing
    is counted that was not committed. `evicted` are rows by kind.
    """

    def __init__(self) -> None:
        self.pings: Counter[tuple[str, str]] = Counter()
        self.deliveries: Counter[tuple[str, str]] = Counter()
        self.evicted: Counter[str] = Counter()
        self.judged = [0] * (len(LATENESS_BOUNDS_MS) + 1)
        self.lateness_ms = 0
        self.durations = {result: [0] * (len(DURATION_BOUNDS_MS) + 1) for result in ("success", "failed")}
        self.durations_ms = dict.fromkeys(self.durations, 0)

    def note(self, command: object, result: object) -> None:
        """Count one operation that was committed."""
        if isinstance(command, RecordPing):
            if isinstance(result, Recorded) and not result.repeated:
                self.pings[command.kind, command.door] += 1
                self._lasted(command.kind.value, result.duration_ms)
        elif isinstance(command, SettleDelivery):
            self._delivered(command, result)
        elif isinstance(result, Forgotten):
            self.evicted.update({kind.value: rows for kind, rows in result.evicted.items()})
        elif isinstance(result, Judged):
            for lateness in result.lateness_ms:
                self.judged[bisect_left(LATENESS_BOUNDS_MS, lateness)] += 1
                self.lateness_ms += lateness

    def _lasted(self, result: str, duration_ms: int | None) -> None:
        if duration_ms is not None and result in self.durations:
            self.durations[result][bisect_left(DURATION_BOUNDS_MS, duration_ms)] += 1
            self.durations_ms[result] += duration_ms

    def _delivered(self, command: SettleDelivery, row: object) -> None:
        state, alert = getattr(row, "state", ""), getattr(row, "alert", None)
        if alert is not None:
            result = "delivered" if command.ok else "dead" if state == "dead" else "failed"
            self.deliveries[alert.channel, result] += 1


def figures(tx: Transaction, command: None, at: int) -> Figures:
    """Return how things stand; blind time is that of the last 24 hours."""
    return tx.counting.figures(at - DAY_MS)
