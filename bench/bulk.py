"""Batches of 100 requests and of 200 replay events: items and bytes a second, and what is stored of them.

Beside aiohttp that reads the same bodies and answers a constant, and SQLite alone that stores the same rows or blobs.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import zstandard

from bench import references, results, wrk
from bench.batches import a_batch, as_body
from bench.beside import EVENTS, replays
from bench.fleet import build, cpu_seconds, daemon, memory_mb
from bench.masking import MB
from bench.senders import write_bodies

ROUNDS, SECONDS = 5, 3
QUICK_ROUNDS, QUICK_SECONDS = 2, 2
WARM_UP_S, SETTLE_S, ALONE_S = 2, 5, 1.0
BODIES, ITEMS = 40, 100
REQUEST_CLIENTS, REPLAY_CLIENTS = 16, 8
OURS, AIOHTTP, SQLITE = "seestackd", "aiohttp 202", "SQLite alone"
HEADER = "{:<18}{:<13}{:>8}{:>12}{:>5}{:>7}{:>13}{:>7}{:>11}{:>11}{:>5}"
_REQUESTS = """
  CREATE TABLE http_requests (id INTEGER PRIMARY KEY, project_id INTEGER, at INTEGER, endpoint_id INTEGER,
    trace_id BLOB, status_code INTEGER, duration_ms INTEGER, request_size INTEGER, response_size INTEGER,
    user_id TEXT, path TEXT);
  CREATE INDEX http_requests_at ON http_requests (project_id, at)
