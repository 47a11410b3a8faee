"""Far more clients than the daemon can serve, and a disk that takes 200 ms to sync. `python -m bench.overload [slow]`.

Clients are many enough to offer twice what is served: whoever is not served is to hear 503 with Retry-After within
a second, and alerts are to be on time. The slow disk is strace's doing.
"""

import contextlib
import http.client
import json
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench import wrk
from bench.fleet import Fleet, build, daemon, resident_mb

MONITORS, SECONDS, CLIENTS = 1_000, 10, 64
MOST_CLIENTS = 16_000
DUE = 20
SYNC_MS, SLOW_CLIENTS = 200, 256
_CHANNEL = 'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:9/"\n'
_TRUSTED = "trusted_proxies = ['127.0.0.1']\n"


@dataclass
class Asked:
    """What one patient client was answered: seconds by status, and how many 503 came without Retry-After."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    bare: int = 0

    def worst(self, status: int) -> float:
        return max(self.seconds.get(status, [0.0]))


def measure() -> int:
    """Print what twice the ceiling does; returns 1 when a 503 came late or bare, or an alert late."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS + DUE)
        deadlines = _arm(fleet)
        with daemon(fleet, _CHANNEL, _TRUSTED) as (url, pid):
            ceiling = wrk.drive(url, fleet.key, connections=CLIENTS, monitors=MONITORS, seconds=5, keep_alive=True)
            before = resident_mb(pid)
            clients = min(MOST_CLIENTS, max(2_000, int(ceiling.rate * 2)))
            with _asking(url, fleet.key) as asked, _memory(pid) as most:
                load = wrk.drive(
                    url, fleet.key, connections=clients, monitors=MONITORS, seconds=SECONDS, keep_alive=True
                )
            time.sleep(2)
            stored, late = _stored(fleet), _late(fleet, deadlines)
    served = load.rate - load.bad / SECONDS
    print(f"ceiling {ceiling.rate:,.0f}/s at {CLIENTS} clients, {before:.0f} MB")
    print(
        f"{clients:,} clients: {load.rate:,.0f} answers/s, of them {load.bad / SECONDS:,.0f} refused;"
        f" served {served / ceiling.rate:.0%} of the ceiling, p99 {load.p99_ms:.0f} ms, at most {most[0]:.0f} MB"
    )
    refused = asked.seconds.get(503, [])
    print(
        f"one more client: {sum(map(len, asked.seconds.values()))} pings, {len(refused)} refused after at most"
        f" {asked.worst(503):.2f} s, {asked.bare} of them without Retry-After; answered after {asked.worst(202):.2f} s"
    )
    print(f"{stored:,} pings stored; {len(late)} of {DUE} alerts, stored at most {max(late, default=0):.0f} ms late")
    good = asked.worst(503) <= 1 and not asked.bare and len(late) == DUE and max(late) <= 1000
    return 0 if good else 1


def slow_disk() -> int:
    """Print how many heartbeats a daemon takes whose every fsync takes 200 ms; returns 1 below 500/s."""
    if shutil.which("strace") is None:
        print("strace is missing: apt-get install strace", file=sys.stderr)
        return 2
    delay = ["-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_enter={SYNC_MS * 1000}"]
    tracer = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", *delay]
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS)
        with daemon(fleet, before=tracer) as (url, _):
            load = wrk.drive(
                url, fleet.key, connections=SLOW_CLIENTS, monitors=MONITORS, seconds=SECONDS, keep_alive=True
            )
    print(
        f"{SYNC_MS} ms per fsync, {SLOW_CLIENTS} clients: {load.rate:,.0f} heartbeats/s, p50 {load.p50_ms:.0f} ms,"
        f" p99 {load.p99_ms:.0f} ms, {load.bad} refused"
    )
    return 0 if load.rate >= 500 and not load.bad else 1


def _arm(fleet: Fleet) -> dict[int, int]:
    """Have monitors that nobody reports fall due while the load lasts; returns id -> deadline (ms UTC)."""
    begin = time.time_ns() // 1_000_000 + 14_000
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as db, db:
        ids = [row[0] for row in db.execute("SELECT id FROM monitors ORDER BY id DESC LIMIT ?", (DUE,))]
        deadlines = {monitor: begin + number * 200 for number, monitor in enumerate(ids)}
        for monitor, at in deadlines.items():
            db.execute(
                "UPDATE monitor_state SET expected_at = ?1 - 300000, deadline_at = ?1, wake_at = ?1"
                " WHERE monitor_id = ?2",
                (at, monitor),
            )
    return deadlines


def _stored(fleet: Fleet) -> int:
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as db:
        return int(db.execute("SELECT count(*) FROM pings").fetchone()[0])


def _late(fleet: Fleet, deadlines: dict[int, int]) -> list[float]:
    """Return by how much each alert was stored after its deadline (ms): its row's instant is the judgement's."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as db:
        rows = db.execute("SELECT monitor_id, created_at FROM outbox WHERE kind = 'missed'").fetchall()
    return [created_at - deadlines[monitor] for monitor, created_at in rows if monitor in deadlines]


@contextlib.contextmanager
def _asking(url: str, key: str) -> Iterator[Asked]:
    """Send a ping twenty times a second beside the others."""
    asked, ended = Asked(), threading.Event()
    body = json.dumps({"slug": "job-000000", "status": "success", "durationMs": 1})
    headers = {"X-SeeStack-Key": key, "Content-Type": "application/json"}

    def ask() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        while not ended.wait(0.05):
            began = time.perf_counter()
            try:
                connection.request("POST", "/ingest/v1/heartbeat", body, headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                continue
            asked.seconds.setdefault(answer.status, []).append(time.perf_counter() - began)
            asked.bare += answer.status == 503 and not answer.headers.get("Retry-After")

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield asked
    finally:
        ended.set()
        asker.join()


@contextlib.contextmanager
def _memory(pid: int) -> Iterator[list[float]]:
    """Give the most memory that the daemon has had (MB)."""
    most, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            most[0] = max(most[0], resident_mb(pid))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield most
    finally:
        ended.set()
        looker.join()


if __name__ == "__main__":
    sys.exit(slow_disk() if "slow" in sys.argv else measure())
