"""No page and no list of the API reads a whole table: SQLite's own plan of every statement is looked at."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bench import queries
from seestackd.core.alerts import Routing
from seestackd.core.keys import Scope, make_secret
from seestackd.core.pings import PingKind
from seestackd.operations import keys, telemetry
from seestackd.operations.pings import RecordPing, record
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.store.sqlite.transaction import SqliteTransaction
from tests.pages.conftest import House, house
from tests.pages.test_sessions import event
from tests.pages.test_sessions import store as store_replay
from tests.pages.test_telemetry import TRACE, request

SECRET = make_secret(b"a key for lists " * 2)

# What may be read from end to end: a few rows, whatever is stored; of alerts and incidents what waits or is open.
SHORT = {"projects", "keys", "alert_rules", "maintenance", "blind_windows", "request_progress"}
OPEN = {"outbox_dead", "outbox_due", "incidents_open"}
# The statuses of all monitors are counted for the settings page alone.
COUNTED = {"monitors"}
_SCAN = re.compile(r"^SCAN (?:TABLE )?(\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_NEWEST = re.compile(r"FROM (\w+) ORDER BY id DESC LIMIT \d+\)")
_NAMED = re.compile(
    r"\b(?:FROM|JOIN)\s+(\w+)(?:\s+(?:AS\s+)?(?!ON\b|WHERE\b|CROSS\b|JOIN\b|INDEXED\b|NOT\b)(\w+))?", re.IGNORECASE
)

statements: list[str] = []


class Watched(SqliteStore):
    """A store that tells which statements its reads run."""

    def read(self, work: Callable[[SqliteTransaction], Any]) -> Any:
        self._reader().set_trace_callback(statements.append)
        return super().read(work)


def scanned(db: sqlite3.Connection, statement: str) -> set[str]:
    """The stored tables that the statement walks through."""
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    aliases = {alias or name: name for name, alias in _NAMED.findall(statement)}
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    walks = [match for line in plan if (match := _SCAN.match(line)) and match[2] not in OPEN]
    return {aliases.get(match[1], match[1]) for match in walks} & tables - set(_NEWEST.findall(statement))


async def lived_in(running: House) -> None:
    """Let a bit of everything happen."""
    running.runner.route(Routing(default_channels=("ops",)))
    await running.runner.run(keys.create, keys.CreateKey(running.project_id, "lists", Scope.ADMIN, SECRET))
    for kind in (PingKind.SUCCESS, PingKind.FAILED):
        await running.runner.run(record, RecordPing(running.project_id, "nightly", kind))
    requests = (request(user_id="u_77"), request(500, outbound=True))
    await running.runner.run(telemetry.store, telemetry.StoreRequests(running.project_id, requests))
    await store_replay(running, "fp-1", event(0))


async def asked(running: House, path: str, monitor_id: str) -> list[str]:
    """Ask for a page and return what the database was asked for it."""
    filled = path.format(slug="nightly", id=monitor_id, incident=1, trace=TRACE)
    statements.clear()
    page = await running.get(filled, **({"Authorization": f"Bearer {SECRET}"} if "/api/" in path else {}))
    assert page.status == 200, (filled, page.text[:500])
    return [statement for statement in statements if statement.lstrip().upper().startswith(("SELECT", "WITH"))]


async def test_no_page_and_no_list_walks_through_a_table(tmp_path: Path) -> None:
    async with house(tmp_path, kind=Watched) as running:
        await lived_in(running)
        (nightly,) = await running.runner.read(lambda tx, _, at: tx.monitors.in_project(running.project_id), None)
        walked: dict[str, dict[str, set[str]]] = {}
        with closing(sqlite3.connect(tmp_path / "seestackd.db")) as db:
            for path in (*queries.PAGES, *queries.QUERIES):
                found = await asked(running, path, nightly.uid)
                assert found, path
                short = SHORT | COUNTED if path == "/settings" else SHORT
                tables = {statement: scanned(db, statement) - short for statement in found}
                walked[path] = {statement: names for statement, names in tables.items() if names}
        assert {path: found for path, found in walked.items() if found} == {}


def test_a_walk_is_noticed_whatever_the_table_is_called(tmp_path: Path) -> None:
    with closing(SqliteStore.open(tmp_path / "seestackd.db")):
        pass
    with closing(sqlite3.connect(tmp_path / "seestackd.db")) as db:
        assert scanned(db, "SELECT count(*) FROM pings AS p WHERE p.kind = 'failed'") == {"pings"}
        assert scanned(db, "SELECT id FROM runs ORDER BY started_at") == {"runs"}
        assert scanned(db, "SELECT id FROM runs WHERE id = 7") == set()
