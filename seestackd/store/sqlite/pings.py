"""Pings: append-only, each pointing at the one before it of its monitor."""

from collections.abc import Sequence
from typing import Any

import zstandard

from seestackd.core.pings import Ping, PingKind
from seestackd.store.interface import StoredPing
from seestackd.store.sqlite.behind import Insert, WriteBehind

_COLUMNS = (
    "id, monitor_id, prev, run_id, kind, at, arrived_at, duration_ms, exit_code, rid, source, host, trace_id, message,"
    " note"
)
_INSERT = Insert("pings", _COLUMNS)


def _stored(row: tuple[Any, ...]) -> StoredPing:
    ping = Ping(
        kind=PingKind(row[4]),
        at=row[5],
        arrived_at=row[6],
        duration_ms=row[7],
        exit_code=row[8],
        rid=row[9],
        source=row[10],
        host=row[11],
        trace_id=row[12],
        message=row[13],
    )
    return StoredPing(row[0], row[1], row[3], ping, row[14])


class SqlitePings:
    """Rows of pings, their outputs and their idempotency keys."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._add = connection.add
        self._last_id: int | None = None

    def forget(self) -> None:
        """Drop what is remembered."""
        self._last_id = None

    def take_id(self) -> int:
        """Return the id of the next ping, which is given once."""
        if self._last_id is None:
            self._last_id = self._execute("SELECT max(id) FROM pings").fetchone()[0] or 0
        self._last_id += 1
        return self._last_id

    def append(self, monitor_id: int, ping: Ping, run_id: int | None, prev: int | None, note: str | None) -> int:
        ping_id = self.take_id()
        row = (
            ping_id, monitor_id, prev, run_id, ping.kind._value_, ping.at, ping.arrived_at, ping.duration_ms,
            ping.exit_code, ping.rid, ping.source, ping.host, ping.trace_id, ping.message, note,
        )  # fmt: skip
        self._add(_INSERT, ping_id, row)
        if ping.output:
            body = zstandard.ZstdCompressor(level=1).compress(ping.output.encode())
            self._execute(
                "INSERT INTO outputs (ping_id, size, body) VALUES (?, ?, ?)", (ping_id, ping.output_size, body)
            )
        return ping_id

    def latest(self, monitor_id: int, limit: int) -> list[StoredPing]:
        found: list[StoredPing] = []
        row = self._execute("SELECT last_ping_id FROM monitor_state WHERE monitor_id = ?", (monitor_id,)).fetchone()
        at = row[0] if row else None
        while at is not None and len(found) < limit:
            row = self._execute(f"SELECT {_COLUMNS} FROM pings WHERE id = ?", (at,)).fetchone()
            if row is None:
                break
            found.append(_stored(row))
            at = row[2]
        return found

    def last_arrival(self) -> int | None:
        row = self._execute("SELECT arrived_at FROM pings ORDER BY id DESC LIMIT 1").fetchone()
        return None if row is None else row[0]

    def output(self, ping_id: int) -> str | None:
        row = self._execute("SELECT body FROM outputs WHERE ping_id = ?", (ping_id,)).fetchone()
        return None if row is None else zstandard.ZstdDecompressor().decompress(row[0]).decode()

    def output_sizes(self, ping_ids: Sequence[int]) -> dict[int, int]:
        marks = ", ".join("?" * len(ping_ids))
        return dict(self._execute(f"SELECT ping_id, size FROM outputs WHERE ping_id IN ({marks})", tuple(ping_ids)))

    def seen(self, project_id: int, slug: str, kind: str, key: str) -> int | None:
        row = self._execute(
            "SELECT ping_id FROM ping_keys WHERE project_id = ? AND slug = ? AND kind = ? AND key = ?",
            (project_id, slug, kind, key),
        ).fetchone()
        return None if row is None else row[0]

    def remember(self, project_id: int, slug: str, kind: str, key: str, ping_id: int, at: int) -> None:
        self._execute(
            "INSERT INTO ping_keys (project_id, slug, kind, key, ping_id, at) VALUES (?, ?, ?, ?, ?, ?)",
            (project_id, slug, kind, key, ping_id, at),
        )

    def forget_keys(self, before: int, limit: int) -> int:
        cursor = self._execute(
            "DELETE FROM ping_keys WHERE (project_id, slug, kind, key) IN"
            " (SELECT project_id, slug, kind, key FROM ping_keys WHERE at < ? LIMIT ?)",
            (before, limit),
        )
        return cursor.rowcount
