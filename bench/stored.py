"""A database of ten million HTTP requests and many replays.

Building takes minutes; one in a folder that is named is kept, and used again by the next run.
"""

import json
import random
import sqlite3
import string
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.batches import a_batch
from bench.fleet import Fleet, build
from seestackd.core.monitor import DAY_MS
from seestackd.core.replay import ReplayBatch, ReplayEvent, pack
from seestackd.operations.replay import StoreReplay
from seestackd.operations.replay import store as store_replay
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore

REQUESTS = 10_000_000
SESSIONS, BATCHES, EVENTS = 20_000, 3, 40
USERS = 5_000
_NOTE = "stored.json"
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Stored:
    """A fleet whose database holds `requests` over the two days before `now` (ms), and sessions of as many users."""

    fleet: Fleet
    requests: int
    now: int

    @property
    def database(self) -> Path:
        return self.fleet.folder / "data" / "seestackd.db"

    def told(self) -> str:
        """Return what one of each takes on disk."""
        with closing(sqlite3.connect(self.database)) as database:
            sizes = dict(database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY 1").fetchall())
            events, batches, packed = database.execute(
                "SELECT sum(events), count(*), sum(length(body)) FROM replay_batches"
            ).fetchone()
        replay = sum(size for name, size in sizes.items() if "replay" in name or "session" in name)
        parts = {
            "their rows": ("http_requests", "request_endpoints"),
            "by time": ("http_requests_at",),
            "by trace": ("request_traces",),
            "sums": ("request_counts", "request_latencies"),
        }
        each = {part: sum(sizes.get(name, 0) for name in names) / self.requests for part, names in parts.items()}
        return (
            f"{self.requests:,} requests over 48 h: {sum(each.values()):.0f} bytes each, "
            + ", ".join(f"{part} {size:.0f}" for part, size in each.items())
            + f"\n{events:,} events of 1 kB of noise in {batches:,} batches: {replay / events:.0f} bytes each with"
            f" sessions and indexes, {packed / events:.0f} of them packed"
        )


@contextmanager
def stored(folder: str | None, requests: int = REQUESTS) -> Iterator[Stored]:
    """Give the stored requests of a folder, built when it has none; without a folder they are gone afterwards."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as made:
            yield _built(Path(made) / "stored", requests)
        return
    place = Path(folder).resolve()
    yield _found(place) if (place / _NOTE).exists() else _built(place, requests)


def _found(folder: Path) -> Stored:
    note = json.loads((folder / _NOTE).read_text())
    fleet = note["fleet"]
    return Stored(Fleet(folder, fleet["key"], fleet["ping_key"]), note["requests"], note["now"])


def _built(folder: Path, requests: int) -> Stored:
    began = time.monotonic()
    made = Stored(build(folder, 100), requests, int(time.time() * 1000))
    store = SqliteStore.open(made.database)
    _fill_requests(store, requests, made.now)
    _fill_sessions(store, made.now)
    store.close()
    keys = {name: value for name, value in asdict(made.fleet).items() if name != "folder"}
    (folder / _NOTE).write_text(json.dumps({"fleet": keys, "requests": requests, "now": made.now}))
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)
    return made


def _fill_requests(store: SqliteStore, stored: int, now: int) -> None:
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

    for first in range(0, stored, _AT_ONCE):
        session.begin()
        some(session.transaction, first, min(_AT_ONCE, stored - first))
        while session.transaction.rollups.advance(1_000, now):
            pass
        session.commit()
    session.begin()
    session.transaction.rollups.tidy(now, 10_000)
    session.commit()


def _fill_sessions(store: SqliteStore, now: int) -> None:
    session, dice = store.writer(lambda: "00000000-0000-7000-8000-000000000000"), random.Random(9)
    pool = [_events(dice, now - dice.randrange(2 * DAY_MS)) for _ in range(100)]
    for number in range(SESSIONS):
        if number % 200 == 0:
            session.begin()
        for _ in range(BATCHES):
            batch = dice.choice(pool)
            named = StoreReplay(1, f"fp-{number}", "[REDACTED]", _of(batch, f"u_{number % USERS}"))
            store_replay(session.transaction, named, batch.last_at or now)
        if number % 200 == 199:
            session.commit()


def _events(dice: random.Random, at: int) -> ReplayBatch:
    """Make 40 events, about 40 kB, of which each is told from others."""
    letters = string.ascii_letters + " " * 10
    texts = ["".join(dice.choices(letters, k=1_000)) for _ in range(EVENTS)]
    return pack(
        [
            ReplayEvent(at + n * 250, "mutation", json.dumps({"text": text}), "https://shop.example/cart")
            for n, text in enumerate(texts)
        ]
    )


def _of(batch: ReplayBatch, user: str) -> ReplayBatch:
    return replace(batch, user_id=user)