"""
_REQUEST = "INSERT INTO http_requests VALUES (NULL, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REPLAYS = "CREATE TABLE batches (id INTEGER PRIMARY KEY, name TEXT, first_at INTEGER, last_at INTEGER, body BLOB)"
_REPLAY = "INSERT INTO batches VALUES (NULL, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Kind:
    """What is sent: bodies of `items` each, by so many clients. `counted` tells how many items the daemon has stored.

    `alone` stores the same without a server, and counts `each` items by one.
    """

    name: str
    path: str
    items: int
    clients: int
    bodies: Sequence[bytes]
    counted: str
    alone: references.Alone
    each: int

    @property
    def size(self) -> float:
        """The mean bytes of an item on the wire."""
        return sum(map(len, self.bodies)) / len(self.bodies) / self.items


@dataclass(frozen=True)
class Figure:
    """A row: items a second, processor time (us an item), memory (MB): medians; bytes stored of each item."""

    rate: float
    cpu_us: float
    memory_mb: float = 0.0
    bad: int = 0
    spread: float = 0.0
    stored: float = 0.0


def compare(quick: bool = False) -> int:
    """Print the table; returns 1 when a batch was refused or a floor is missed."""
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as name:
        folder = Path(name)
        requests, replay = _requests(folder), _replay(folder)
        asked, played = (
            _kind(folder / kind.path.rpartition("/")[2], kind, rounds, seconds) for kind in (requests, replay)
        )
    rows = [_row(kind, *row) for kind, found in ((requests, asked), (replay, played)) for row in found.items()]
    print(
        HEADER.format(
            "batches of",
            "",
            "clients",
            "items/s",
            "+-",
            "MB/s",
            "bytes stored",
            "/ byte",
            "us/item",
            "memory MB",
            "bad",
        )
    )
    for row in rows:
        _print(row)
    results.keep("batches", rows)
    good = (
        results.tell("requests", asked[OURS].rate),
        results.tell("replay", played[OURS].rate * replay.size / MB),
        results.tell("replay_stored", played[OURS].stored / replay.size),
    )
    return 0 if all(good) and not asked[OURS].bad + played[OURS].bad else 1


def _requests(folder: Path) -> Kind:
    rng, now = random.Random(4711), int(time.time() * 1000)
    batches = [a_batch(rng, now) for _ in range(BODIES)]
    endpoints: dict[tuple[str, str, str], int] = {}
    rows = [
        [
            (
                r.at, endpoints.setdefault((r.method, r.host, r.path[:10]), len(endpoints)), bytes.fromhex(r.trace_id),
                r.status_code, r.duration_ms, r.request_size, r.response_size, r.user_id,
                r.path if r.path[10:] else None,
            )
            for r in batch
        ]
        for batch in batches
    ]  # fmt: skip
    alone = references.rows_alone(folder / "requests.db", _REQUESTS, _REQUEST, rows, REQUEST_CLIENTS)
    bodies = [as_body(batch).encode() for batch in batches]
    return Kind(
        "100 requests", "/ingest/v1/http-requests", ITEMS, REQUEST_CLIENTS, bodies,
        "SELECT count(*) FROM http_requests", alone, 1,
    )  # fmt: skip


def _replay(folder: Path) -> Kind:
    bodies = replays()
    rows = [[(f"fp-{number}", 0, 0, _packed(body))] for number, body in enumerate(bodies)]
    alone = references.rows_alone(folder / "replay.db", _REPLAYS, _REPLAY, rows, REPLAY_CLIENTS)
    return Kind(
        "200 replay events", "/ingest/v1/replay", EVENTS, REPLAY_CLIENTS, bodies,
        "SELECT coalesce(sum(events), 0) FROM replay_batches", alone, EVENTS,
    )  # fmt: skip


def _packed(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


def _kind(folder: Path, kind: Kind, rounds: int, seconds: int) -> dict[str, Figure]:
    folder.mkdir()
    bodies, fleet = write_bodies(folder / "bodies", kind.bodies), build(folder / "fleet", 100)
    file, measured = fleet.folder / "data" / "seestackd.db", []
    empty = references.used_bytes(file)
    with daemon(fleet) as ours, references.constant(folder) as constant:
        servers = {OURS: ours, AIOHTTP: constant}
        for server in servers.values():
            _drive(kind, *server, fleet.key, bodies, WARM_UP_S)
        for _ in range(rounds):
            rows = {name: _drive(kind, *server, fleet.key, bodies, seconds) for name, server in servers.items()}
            rate, cpu_us = kind.alone.run(ALONE_S)
            measured.append(rows | {SQLITE: Figure(rate * kind.each, cpu_us / kind.each)})
            print(".", end="", flush=True)
        time.sleep(SETTLE_S)
    print(flush=True)
    stored = {
        OURS: (references.used_bytes(file) - empty) / _count(file, kind),
        SQLITE: kind.alone.size_each() / kind.each,
    }
    return {
        name: replace(_median([rows[name] for rows in measured]), stored=stored.get(name, 0.0)) for name in measured[0]
    }


def _drive(kind: Kind, url: str, pid: int, key: str, bodies: Path, seconds: int) -> Figure:
    before = cpu_seconds(pid)
    rate, bad = wrk.send(url, key, kind.path, bodies, kind.clients, seconds)
    cpu_us = (cpu_seconds(pid) - before) / max(1.0, rate * seconds * kind.items) * 1e6
    return Figure(rate * kind.items, cpu_us, memory_mb(pid), bad)


def _count(file: Path, kind: Kind) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute(kind.counted).fetchone()[0])


def _median(measured: Sequence[Figure]) -> Figure:
    rates = [figure.rate for figure in measured]
    rate = median(rates)
    return Figure(
        rate, median(figure.cpu_us for figure in measured), median(figure.memory_mb for figure in measured),
        sum(figure.bad for figure in measured), (max(rates) - min(rates)) / max(1.0, rate),
    )  # fmt: skip


def _row(kind: Kind, name: str, figure: Figure) -> dict[str, Any]:
    return {
        "batches": kind.name, "name": name, "clients": kind.clients, "mb_s": figure.rate * kind.size / MB,
        "stored_per_byte": figure.stored / kind.size, **asdict(figure),
    }  # fmt: skip


def _print(row: dict[str, Any]) -> None:
    stored = (f"{row['stored']:.0f}", f"{row['stored_per_byte']:.3f}") if row["stored"] else ("", "")
    print(
        HEADER.format(
            row["batches"], row["name"], row["clients"], f"{row['rate']:,.0f}", f"{row['spread'] / 2:.0%}",
            f"{row['mb_s']:.0f}", *stored, f"{row['cpu_us']:.2f}", f"{row['memory_mb']:.0f}", row["bad"],
        ), flush=True,
    )  # fmt: skip
