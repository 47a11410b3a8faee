"""The audit log: append-only."""

import json
from typing import Any

from seestackd.store.interface import AuditEntry
from seestackd.store.listings import Page
from seestackd.store.sqlite.behind import WriteBehind


class SqliteAudit:
    """Rows of audit."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def append(self, entry: AuditEntry) -> None:
        self._execute(
            "INSERT INTO audit (at, project_id, actor, source, action, about, changes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                entry.at, entry.project_id, entry.actor, entry.source, entry.action, entry.about,
                json.dumps(dict(entry.changes)),
            ),
        )  # fmt: skip

    def listed(self, project_id: int, page: Page) -> list[AuditEntry]:
        rows = self._execute(
            "SELECT id, at, project_id, actor, source, action, about, changes FROM audit WHERE project_id = ?"
            " ORDER BY id DESC LIMIT ? OFFSET ?",
            (project_id, page.limit, page.offset),
        ).fetchall()
        return [_entry(row) for row in rows]

    def count(self, project_id: int) -> int:
        (rows,) = self._execute("SELECT count(*) FROM audit WHERE project_id = ?", (project_id,)).fetchone()
        return int(rows)


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    values = [*row[:7], json.loads(row[7])]
    return AuditEntry(*values)
