"""Projects and their keys in SQLite."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace

from seestackd.core.events import KeysChanged
from seestackd.errors import Conflict
from seestackd.store.interface import Key, Project
from seestackd.store.sqlite.behind import WriteBehind

_PROJECT = "id, uid, slug, name, created_at, platform"
_KEY = (
    "id, uid, project_id, name, scope, hash, prefix, created_at, secret, environment, last_used_at, last_used_from,"
    " revoked_at"
)
_NEW_PROJECT = "INSERT INTO projects (uid, slug, name, created_at, platform) VALUES (?, ?, ?, ?, ?) RETURNING id"
_OF_A_PROJECT = (
    "keys", "maintenance", "ping_keys", "http_requests", "request_endpoints", "request_counts", "request_latencies",
    "replay_batches", "sessions", "erasures", "incidents", "outbox", "audit", "alert_rules", "alert_channels",
)  # fmt: skip
_NEW_KEY = (
    "INSERT INTO keys (uid, project_id, name, scope, hash, prefix, created_at, secret, environment)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)


class SqliteProjects:
    """The `projects` table."""

    def __init__(self, connection: WriteBehind, on_remove: Callable[[], None] = lambda: None) -> None:
        self._execute = connection.execute
        self._on_remove = on_remove
        self._all: list[Project] | None = None

    def forget(self) -> None:
        """Drop what is remembered."""
        self._all = None

    def create(self, slug: str, name: str, uid: str, at: int, platform: str | None = None) -> Project:
        """Store a project; raises Conflict when the slug is taken."""
        self._all = None
        try:
            (project_id,) = self._execute(_NEW_PROJECT, (uid, slug, name, at, platform)).fetchone()
        except sqlite3.IntegrityError as error:
            raise Conflict(f"A project with slug '{slug}' already exists", field="slug") from error
        return Project(id=project_id, uid=uid, slug=slug, name=name, created_at=at, platform=platform)

    def update(self, project: Project) -> None:
        """Store another name and platform."""
        self._all = None
        self._execute(
            "UPDATE projects SET name = ?, platform = ? WHERE id = ?", (project.name, project.platform, project.id)
        )

    def remove(self, project_id: int) -> None:
        """Delete a project that has no monitors, with all else that is stored of it: ids are given again."""
        self._execute(
            "DELETE FROM attempts WHERE outbox_id IN (SELECT id FROM outbox WHERE project_id = ?)", (project_id,)
        )
        for table in _OF_A_PROJECT:
            self._execute(f"DELETE FROM {table} WHERE project_id = ?", (project_id,))
        self._execute("DELETE FROM projects WHERE id = ?", (project_id,))
        self._all = None
        self._on_remove()

    def by_slug(self, slug: str) -> Project | None:
        row = self._execute(f"SELECT {_PROJECT} FROM projects WHERE slug = ?", (slug,)).fetchone()
        return Project(*row) if row else None

    def all(self) -> list[Project]:
        if self._all is None:
            rows = self._execute(f"SELECT {_PROJECT} FROM projects ORDER BY id").fetchall()
            self._all = [Project(*row) for row in rows]
        return list(self._all)


class SqliteKeys:
    """The `keys` table; every change but a use is announced as `KeysChanged`."""

    def __init__(self, connection: WriteBehind, announce: Callable[[object], None]) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._announce = announce

    def create(self, key: Key) -> Key:
        """Store a key (its `id` is ignored); raises Conflict when the hash exists."""
        try:
            (key_id,) = self._execute(
                _NEW_KEY,
                (key.uid, key.project_id, key.name, key.scope, key.hash, key.prefix, key.created_at, key.secret,
                 key.environment),
            ).fetchone()  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise Conflict("This key exists already", field="key") from error
        self._announce(KeysChanged())
        return replace(key, id=key_id)

    def all(self) -> list[Key]:
        """Return every key, revoked ones included, oldest first."""
        return [Key(*row) for row in self._execute(f"SELECT {_KEY} FROM keys ORDER BY id").fetchall()]

    def rename(self, key_id: int, name: str) -> None:
        """Give a key another name."""
        self._execute("UPDATE keys SET name = ? WHERE id = ?", (name, key_id))
        self._announce(KeysChanged())

    def revoke(self, key_id: int, at: int) -> None:
        """Revoke a key; a second time keeps the first instant."""
        self._execute("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (at, key_id))
        self._announce(KeysChanged())

    def touch(self, uses: Iterable[tuple[int, int, str | None]]) -> None:
        """Record (key id, last used at, from where); never moves a use back."""
        self._executemany(
            "UPDATE keys SET last_used_at = ?, last_used_from = ? WHERE id = ? AND ? >= coalesce(last_used_at, 0)",
            [(at, source, key_id, at) for key_id, at, source in uses],
        )
