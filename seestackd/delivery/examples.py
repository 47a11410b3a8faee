"""Facts of an alert of every kind, for who wants to see its text before it happens."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from seestackd.core.incidents import AlertKind, Facts

ALERT_ID = "019aaf6b-0000-7000-8000-00005eed1234"
PUBLIC_URL = "https://mon.example"


def _ms(year: int, month: int, day: int, *time: int) -> int:
    return int(datetime(year, month, day, *time, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


_BACKUP: dict[str, Any] = {
    "slug": "nightly-backup",
    "name": "nightly-backup",
    "timezone": "Europe/Berlin",
    "incident_id": 42,
}
_MISSED: dict[str, Any] = _BACKUP | {
    "expected_at": _ms(2026, 11, 23, 2, 0),
    "deadline_at": _ms(2026, 11, 23, 2, 15),
    "grace_ms": 900_000,
    "at": _ms(2026, 11, 23, 2, 15),
    "last_ok_at": _ms(2026, 11, 22, 2, 12, 41),
    "last_duration_ms": 761_000,
    "usual_ms": [720_000, 840_000],
    "good_before": 41,
    "bad": 1,
    "also_down": [{"slug": "etl-orders", "kind": "failed", "since": _ms(2026, 11, 23, 1, 41)}],
}
_FAILED: dict[str, Any] = {
    "slug": "etl-orders",
    "timezone": "UTC",
    "incident_id": 41,
    "at": _ms(2026, 11, 23, 14, 31, 2),
    "exit_code": 1,
    "duration_ms": 62_000,
    "usual_ms": [58_000, 58_000],
    "host": "web-2",
    "message": "Database connection refused",
    "bad": 2,
    "last_ok_at": _ms(2026, 11, 23, 13, 30),
    "output_tail": ["psycopg.OperationalError: connection refused", "retry 3/3 failed", "aborting, 0 rows written"],
    "output_lines": 214,
}
_HUNG: dict[str, Any] = {
    "slug": "vacuum-db",
    "incident_id": 43,
    "started_at": _ms(2026, 11, 22, 4, 0),
    "at": _ms(2026, 11, 22, 6, 5),
    "limit_ms": 7_200_000,
    "usual_ms": [2_400_000, 3_120_000],
}
_RECOVERED: dict[str, Any] = _BACKUP | {
    "problem": "missed",
    "began_at": _ms(2026, 11, 23, 2, 15),
    "closed_at": _ms(2026, 11, 23, 5, 37),
    "at": _ms(2026, 11, 23, 5, 37),
    "missed": 1,
    "run_duration_ms": 775_000,
    "still_down": [],
}
_BLIND: dict[str, Any] = {
    "started_at": _ms(2026, 11, 23, 1, 10),
    "ended_at": _ms(2026, 11, 23, 3, 40),
    "timezone": "Europe/Berlin",
    "cause": "not running",
    "unknown": 9,
    "slugs": ["nightly-backup", "etl-orders"],
    "at": _ms(2026, 11, 23, 3, 41),
}
_REMINDER: dict[str, Any] = {
    "at": _ms(2026, 11, 24, 8, 0),
    "next_at": _ms(2026, 11, 25, 8, 0),
    "timezone": "Europe/Berlin",
    "down": [
        {"slug": "etl-orders", "kind": "failed", "since": _ms(2026, 11, 23, 13, 58), "timezone": "UTC", "exit_code": 1},
        {
            "slug": "nightly-backup",
            "kind": "missed",
            "since": _ms(2026, 11, 23, 2, 15),
            "last_ok_at": _ms(2026, 11, 22, 2, 12),
        },
    ],
}
_DIGEST: dict[str, Any] = {
    "counts": {"missed": 5, "failed": 2},
    "monitors": 7,
    "since": _ms(2026, 11, 23, 14, 31, 2),
    "at": _ms(2026, 11, 23, 14, 31, 32),
    "timezone": "Europe/Berlin",
    "cause": {"what": "host", "name": "web-2", "count": 5, "of": 7, "last_at": _ms(2026, 11, 23, 2, 2)},
    "lines": [{"kind": "missed", **_MISSED}, {"kind": "failed", **_FAILED}],
}
_DEAD: dict[str, Any] = _BACKUP | {
    "channel": "slack-ops",
    "row_id": 17,
    "kind": "missed",
    "created_at": _ms(2026, 11, 23, 2, 15),
    "at": _ms(2026, 11, 23, 2, 16),
    "reason": "given up after 3 attempts: HTTP 404: there is nothing at this address; was the webhook removed?",
}
_RESTORED: dict[str, Any] = {
    "at": _ms(2026, 11, 23, 14, 0),
    "backup_at": _ms(2026, 11, 23, 1, 0),
    "timezone": "Europe/Berlin",
    "total": 2,
    "dropped": [
        {"slug": "etl-orders", "kind": "failed", "since": _ms(2026, 11, 23, 0, 31), "timezone": "UTC"},
        {"slug": "nightly-backup", "kind": "missed", "since": _ms(2026, 11, 23, 0, 58)},
    ],
}
_REFUSED: dict[str, Any] = {
    "at": _ms(2026, 11, 23, 14, 0),
    "timezone": "Europe/Berlin",
    "count": 6,
    "declared": 20,
    "slugs": ["certs", "dump", "etl-orders", "nightly-backup", "sync-photos", "vacuum-db"],
}
_EVICTED: dict[str, Any] = {
    "at": _ms(2026, 11, 23, 14, 0),
    "timezone": "Europe/Berlin",
    "project": "shop",
    "name": "Shop",
    "since": _ms(2026, 11, 22, 14, 0),
    "gone": [
        {"kind": "requests", "rows": 120_000, "limit": 200_000_000},
        {"kind": "replay", "rows": 250, "limit": 500_000_000},
    ],
}
_REPORT: dict[str, Any] = {
    "at": _ms(2026, 11, 1, 8, 0),
    "timezone": "Europe/Berlin",
    "month": "2026-10",
    "monitors": 41,
    "troubled": 2,
    "incidents": 3,
    "down_ms": 13_440_000,
    "share": 0.99988,
    "lines": [
        {"slug": "nightly-backup", "incidents": 2, "down_ms": 11_400_000, "share": 0.99574},
        {"slug": "etl-orders", "incidents": 1, "down_ms": 2_040_000, "share": 0.99923},
    ],
    "tags": [
        {"tag": "db", "incidents": 2, "down_ms": 11_400_000, "share": 0.99893},
        {"tag": "prod", "incidents": 1, "down_ms": 2_040_000, "share": 0.99996},
    ],
}
_RULE: dict[str, Any] = {
    "name": "Shop API",
    "rule": "019aaf6b-0000-7000-8000-0000000000aa",
    "incident_id": 44,
    "timezone": "UTC",
    "window_ms": 300_000,
    "at": _ms(2026, 11, 23, 14, 31, 2),
}
_SLOW = {"duration_ms": 1_880_000, "median_ms": 761_000, "at": _ms(2026, 11, 23, 2, 31, 20)}
_ESCALATED = {"problem": "missed", "opened_at": _ms(2026, 11, 23, 2, 15), "at": _ms(2026, 11, 23, 2, 45)}

EXAMPLES: Mapping[AlertKind, Facts] = {
    AlertKind.MISSED: _MISSED,
    AlertKind.FAILED: _FAILED,
    AlertKind.OVERRUN: _HUNG,
    AlertKind.UNKNOWN: _MISSED | {"unknowns": 3},
    AlertKind.CHANGED: _FAILED,
    AlertKind.HTTP_ERROR_RATE: _RULE | {"requests": 1240, "errors": 189, "rate": 15.24, "threshold": 10.0},
    AlertKind.HTTP_SLOW_ENDPOINT: _RULE
    | {
        "threshold": 2000,
        "count": 2,
        "slow": [
            {"name": "POST shop.example/api/pay", "requests": 84, "p95": 4160},
            {"name": "GET shop.example/api/users/:id", "requests": 310, "p95": 2272},
        ],
    },
    AlertKind.HTTP_OUTBOUND_DOWN: _RULE
    | {"consecutive": 3, "count": 1, "down": [{"host": "psp.example:8443", "status_code": 0}]},
    AlertKind.SLOW: _MISSED | _SLOW,
    AlertKind.REMINDER: _REMINDER,
    AlertKind.ESCALATION: _MISSED | _ESCALATED,
    AlertKind.RECOVERED: _RECOVERED,
    AlertKind.FLAPPING: _MISSED | {"openings": 6},
    AlertKind.BLIND: _BLIND,
    AlertKind.DEAD_LETTER: _DEAD,
    AlertKind.RESTORED: _RESTORED,
    AlertKind.REFUSED: _REFUSED,
    AlertKind.EVICTED: _EVICTED,
    AlertKind.REPORT: _REPORT,
    AlertKind.TEST: {"channel": "slack-ops", "sent_by": "admin", "at": _ms(2026, 11, 23, 14, 2, 31)},
    AlertKind.DIGEST: _DIGEST,
}
