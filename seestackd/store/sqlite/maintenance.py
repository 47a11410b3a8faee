"""Maintenance windows; few, so a project's are remembered between transactions."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seestackd.core.maintenance import Window
from seestackd.core.monitor import Monitor
from seestackd.core.schedule import stored_schedule
from seestackd.store.sqlite.behind import WriteBehind

_COLUMNS = "id, uid, title, starts_at, ends_at, schedule, timezone, duration_ms, slugs, tags"


def _window(row: tuple[Any, ...]) -> Window:
    return Window(
        id=row[0],
        uid=row[1],
        title=row[2],
        starts_at=row[3],
        ends_at=row[4],
        schedule=stored_schedule(row[5], row[6]) if row[5] is not None else None,
        duration_ms=row[7] or 0,
        slugs=tuple(json.loads(row[8])),
        tags=tuple(json.loads(row[9])),
    )


class SqliteMaintenance:
    """Rows of maintenance that have not been removed."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._by_project: dict[int, list[Window]] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._by_project.clear()

    def create(self, project_id: int, window: Window, at: int) -> Window:
        self.forget()
        schedule = window.schedule
        cursor = self._execute(
            "INSERT INTO maintenance (uid, project_id, title, slugs, tags, starts_at, ends_at, schedule, duration_ms,"
            " timezone, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                window.uid, project_id, window.title, json.dumps(window.slugs), json.dumps(window.tags),
                window.starts_at, window.ends_at, schedule.text if schedule else None, window.duration_ms,
                schedule.timezone if schedule else None, at,
            ),
        )  # fmt: skip
        return replace(window, id=cursor.lastrowid or 0)

    def remove(self, window_id: int, at: int) -> None:
        self.forget()
        self._execute("UPDATE maintenance SET removed_at = ? WHERE id = ?", (at, window_id))

    def in_project(self, project_id: int) -> list[Window]:
        known = self._by_project.get(project_id)
        if known is None:
            rows = self._execute(
                f"SELECT {_COLUMNS} FROM maintenance WHERE project_id = ? AND removed_at IS NULL ORDER BY id",
                (project_id,),
            )
            known = self._by_project[project_id] = [_window(row) for row in rows.fetchall()]
        return known

    def concerning(self, monitor: Monitor) -> Sequence[Window]:
        windows = self.in_project(monitor.project_id)
        return [window for window in windows if window.concerns(monitor)] if windows else ()
