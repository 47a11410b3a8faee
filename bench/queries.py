"""`make bench-queries`: pages and lists of 10,000 monitors with ten million runs and ten million HTTP requests stored.

`python -m bench.queries [FOLDER]`: the database is built in the folder, which takes minutes, and kept there.
"""

import http.client
import sqlite3
import sys
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from bench import lists, results
from bench.fleet import Fleet, daemon
from bench.stored import stored

MONITORS, RUNS, ASKED = lists.MONITORS, lists.RUNS, 30
AT_MOST_S = 5.0
_KEEP = "[retention]\nrequests = '900d'\nreplay = '900d'\n"
ROW = "{:<62}{:>9}{:>9}{:>9}{:>9}"
PAGES = (
    "/", "/?page=100", "/?q=job-0077", "/?state=trouble", "/?tag=none", "/m/{slug}", "/m/{slug}?show=failed",
    "/timeline", "/timeline?range=7d&page=50", "/i", "/i?page=100", "/i?state=open", "/i?state=closed&page=1000",
    "/i?monitor={slug}", "/i?channel=ops", "/i/{incident}", "/i?alerts=all", "/i?alerts=delivered&before=500000",
    "/i?alerts=dead", "/i?alerts=pending", "/summary", "/settings", "/http", "/http?range=7d",
    "/http?show=endpoints", "/http?show=hosts", "/http?status=5xx&page=100", "/http?method=post", "/http?path=users/5",
    "/http?user=u_77", "/http/trace/{trace}", "/sessions", "/sessions?user=u_77", "/sessions?url=cart&page=50",
)  # fmt: skip
_API = "/api/v1"
QUERIES = (
    *(_API + path for path in lists.PATHS),
    *(
        f"{_API}/http-requests{path}"
        for path in (
            "?perPage=50", "?perPage=50&page=10000", "?statusGroup=5xx", "?path=users/5", "/stats", "/endpoints",
            "/top-hosts", "/series?step=15", "/by-trace?traceId={trace}",
        )
    ),
)  # fmt: skip
_MORE = """
WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO monitors (uid, project_id, slug, name, ping_id, schedule, timezone, rules, channels, tags, source,
  created_at, updated_at, archived_at, version)
SELECT printf('00000000-0000-7000-8000-%012d', i), t.project_id, printf('job-%06d', i), printf('job-%06d', i),
  printf('ping-%016d', i), t.schedule, t.timezone, t.rules, t.channels, t.tags, t.source, t.created_at, t.updated_at,
  NULL, 1
FROM n JOIN monitors t ON t.slug = 'job-000000'
"""
_STATES = """
INSERT INTO monitor_state (monitor_id, status, good, bad, unknowns, watched_from, expected_at, newest_slot,
  newest_judged, deadline_at, wake_at, last_ping_at, last_ok_at, last_finish_at, last_duration_ms, ends_only)
SELECT m.id, 'healthy', 1, 0, 0, :now - 86400000, :now + 86400000, :now - 3600000, :now - 3600000, :now + 87000000,
  :now + 87000000, :now - 3600000, :now - 3600000, :now - 3600000, 1000, 1
FROM monitors m LEFT JOIN monitor_state s ON s.monitor_id = m.id WHERE s.monitor_id IS NULL
"""
_SLOTS = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT OR IGNORE INTO slots
SELECT m.id, :now - i * 14400000, :now - i * 14400000 + 10800000, 4,
  iif((m.id * 7 + i * i) % 29 = 0, 'missed', 'on_time'), 'bench', NULL, :now - i * 14400000, 0
FROM monitors m JOIN n
"""
_CHOSEN = {
    "slug": "SELECT slug FROM monitors WHERE id = abs(random()) % :m + 1",
    "incident": "SELECT id FROM incidents WHERE id >= abs(random()) % (SELECT max(id) FROM incidents) LIMIT 1",
    "id": "SELECT uid FROM monitors WHERE id = abs(random()) % :m + 1",
    "trace": "SELECT trace_id FROM requests WHERE id = abs(random()) % 9000000 + 1",
}


def measure(folder: str | None = None) -> int:
    """Print milliseconds of every page and query, asked one by one; returns 1 when one was no page."""
    with stored(folder) as found:
        if _fill(found.fleet):
            print("filled", flush=True)
        with daemon(found.fleet, _KEEP) as (url, _), closing(sqlite3.connect(found.database)) as db:
            key = lists.cli(found.fleet, "key", "create", f"bench {time.time()}", "--scope", "admin").strip()
            rows = [_asked(url, key, db, path) for path in (*PAGES, *QUERIES)]
    results.keep("queries", rows)
    slowest = max(rows, key=lambda row: row["p99_ms"])
    print(f"slowest: {slowest['name']}, p99 {slowest['p99_ms']:.0f} ms")
    return 1 if any(row["bad"] for row in rows) else 0


def _fill(fleet: Fleet) -> bool:
    """Add monitors, runs, pings, slots, incidents and alerts, unless they are there; says whether it did."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db", isolation_level=None)) as db:
        (known, runs) = db.execute("SELECT (SELECT count(*) FROM monitors), (SELECT max(id) FROM runs)").fetchone()
        if (runs or 0) >= RUNS:
            return False
        db.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA wal_autocheckpoint = 50000")
        now = time.time_ns() // 1_000_000
        db.execute("BEGIN")
        db.execute(_MORE, {"first": known, "last": MONITORS - 1})
        db.execute(_STATES, {"now": now})
        db.execute(_SLOTS, {"now": now})
        for table in ("pings", "runs", "incidents", "outbox"):
            db.execute(f"DELETE FROM {table}")
        db.execute("COMMIT")
    lists.fill(fleet, RUNS)
    return True


def _asked(url: str, key: str, db: sqlite3.Connection, path: str) -> dict[str, Any]:
    connection, times, bad = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60), [], 0
    until = time.perf_counter() + AT_MOST_S
    while len(times) < ASKED and (len(times) < 3 or time.perf_counter() < until):
        asked = path
        for name, query in _CHOSEN.items():
            if f"{{{name}}}" in asked:
                asked = asked.replace(f"{{{name}}}", str(db.execute(query, {"m": MONITORS}).fetchone()[0]))
        began = time.perf_counter()
        connection.request("GET", asked, headers={"Authorization": f"Bearer {key}"} if _API in asked else {})
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        bad += answer.status != 200
    times.sort()
    row = {
        "name": path,
        "p50_ms": times[ASKED // 2],
        "p99_ms": times[int(ASKED * 0.99)],
        "worst_ms": times[-1],
        "bad": bad,
    }
    print(ROW.format(path, *(f"{row[at]:.1f}" for at in ("p50_ms", "p99_ms", "worst_ms")), bad), flush=True)
    return row


if __name__ == "__main__":
    print(ROW.format("milliseconds, one after the other", "p50", "p99", "worst", "bad"))
    sys.exit(measure(*sys.argv[1:2]))
