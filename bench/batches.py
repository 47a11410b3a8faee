"""Batches of 100 HTTP requests, and how fast millions of stored ones are asked for. `python -m bench.batches`."""

import json
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from seestackd.core.telemetry import HttpRequest
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.store.telemetry import Wanted

STORED = 10_000_000
DAY_MS = 86_400_000
TIMES = 15


def a_batch(rng: random.Random, now: int) -> list[HttpRequest]:
    """Make 100 requests as a small shop sends them."""
    return [
        HttpRequest(
            at=now - rng.randrange(5000),
            trace_id=f"{rng.getrandbits(128):032x}",
            outbound=rng.random() < 0.3,
            method=rng.choice(("GET", "GET", "GET", "POST")),
            host=rng.choice(("shop.example", "api.shop.example", "psp.example:8443")),
            path=rng.choice(("/", "/api/cart", "/api/pay", f"/api/users/{rng.randrange(10**6)}", "/search", "/login")),
            status_code=rng.choices((200, 302, 404, 500, 0), (93, 3, 2, 1, 1))[0],
            duration_ms=int(rng.expovariate(1 / 120)),
            request_size=rng.randrange(2000),
            response_size=rng.randrange(60_000),
            is_slow=False,
            user_id=f"u_{rng.randrange(5000)}",
            error_fingerprint=None,
        )
        for _ in range(100)
    ]


def as_body(batch: list[HttpRequest]) -> str:
    """Write a batch as clients send it."""
    items = [
        {
            "traceId": r.trace_id, "direction": r.direction, "method": r.method, "host": r.host, "path": r.path,
            "statusCode": r.status_code, "durationMs": r.duration_ms, "requestSize": r.request_size,
            "responseSize": r.response_size, "userId": r.user_id,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(r.at / 1000)) + f".{r.at % 1000:03}Z",
        }
        for r in batch
    ]  # fmt: skip
    return json.dumps({"requests": items}, separators=(",", ":"))


def at_scale(stored: int = STORED) -> int:
    """Store millions of requests over two days and print how long it takes to ask for them."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        store = SqliteStore.open(Path(folder) / "seestackd.db")
        now = int(time.time() * 1000)
        _fill(store, stored, now)
        size = (Path(folder) / "seestackd.db").stat().st_size
        print(f"{stored:,} requests over 48 h: {size / stored:.0f} bytes each, sums and indexes included")
        trace = store.read(lambda tx: tx.telemetry.between(1, now - DAY_MS, now, 1))[0].trace_id
        asked = {
            "stats, 24 h": lambda tx: tx.rollups.directions(1, now - DAY_MS, now),
            "endpoints, 24 h": lambda tx: tx.rollups.endpoints(1, now - DAY_MS, now, now),
            "series, 24 h": lambda tx: tx.rollups.series(1, (now - DAY_MS) // 900_000 * 900_000, 900_000, 97),
            "list page": lambda tx: tx.telemetry.listed(1, now - DAY_MS, now, Wanted(), Page(0, 50)),
            "list page, 5xx": lambda tx: tx.telemetry.listed(1, now - DAY_MS, now, Wanted(status=5), Page(0, 50)),
            "list page, page 20,000": lambda tx: tx.telemetry.listed(1, now - DAY_MS, now, Wanted(), Page(10**6, 50)),
            "list page, by path": lambda tx: tx.telemetry.listed(
                1, now - DAY_MS, now, Wanted(path="users/5"), Page(0, 50)
            ),
            "by trace": lambda tx: tx.telemetry.by_trace(1, trace, 100),
        }
        for name, query in asked.items():
            times = []
            for _ in range(TIMES):
                begin = time.perf_counter()
                store.read(query)
                times.append((time.perf_counter() - begin) * 1000)
            print(f"{name:<24}median {median(times):>8.1f} ms, worst {max(times):>8.1f} ms")
        store.close()
    return 0


def _fill(store: SqliteStore, stored: int, now: int) -> None:
    session = store.writer(lambda: "00000000-0000-7000-8000-000000000000")
    rng = random.Random(4711)
    pool = [a_batch(rng, 0) for _ in range(200)]

    def some(tx: Transaction, first: int, count: int) -> None:
        for number in range(first, first + count, 100):
            at = now - 2 * DAY_MS + number * 2 * DAY_MS // stored
            batch = [
                r._replace(at=at - r.at % 3000, trace_id=f"{rng.getrandbits(128):032x}")
                for r in pool[rng.randrange(200)]
            ]
            tx.telemetry.append(1, batch)

    for first in range(0, stored, 10_000):
        session.begin()
        some(session.transaction, first, 10_000)
        while session.transaction.rollups.advance(1_000, now):
            pass
        session.commit()
    session.begin()
    session.transaction.rollups.tidy(now, 10_000)
    session.commit()


if __name__ == "__main__":
    sys.exit(at_scale())
