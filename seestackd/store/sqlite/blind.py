"""Blind windows, and the stamp by which they are known."""

import json
from typing import Any

from seestackd.store.interface import Alive, BlindWindow
from seestackd.store.sqlite.behind import WriteBehind

_COLUMNS = "id, started_at, ended_at, cause, unknown, slugs, noticed_at"
_NAMED_SLUGS = 20


def _window(row: tuple[Any, ...]) -> BlindWindow:
    values = [*row[:5], tuple(json.loads(row[5])), row[6]]
    return BlindWindow(*values)


class SqliteBlind:
    """Rows of blind_windows and alive."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def open(self, started_at: int, ended_at: int, cause: str) -> BlindWindow:
        cursor = self._execute(
            "INSERT INTO blind_windows (started_at, ended_at, cause, unknown, slugs) VALUES (?, ?, ?, 0, '[]')",
            (started_at, ended_at, cause),
        )
        return BlindWindow(cursor.lastrowid or 0, started_at, ended_at, cause)

    def since(self, since: int) -> list[BlindWindow]:
        rows = self._execute(f"SELECT {_COLUMNS} FROM blind_windows WHERE ended_at > ? ORDER BY started_at", (since,))
        return [_window(row) for row in rows.fetchall()]

    def blame(self, started_at: int, slug: str, runs: int = 1) -> None:
        row = self._execute(
            "SELECT id, slugs FROM blind_windows WHERE started_at = ? ORDER BY id DESC LIMIT 1", (started_at,)
        ).fetchone()
        if row is None:
            return
        slugs = json.loads(row[1])
        if len(slugs) < _NAMED_SLUGS and slug not in slugs:
            slugs.append(slug)
        self._execute(
            "UPDATE blind_windows SET unknown = unknown + ?, slugs = ? WHERE id = ?", (runs, json.dumps(slugs), row[0])
        )

    def shift(self, step_ms: int) -> None:
        self._execute(
            "UPDATE blind_windows SET started_at = started_at + :step, ended_at = ended_at + :step,"
            " noticed_at = noticed_at + :step",
            {"step": step_ms},
        )

    def recent(self, limit: int) -> list[BlindWindow]:
        rows = self._execute(f"SELECT {_COLUMNS} FROM blind_windows ORDER BY id DESC LIMIT ?", (limit,))
        return [_window(row) for row in rows.fetchall()]

    def last_noticed(self) -> int | None:
        row = self._execute("SELECT max(noticed_at) FROM blind_windows").fetchone()
        noticed_at: int | None = row[0]
        return noticed_at

    def noticed(self, window_id: int, at: int) -> None:
        self._execute("UPDATE blind_windows SET noticed_at = ? WHERE id = ?", (at, window_id))

    def record_step(self, at: int, step_ms: int) -> None:
        self._execute("INSERT INTO clock_steps (at, step_ms) VALUES (?, ?)", (at, step_ms))

    def alive(self, node: str) -> Alive | None:
        row = self._execute("SELECT at, boot_at, boot_id FROM alive WHERE node = ?", (node,)).fetchone()
        return None if row is None else Alive(*row)

    def stamp(self, node: str, alive: Alive) -> None:
        self._execute(
            "INSERT INTO alive (node, at, boot_at, boot_id) VALUES (?, ?, ?, ?) ON CONFLICT (node) DO UPDATE SET"
            " at = excluded.at, boot_at = excluded.boot_at, boot_id = excluded.boot_id",
            (node, alive.at, alive.boot_at, alive.boot_id),
        )
