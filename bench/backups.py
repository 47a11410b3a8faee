"""A backup of 200 MB while heartbeats come in: how long it takes, and what the heartbeats notice of it."""

import http.client
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from bench.fleet import Fleet, build, daemon

MEGABYTES = 200
PER_SECOND = 200
ROUNDS = 5
ROW = "{:<46}{:>12}{:>12}{:>12}"


def measure() -> int:
    """Print heartbeat latencies without and during backups; returns 1 when a backup or a heartbeat failed."""
    folder = Path(tempfile.mkdtemp(prefix="seestackd-backup-"))
    try:
        fleet = build(folder / "fleet", 100)
        _grow(fleet)
        print(ROW.format(f"{PER_SECOND} heartbeats/s", "p50 ms", "p99 ms", "worst ms"))
        with daemon(fleet) as (url, _):
            load = _Load(url, fleet.key)
            quiet, during, lasted = [], [], []
            for _ in range(ROUNDS):
                quiet += load.during(lambda: time.sleep(3))
                during += load.during(lambda: lasted.append(_back_up(fleet)))
        _print("no backup", quiet)
        _print("while one is taken", during)
        print(f"backup of {MEGABYTES} MB: {', '.join(f'{each:.1f}' for each in lasted)} s\n")
        return int(load.failed > 0)
    finally:
        shutil.rmtree(folder)


class _Load:
    """Heartbeats at a steady rate from a thread of its own, each timed."""

    def __init__(self, url: str, key: str) -> None:
        self.failed = 0
        self._place = urlsplit(url).netloc
        self._headers = {"X-SeeStack-Key": key, "Content-Type": "application/json"}

    def during(self, work: "object") -> list[float]:
        """Return the milliseconds of every heartbeat sent while `work()` runs."""
        times: list[float] = []
        over = threading.Event()
        sender = threading.Thread(target=self._send, args=(times, over))
        sender.start()
        try:
            work()  # type: ignore[operator]
        finally:
            over.set()
            sender.join()
        return times

    def _send(self, times: list[float], over: threading.Event) -> None:
        connection = http.client.HTTPConnection(self._place, timeout=30)
        number, due = 0, time.perf_counter()
        while not over.is_set():
            body = json.dumps({"slug": f"job-{number % 100:06d}", "status": "success", "durationMs": 5})
            began = time.perf_counter()
            connection.request("POST", "/ingest/v1/heartbeat", body, self._headers)
            answer = connection.getresponse()
            answer.read()
            self.failed += answer.status != 202
            times.append((time.perf_counter() - began) * 1000)
            number, due = number + 1, due + 1 / PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
        connection.close()


def _grow(fleet: Fleet) -> None:
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db", isolation_level=None)) as db:
        db.executescript("PRAGMA synchronous = OFF")
        db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n)"
            " INSERT INTO pings (monitor_id, kind, at, arrived_at, message) SELECT i % 100 + 1, 'success', i, i,"
            " hex(randomblob(40)) FROM n",
            {"n": MEGABYTES * 9_000},
        )
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _back_up(fleet: Fleet) -> float:
    target = fleet.folder / "copy.db"
    program = str(Path(sys.executable).with_name("seestackd"))
    began = time.perf_counter()
    subprocess.run(
        [program, "--config", str(fleet.folder / "seestackd.toml"), "backup", str(target), "--force"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    lasted = time.perf_counter() - began
    target.unlink()
    return lasted


def _print(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99)]
    print(ROW.format(what, *(f"{each:.1f}" for each in (*at, ordered[-1]))))


if __name__ == "__main__":
    sys.exit(measure())
