"""Who is logged in to the dashboard in SQLite."""

from seestackd.store.interface import Login
from seestackd.store.sqlite.behind import WriteBehind


class SqliteLogins:
    """The `logins` table."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def create(self, session: Login) -> None:
        self._execute(
            "INSERT INTO logins (hash, created_at, seen_at, source) VALUES (?, ?, ?, ?)",
            (session.hash, session.created_at, session.seen_at, session.source),
        )

    def by_hash(self, hashed: str) -> Login | None:
        row = self._execute("SELECT hash, created_at, seen_at, source FROM logins WHERE hash = ?", (hashed,)).fetchone()
        return Login(*row) if row else None

    def touch(self, hashed: str, at: int) -> None:
        self._execute("UPDATE logins SET seen_at = max(seen_at, ?) WHERE hash = ?", (at, hashed))

    def remove(self, hashed: str) -> None:
        self._execute("DELETE FROM logins WHERE hash = ?", (hashed,))

    def remove_expired(self, created_before: int, seen_before: int) -> None:
        self._execute("DELETE FROM logins WHERE created_at < ? OR seen_at < ?", (created_before, seen_before))

    def remove_all(self) -> None:
        self._execute("DELETE FROM logins")
