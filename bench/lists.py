"""How long pages of lists take with 10,000 monitors and 10 million runs stored, and `monitor ls` as a whole process."""

import http.client
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.fleet import Fleet, build, daemon

MONITORS = 10_000
RUNS = 10_000_000
INCIDENTS = 1_000_000
REQUESTS = 300
ROW = "{:<52}{:>9}{:>9}{:>9}{:>9}"
PATHS = (
    "/cron-monitors?page=1&perPage=50", "/cron-monitors?page=150&perPage=50", "/cron-monitors/{id}",
    "/cron-monitors/{id}/history?perPage=50", "/cron-monitors/{id}/history?perPage=200&page=3",
    "/cron-monitors/{id}/history?status=failed", "/cron-monitors/{id}/runs", "/cron-monitors/{id}/slots",
    "/incidents?perPage=50", "/incidents?page=500&perPage=50", "/incidents?page=10000&perPage=50",
    "/incidents?state=open", "/incidents?state=open&page=100", "/incidents?state=closed&page=10000&perPage=50",
    "/notification-log", "/notification-log?page=500", "/notification-log?page=10000&perPage=50",
    "/notifications/unread-count", "/alert-rules", "/audit-log", "/api-keys",
    "/blind-windows", "/maintenance-windows",
)  # fmt: skip


def measure(runs: int = RUNS) -> int:
    """Build the database, ask for pages one by one, print milliseconds; returns 1 when an answer was no page."""
    folder = Path(tempfile.mkdtemp(prefix="seestackd-lists-"))
    try:
        fleet = build(folder / "fleet", MONITORS)
        fill(fleet, runs)
        size = (fleet.folder / "data" / "seestackd.db").stat().st_size
        print(f"{MONITORS:,} monitors, {runs:,} runs and pings, {size / 2**30:.1f} GiB")
        with daemon(fleet) as (url, _):
            key = cli(fleet, "key", "create", "bench-admin", "--scope", "admin").strip()
            bad = _pages(url, key)
            _processes(fleet)
        return bad
    finally:
        shutil.rmtree(folder)


def fill(fleet: Fleet, runs: int) -> None:
    """Write what a week of runs leaves behind, in the order of time: the rows of one monitor are far apart."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db", isolation_level=None)) as db:
        db.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA wal_autocheckpoint = 20000")
        now = time.time_ns() // 1_000_000
        values = {"n": runs, "m": MONITORS, "began": now - runs // MONITORS * 604_800, "step": 604_800}
        db.execute(_NUMBERS.format(_RUNS), values)
        db.execute(_NUMBERS.format(_PINGS), values)
        db.execute(_LAST, values)
        db.execute(_NUMBERS.format(_INCIDENTS), {**values, "n": min(INCIDENTS, runs // 10)})
        db.execute(_NUMBERS.format(_OUTBOX), {**values, "n": min(INCIDENTS, runs // 10)})
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n) {}"
_AT = ":began + (i / :m) * :step + i % :m"
_RUNS = f"""
INSERT INTO runs (id, monitor_id, prev, started_at, heard_start, ended_at, duration_ms, lateness_ms, outcome, ok)
SELECT i, i % :m + 1, iif(i > :m, i - :m, NULL), {_AT}, 0, {_AT} + 1000, 1000, 0, 'on_time', i % 97 > 0 FROM n
"""
_PINGS = f"""
INSERT INTO pings (id, monitor_id, prev, run_id, kind, at, arrived_at, duration_ms, source, message)
SELECT i, i % :m + 1, iif(i > :m, i - :m, NULL), i, iif(i % 97 > 0, 'success', 'failed'), {_AT}, {_AT}, 1000,
  '192.0.2.7', 'all is well' FROM n
"""
_LAST = """
UPDATE monitor_state SET (last_ping_id, last_run_id) =
  (SELECT last, last FROM (SELECT max(id) AS last FROM runs WHERE id > :n - :m AND id % :m + 1 = monitor_id))
"""
_INCIDENTS = f"""
INSERT INTO incidents (uid, project_id, subject, monitor_id, kind, severity, began_at, opened_at, closed_at, missed,
  escalated, facts)
SELECT printf('00000000-0000-7000-8000-%012x', i), 1, 'monitor:' || (i % :m + 1), i % :m + 1, 'failed', 'critical',
  {_AT}, {_AT}, iif(i > :n - :m, NULL, {_AT} + 60000), 0, 0, '{{"slug":"job","also_down":[]}}' FROM n
"""
_OUTBOX = f"""
INSERT INTO outbox (alert_id, channel, project_id, monitor_id, incident_id, kind, severity, created_at, attempts, state,
  settled_at, result, facts)
SELECT printf('00000000-0000-7000-8000-%012x', i), 'ops', 1, i % :m + 1, i, 'failed', 'critical', {_AT}, 1, 'delivered',
  {_AT} + 500, 'delivered', '{{"slug":"job","also_down":[]}}' FROM n
"""


def _pages(url: str, key: str) -> int:
    print(ROW.format("milliseconds per page, one after the other", "median", "p95", "p99", "worst"))
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    ids = [each["id"] for each in _get(connection, key, "/cron-monitors?perPage=200&page=20")[1]["items"]]
    choice, bad = random.Random(7), 0
    for path in PATHS:
        times = []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            status, _found = _get(connection, key, path.replace("{id}", choice.choice(ids)))
            times.append((time.perf_counter() - began) * 1000)
            bad |= status != 200
        _print(path, times)
    return bad


def _get(connection: http.client.HTTPConnection, key: str, path: str) -> tuple[int, Any]:
    connection.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()).get("data")


def _print(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99)]
    print(ROW.format(what, *(f"{each:.1f}" for each in (*at, ordered[-1]))))


def _processes(fleet: Fleet) -> None:
    for words in (["monitor", "ls", "--state", "trouble"], ["monitor", "ls"], ["monitor", "ls", "--json"]):
        times = []
        for _ in range(10):
            began = time.perf_counter()
            cli(fleet, *words)
            times.append((time.perf_counter() - began) * 1000)
        _print(f"whole process: seestackd {' '.join(words)}", times)


def cli(fleet: Fleet, *words: str) -> str:
    program = str(Path(sys.executable).with_name("seestackd"))
    command = [program, "--config", str(fleet.folder / "seestackd.toml"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(measure(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
