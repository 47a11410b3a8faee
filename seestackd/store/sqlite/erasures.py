"""Erasing in SQLite: overwritten in the pages, overwritten in the free ones, and gone from the write-ahead log."""

import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from seestackd.core.erasure import Erasure, Subject, spellings, told_without, without
from seestackd.store.listings import Page
from seestackd.store.sqlite.behind import WriteBehind

_BATCHES_AT_ONCE = 8
# Table, column, and how many numbers SQLite looks through by itself in a few ms: requests, and what was told of them,
# name paths, and paths name users.
_STAGES = (
    ("http_requests", "path", 20_000),
    ("outbox", "facts", 2_000),
    ("incidents", "facts", 2_000),
    ("request_endpoints", "path", 20_000),
)
_SCRUBBED_AT_ONCE = 256  # pages
_FREE_AGAIN = "DELETE FROM scrubbing WHERE rowid IN (SELECT rowid FROM scrubbing LIMIT 8)"
_COLUMNS = "uid, project_id, subject, value, mark, asked_at, erased_at, rows"
_SESSIONS = {
    Subject.SESSION: "project_id = :project AND (fingerprint = :value OR session_id = :value)",
    Subject.USER: "project_id = :project AND user_id = :value",
}
_NAMES = """
SELECT fingerprint FROM sessions WHERE project_id = :project
UNION SELECT session_id FROM sessions WHERE project_id = :project
UNION SELECT user_id FROM sessions WHERE project_id = :project AND user_id IS NOT NULL
UNION SELECT user_id FROM http_requests WHERE project_id = :project AND user_id IS NOT NULL
"""


