"""`python -m bench.requests [FOLDER]`: ten million HTTP requests stored: how large, how fast asked for and erased.

They are built in the folder, which takes minutes, and kept there; without one they are gone afterwards.
"""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.erasing import erasing
from bench.stored import Stored, stored
from seestackd.core.monitor import DAY_MS
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.store.telemetry import Wanted

TIMES = 15


def asking(found: Stored) -> bool:
    """Print how long it takes to ask; returns whether the figures that have a limit (ms) keep it."""
    store, until = SqliteStore.open(found.database), found.now
    since = until - DAY_MS
    trace = store.read(lambda tx: tx.telemetry.between(1, since, until, 1))[0].trace_id

    def listed(wanted: Wanted, offset: int = 0) -> Callable[[Transaction], Any]:
        return lambda tx: tx.telemetry.listed(1, since, until, wanted, Page(offset, 50))

    asked: dict[str, tuple[Callable[[Transaction], Any], int]] = {
        "stats, 24 h": (lambda tx: tx.rollups.directions(1, since, until), 200),
        "endpoints, 24 h": (lambda tx: tx.rollups.endpoints(1, since, until, until), 200),
        "series, 24 h": (lambda tx: tx.rollups.series(1, since // 900_000 * 900_000, 900_000, 97), 200),
        "list page": (listed(Wanted()), 100),
        "list page, 5xx": (listed(Wanted(status=5)), 100),
        "list page, POST": (listed(Wanted(method="POST")), 100),
        "list page, page 20,000": (listed(Wanted(), 10**6), 100),
        "list page, page 90,000": (listed(Wanted(), 45 * 10**5), 100),
        "list page, 5xx, 900th": (listed(Wanted(status=5), 45_000), 100),
        "list page, by path": (listed(Wanted(path="users/5")), 100),
        "by trace": (lambda tx: tx.telemetry.by_trace(1, trace, 100), 20),
    }
    good = True
    for name, (query, limit_ms) in asked.items():
        times = []
        for _ in range(TIMES):
            begin = time.perf_counter()
            store.read(query)
            times.append((time.perf_counter() - begin) * 1000)
        print(f"{name:<24}median {median(times):>8.1f} ms (at most {limit_ms}), worst {max(times):>8.1f} ms")
        good = good and median(times) <= limit_ms
    store.close()
    return good


def measure(folder: str | None) -> int:
    """Print the figures; 1 when one misses its limit."""
    with stored(folder) as found:
        print(found.told())
        return int(not all([asking(found), erasing(found)]))


if __name__ == "__main__":
    sys.exit(measure(*sys.argv[1:] or [None]))
