"""Deleting the oldest requests and replays of projects that store too much, a few at a time."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from seestackd.core.retention import Kind
from seestackd.store.retention import Evicted
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.request_rows import SIZE

DELETE = "DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
"""Deletes rows whose numbers are a list in JSON: around every statement others may take the interpreter lock."""

_FORGET_SESSION = """
DELETE FROM sessions WHERE project_id = :project AND fingerprint = :fingerprint AND NOT EXISTS
  (SELECT 1 FROM replay_batches WHERE project_id = :project AND fingerprint = :fingerprint)
"""


@dataclass(frozen=True, slots=True)
class _Table:
    """Where a kind is stored, how many bytes a row `r` counts, and what else of it is needed.

    `counted` is its column of `project_sizes`. A step deletes `rows` and `size` bytes at most, and looks at `looked`
    numbers: other projects have rows between. The newest row stays, for from it the next id is counted;
    requests that no sum holds stay too.
    """

    name: str
    counted: str
    size: str
    more: str
    up_to: str
    rows: int
    most: int
    looked: int


_TABLES = {
    Kind.REQUESTS: _Table(
        "http_requests", "requests", SIZE, "NULL", "(SELECT summed FROM request_progress)", 500, 250_000, 20_000
    ),
    # To delete a blob is to read all of it.
    Kind.REPLAY: _Table(
        "replay_batches",
        "replay",
        "length(r.body)",
        "r.fingerprint",
        "(SELECT max(id) FROM replay_batches)",
        10,
        1_000_000,
        500,
    ),
}


class SqliteEviction:
    """Takes turns among the projects that store too much: the one that stores most is next."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._passed: dict[tuple[Kind, int], int] = {}

    def evict(self, kind: Kind, most: int) -> Evicted | None:
        table = _TABLES[kind]
        over = self._execute(
            f"SELECT project_id, {table.counted} FROM project_sizes WHERE {table.counted} > ?"
            f" ORDER BY {table.counted} DESC LIMIT 1",
            (most,),
        ).fetchone()
        if over is None:
            return None
        project_id, stored = over
        passed = self._passed.get((kind, project_id), 0)
        begin, newest = self._execute(
            f"SELECT (SELECT min(id) FROM {table.name} WHERE id > ?), (SELECT max(id) FROM {table.name})", (passed,)
        ).fetchone()
        if begin is None:
            self._passed.pop((kind, project_id), None)
            return Evicted(project_id, 0, False)
        last = begin - 1 + table.looked
        rows = self._execute(
            f"SELECT id, {table.size}, {table.more} FROM {table.name} r NOT INDEXED WHERE id >= ? AND id <= ?"
            f" AND id < ? AND id <= {table.up_to} AND project_id = ? ORDER BY id LIMIT ?",
            (begin, last, newest, project_id, table.rows),
        ).fetchall()
        gone = list(_enough(rows, min(stored - most, table.most)))
        if gone:
            self._execute(DELETE.format(table=table.name, column="id"), (json.dumps([row_id for row_id, _ in gone]),))
        for fingerprint in {fingerprint for _, fingerprint in gone} - {None}:
            self._execute(_FORGET_SESSION, {"project": project_id, "fingerprint": fingerprint})
        further = last < newest
        # At the end begin anew: a rollback may have put rows back.
        self._passed[kind, project_id] = gone[-1][0] if gone else last if further else 0
        return Evicted(project_id, len(gone), bool(gone) or further)


def _enough(rows: Iterable[tuple[int, int, str | None]], wanted: int) -> Iterable[tuple[int, str | None]]:
    """Yield the first rows that make up so many bytes together."""
    for row_id, size, more in rows:
        yield row_id, more
        wanted -= size
        if wanted <= 0:
            return