class SqliteErasures:
    """The `erasures` table, and what it asks for."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute
        self._fresh = True
        self._wanted = False
        self._emptied = False

    def ask(self, erasure: Erasure) -> None:
        self._execute(
            f"INSERT INTO erasures ({_COLUMNS}, passed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (erasure.uid, erasure.project_id, erasure.subject, erasure.value, erasure.mark, erasure.asked_at,
             erasure.erased_at, erasure.rows),
        )  # fmt: skip

    def waiting(self) -> Erasure | None:
        row = self._execute(
            f"SELECT {_COLUMNS} FROM erasures WHERE erased_at IS NULL AND value IS NOT NULL ORDER BY id LIMIT 1"
        ).fetchone()
        return None if row is None else _erasure(row)

    def known(self, uid: str) -> bool:
        return self._execute("SELECT 1 FROM erasures WHERE uid = ?", (uid,)).fetchone() is not None

    def listed(self, project_id: int, page: Page) -> list[Erasure]:
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM erasures WHERE project_id = ? ORDER BY id DESC LIMIT ? OFFSET ?",
            (project_id, page.limit, page.offset),
        )
        return [_erasure(row) for row in rows.fetchall()]

    def count(self, project_id: int) -> int:
        return int(self._execute("SELECT count(*) FROM erasures WHERE project_id = ?", (project_id,)).fetchone()[0])

    def all(self) -> list[Erasure]:
        return [_erasure(row) for row in self._execute(f"SELECT {_COLUMNS} FROM erasures ORDER BY id").fetchall()]

    def erase_batches(self, erasure: Erasure) -> int:
        where, values = _SESSIONS[erasure.subject], {"project": erasure.project_id, "value": erasure.value}
        self._execute("PRAGMA secure_delete = ON")
        gone = self._execute(
            "DELETE FROM replay_batches WHERE id IN (SELECT id FROM replay_batches WHERE project_id = :project"
            f" AND fingerprint IN (SELECT fingerprint FROM sessions WHERE {where}) LIMIT {_BATCHES_AT_ONCE})",
            values,
        ).rowcount
        if not gone:
            gone = self._execute(f"DELETE FROM sessions WHERE {where}", values).rowcount
        self._note(erasure, gone)
        self._execute("PRAGMA secure_delete = FAST")
        return gone

    def erase_requests(self, erasure: Erasure) -> int:
        stage, passed = self._execute("SELECT stage, passed FROM erasures WHERE uid = ?", (erasure.uid,)).fetchone()
        if stage == len(_STAGES):
            return 0
        table, column, at_once = _STAGES[stage]
        (newest,) = self._execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
        if passed >= newest:
            self._execute("UPDATE erasures SET stage = stage + 1, passed = 0 WHERE uid = ?", (erasure.uid,))
            return 1
        # Numbers below the oldest row are free.
        (oldest,) = self._execute(f"SELECT min(id) FROM {table} WHERE id > ?", (passed,)).fetchone()
        last = min(newest, oldest - 1 + at_once)
        self._execute("PRAGMA secure_delete = ON")
        gone = self._delete_asked_by(erasure, passed, last) if table == "http_requests" else 0
        gone += self._rewrite(table, column, erasure, passed, last)
        self._note(erasure, gone, last)
        self._execute("PRAGMA secure_delete = FAST")
        return int(last - passed)

    def _delete_asked_by(self, erasure: Erasure, passed: int, last: int) -> int:
        return self._execute(
            "DELETE FROM http_requests WHERE id IN (SELECT id FROM http_requests NOT INDEXED"
            " WHERE id > ? AND id <= ? AND project_id = ? AND user_id = ?)",
            (passed, last, erasure.project_id, erasure.value),
        ).rowcount

    def _rewrite(self, table: str, column: str, erasure: Erasure, passed: int, last: int) -> int:
        """Take the user's id out of the paths that a table's next rows tell."""
        name = erasure.value or ""
        facts = column == "facts"
        wanted = [json.dumps(one)[1:-1] for one in spellings(name)] if facts else list(spellings(name))
        rows = self._execute(
            f"SELECT id, {column} FROM {table} NOT INDEXED WHERE id > ? AND id <= ? AND project_id = ?"
            f" AND ({' OR '.join([f'instr({column}, ?)'] * len(wanted))})",
            (passed, last, erasure.project_id, *wanted),
        ).fetchall()
        copy = ", copy = id" if table == "request_endpoints" else ""
        changed = 0
        for row_id, text in rows:
            new = json.dumps(told_without(json.loads(text), name)) if facts else without(text, name)
            if new != text:
                self._execute(f"UPDATE {table} SET {column} = ?{copy} WHERE id = ?", (new, row_id))
                changed += 1
        return changed

    def _note(self, erasure: Erasure, rows: int, passed: int = 0) -> None:
        self._execute(
            "UPDATE erasures SET rows = rows + ?, passed = max(passed, ?) WHERE uid = ?", (rows, passed, erasure.uid)
        )

    def scrub(self) -> int:
        """Fill the free pages with zeros, then free them again; in the first step they are counted."""
        row = self._execute("SELECT value FROM meta WHERE key = 'scrub_left'").fetchone()
        if row is None:
            self._execute("CREATE TABLE IF NOT EXISTS scrubbing (zeros BLOB NOT NULL) STRICT")
            (left,) = self._execute("PRAGMA freelist_count").fetchone()
        else:
            left = int(row[0])
        if left < 0:
            return 0
        pages = min(left, _SCRUBBED_AT_ONCE)
        if pages:
            (size,) = self._execute("PRAGMA page_size").fetchone()
            self._execute("INSERT INTO scrubbing VALUES (zeroblob(?))", (pages * size,))
            left -= pages
        # To drop a table of gigabytes takes the writer a second.
        elif not self._execute(_FREE_AGAIN).rowcount:
            self._execute("DROP TABLE scrubbing")
            left = -1
        self._execute("INSERT OR REPLACE INTO meta VALUES ('scrub_left', ?)", (str(left),))
        return 1

    def log_is_empty(self) -> bool:
        if not self._emptied:
            # A process that has just opened the file may find the work done.
            (path,) = (row[2] for row in self._execute("PRAGMA database_list").fetchall() if row[1] == "main")
            self._emptied = self._fresh and not _size(f"{path}-wal")
        emptied, self._emptied, self._fresh = self._emptied, False, False
        self._wanted = not emptied
        return emptied

    @property
    def wants_empty_log(self) -> bool:
        """Whether a step wished that the write-ahead log be emptied after its commit."""
        return self._wanted

    def after_commit(self) -> None:
        """Empty the write-ahead log; a reader at work puts that off."""
        self._wanted = False
        self._execute("PRAGMA busy_timeout = 0")
        busy, *_ = self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._execute("PRAGMA busy_timeout = 5000")
        self._emptied = not busy

    def forget(self, erasure: Erasure) -> None:
        self._execute("PRAGMA secure_delete = ON")
        self._execute("UPDATE erasures SET value = NULL WHERE uid = ?", (erasure.uid,))
        self._execute("PRAGMA secure_delete = FAST")
        self._execute("DELETE FROM meta WHERE key = 'scrub_left'")

    def unclean(self) -> bool:
        return self._execute("SELECT 1 FROM erasures WHERE erased_at IS NULL LIMIT 1").fetchone() is not None

    def done(self, at: int) -> None:
        self._execute("UPDATE erasures SET erased_at = ? WHERE erased_at IS NULL AND value IS NULL", (at,))
        self._execute("DELETE FROM meta WHERE key = 'scrub_left'")

    def names(self, project_id: int) -> list[str]:
        paths = self._execute("SELECT path FROM request_endpoints WHERE project_id = ?", (project_id,)).fetchall()
        parts = {unquote(part) for (path,) in paths for part in path.split("/")}
        return [*(row[0] for row in self._execute(_NAMES, {"project": project_id}).fetchall()), *sorted(parts)]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _erasure(row: Sequence[Any]) -> Erasure:
    uid, project_id, subject, *rest = row
    return Erasure(uid, project_id, Subject(subject), *rest)
