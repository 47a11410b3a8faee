"""`python -m bench.pruning`: heartbeats while upkeep deletes what is old, and what a project stores too much of."""

import http.client
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from bench.batches import a_batch
from bench.fleet import Fleet, build, daemon
from seestackd.core.monitor import DAY_MS
from seestackd.core.pings import Ping, PingKind
from seestackd.core.replay import ReplayEvent, pack
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore

REQUESTS, BATCHES, PINGS = 300_000, 2_000, 200_000
SECONDS = 15.0
PAUSE_S = 0.005
_COUNTS = ("http_requests", "replay_batches", "pings")


def fill(fleet: Fleet, age_ms: int) -> None:
    """Store requests, replays and pings that came so long ago."""
    store = SqliteStore.open(fleet.folder / "data" / "seestackd.db")
    session, dice = store.writer(lambda: "00000000-0000-7000-8000-000000000000"), random.Random(3)
    then = int(time.time() * 1000) - age_ms
    pool = [a_batch(dice, then) for _ in range(100)]
    data = json.dumps({"nodes": [dice.random() for _ in range(2_000)]})

    def some(tx: Transaction, number: int) -> None:
        for _ in range(100):
            tx.telemetry.append(1, pool[dice.randrange(100)])
        while tx.rollups.advance(1_000, then):
            pass
        for batch in range(BATCHES * 10_000 // REQUESTS):
            events = [ReplayEvent(then + n, "snapshot", data, None) for n in range(3)]
            tx.replay.append(1, f"fp-{number}-{batch}", "s", then, pack(events))
        for _ in range(PINGS * 10_000 // REQUESTS):
            tx.pings.append(1, Ping(PingKind.LOG, then, then, message="done"), None, None, None)

    for number in range(REQUESTS // 10_000):
        session.begin()
        some(session.transaction, number)
        session.commit()
    store.close()


def counts(fleet: Fleet) -> list[int]:
    """Return how many requests, batches and pings are stored."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as database:
        return [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTS]


class Heartbeats:
    """Sends one heartbeat after another beside what happens, until it is told how long each took."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._times: list[float] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def told(self) -> str:
        """End, and return how long they took."""
        self._ends.set()
        self._thread.join()
        times = sorted(self._times)
        shares = ", ".join(f"p{share / 10:g} {times[len(times) * share // 1000]:.1f}" for share in (500, 990, 999))
        return f"{shares}, worst {times[-1]:.1f} ms of {len(times):,}"

    def _send(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc)
        body = json.dumps({"slug": "job-000001", "status": "success", "durationMs": 5})
        headers = {"X-SeeStack-Key": self._key, "Content-Type": "application/json"}
        while not self._ends.is_set():
            begin = time.perf_counter()
            connection.request("POST", "/ingest/v1/heartbeat", body, headers)
            connection.getresponse().read()
            self._times.append((time.perf_counter() - begin) * 1000)
            time.sleep(PAUSE_S)
        connection.close()


def run(title: str, fleet: Fleet, settings: str) -> None:
    """Print the latency of heartbeats beside what upkeep deletes in the meantime."""
    before = counts(fleet)
    with daemon(fleet, settings) as (url, _):
        beside = Heartbeats(url, fleet.key)
        time.sleep(SECONDS)
        told = beside.told()
    gone = ", ".join(f"{b - a:,} {table}" for b, a, table in zip(before, counts(fleet), _COUNTS, strict=True) if b > a)
    print(f"{title:<22}{told}; deleted: {gone or 'nothing'}")


def measure() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        for title, age_ms, settings in (
            ("nothing to delete", DAY_MS, ""),
            ("what is old", 100 * DAY_MS, ""),
            ("more than it may", DAY_MS, "[retention]\nmax_requests_mb = 1\nmax_replay_mb = 1\n"),
        ):
            fleet = build(Path(folder) / title.replace(" ", "-"), 100)
            fill(fleet, age_ms)
            run(title, fleet, settings)
    return 0


if __name__ == "__main__":
    sys.exit(measure())
