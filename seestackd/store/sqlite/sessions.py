"""Sessions in short, one row per fingerprint of a project."""

import json
from typing import Any

from seestackd.core.activity import Strip
from seestackd.core.replay import Kind
from seestackd.core.sessions import Session
from seestackd.store.listings import Page
from seestackd.store.sessions import Wanted
from seestackd.store.sqlite.behind import WriteBehind

_COLUMNS = "fingerprint, session_id, first_at, last_at, received_at, events, size, user_id, counts, urls, strip"
_GROW = (
    f"INSERT INTO sessions (project_id, errors, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (project_id, fingerprint) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in ("errors", *_COLUMNS.split(", ")[1:]))
)
_ESCAPED = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


class SqliteSessions:
    """The `sessions` table."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def grow(self, project_id: int, session: Session) -> None:
        counts = {kind.value: count for kind, count in session.counts.items() if count}
        strip = [session.strip.origin, session.strip.width, session.strip.counts]
        self._execute(
            _GROW,
            (project_id, session.errors, session.fingerprint, session.session_id, session.first_at, session.last_at,
             session.received_at, session.events, session.size, session.user_id, json.dumps(counts),
             "\n".join(session.urls), json.dumps(strip, separators=(",", ":"))),
        )  # fmt: skip

    def by_fingerprint(self, project_id: int, fingerprint: str) -> Session | None:
        return self._one("fingerprint = ?", project_id, fingerprint)

    def by_session_id(self, project_id: int, session_id: str) -> Session | None:
        return self._one("session_id = ? ORDER BY last_at DESC LIMIT 1", project_id, session_id)

    def listed(self, project_id: int, wanted: Wanted, page: Page) -> list[Session]:
        where, values = _where(project_id, wanted)
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM sessions WHERE {where} ORDER BY last_at DESC, id DESC LIMIT :limit OFFSET :offset",
            {**values, "limit": page.limit, "offset": page.offset},
        )
        return [_session(row) for row in rows.fetchall()]

    def count(self, project_id: int, wanted: Wanted, limit: int) -> int:
        where, values = _where(project_id, wanted)
        counted = f"SELECT count(*) FROM (SELECT 1 FROM sessions WHERE {where} LIMIT :limit)"
        return int(self._execute(counted, {**values, "limit": limit}).fetchone()[0])

    def _one(self, where: str, project_id: int, value: str) -> Session | None:
        row = self._execute(
            f"SELECT {_COLUMNS} FROM sessions WHERE project_id = ? AND {where}", (project_id, value)
        ).fetchone()
        return None if row is None else _session(row)


def _where(project_id: int, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    url = None if wanted.url is None else f"%{wanted.url.translate(_ESCAPED)}%"
    values: dict[str, Any] = {
        "user": wanted.user_id, "least": wanted.least_ms, "since": wanted.since, "until": wanted.until, "url": url,
    }  # fmt: skip
    conditions = {
        "user": "user_id = :user",
        "least": "last_at - first_at >= :least",
        "since": "last_at >= :since",
        "until": "last_at < :until",
        "url": r"urls LIKE :url ESCAPE '\'",
    }
    parts = ["project_id = :project", *(conditions[name] for name, value in values.items() if value is not None)]
    if wanted.has_error is not None:
        parts.append("errors > 0" if wanted.has_error else "errors = 0")
    return " AND ".join(parts), {"project": project_id, **values}


def _session(row: tuple[Any, ...]) -> Session:
    counts, urls, strip = row[-3:]
    origin, width, events = json.loads(strip)
    return Session(
        *(
            *row[:-3],
            {Kind(kind): count for kind, count in json.loads(counts).items()},
            tuple(urls.split("\n")) if urls else (),
            Strip(origin, width, tuple(events)),
        )
    )
