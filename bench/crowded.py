"""Databases with very many monitors, made by SQL: a million take seconds. Most report hourly, others by cron lines."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bench.fleet import Fleet, build
from seestackd.clock import zone_data_version
from seestackd.core.monitor import new_monitor

HOUR_MS = 3_600_000
_CRON = 500  # different cron lines, as of a fleet whose hosts spread their jobs over the hour
_COPY = """
WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO monitors (uid, project_id, slug, name, ping_id, schedule, timezone, rules, channels, tags, source,
  created_at, updated_at, archived_at, version)
SELECT printf('00000000-0000-7000-8000-%012d', i), t.project_id, printf('job-%06d', i), printf('job-%06d', i),
  printf('ping-%016d', i), t.schedule, t.timezone, t.rules, t.channels, t.tags, t.source, t.created_at, t.updated_at,
  NULL, 1
FROM n JOIN monitors t ON t.slug = iif(i % 10 < 7, 'job-000000', printf('cron-%03d', i % :cron))
"""
_STATES = """
INSERT INTO monitor_state (monitor_id, status, good, bad, unknowns, watched_from, expected_at, newest_slot,
  newest_judged, deadline_at, wake_at, last_ping_at, last_ok_at, last_finish_at, last_duration_ms, ends_only)
SELECT m.id, 'healthy', 1, 0, 0, :now - 86400000, :now + 600000 + m.id * 7919 % 3000000, :now - 3600000, :now - 3600000,
  :now + 900000 + m.id * 7919 % 3000000, :now + 900000 + m.id * 7919 % 3000000, :now - 3600000, :now - 3600000,
  :now - 3600000, 1000, 1
FROM monitors m LEFT JOIN monitor_state s ON s.monitor_id = m.id WHERE s.monitor_id IS NULL
"""


def build_crowded(folder: Path, monitors: int) -> Fleet:
    """Make a database with `monitors` healthy monitors named job-000000 and so on, due in 15 to 65 minutes."""
    crons = [new_monitor(f"cron-{n:03d}", f"{n % 60} {'*' if n % 3 else n % 24} * * *") for n in range(_CRON)]
    fleet = build(folder, 1, extra=crons)
    with closing(open_database(fleet)) as db:
        db.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA wal_autocheckpoint = 50000")
        now = time.time_ns() // 1_000_000
        db.execute("BEGIN")
        db.execute(_COPY, {"first": 1, "last": monitors - 1, "cron": _CRON})
        db.execute(_STATES, {"now": now})
        # As a daemon leaves it that ran before: with other time zone data it would look at each of them once.
        db.execute("INSERT INTO meta VALUES ('zone_data', ?)", (zone_data_version(),))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return fleet


def open_database(fleet: Fleet) -> sqlite3.Connection:
    """Open the database itself, beside the daemon or without it."""
    return sqlite3.connect(fleet.folder / "data" / "seestackd.db", isolation_level=None)


def fall_due(fleet: Fleet, at: int, spread_ms: int, count: int) -> None:
    """Have the first `count` hourly monitors fall due from `at` on (ms UTC), evenly over a time."""
    with closing(open_database(fleet)) as db:
        db.execute(
            "UPDATE monitor_state SET expected_at = d.at - 300000, deadline_at = d.at, wake_at = d.at FROM"
            " (SELECT id, :at + (row_number() OVER (ORDER BY id) - 1) * :spread / :count AS at FROM monitors"
            "  WHERE schedule = '1h' AND id > 1 ORDER BY id LIMIT :count) d WHERE monitor_id = d.id",
            {"at": at, "spread": spread_ms, "count": count},
        )
