"""Lists of many rows: what triggers have counted is what is there, and pages are those of the whole list."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.store.listings import Page
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.listings import SqliteListings
from seestackd.store.sqlite.migrations import m012_blocks
from tests.stores import new_store

_INCIDENT = (
    "INSERT INTO incidents (id, uid, project_id, subject, kind, severity, began_at, opened_at, closed_at, missed,"
    " escalated, facts) VALUES (:id, :uid, :project, :uid, 'failed', 'critical', 1, 1, :closed, 0, 0, '{}')"
)
_ALERT = (
    "INSERT INTO outbox (id, alert_id, channel, project_id, kind, severity, created_at, attempts, state, facts)"
    " VALUES (:id, :uid, 'ops', :project, 'failed', 'critical', 1, 0, :state, '{}')"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file with 30 incidents, every third open, and 30 alerts, every fifth waiting; those of another project too."""
    new_store(tmp_path / "lists.db").close()
    with closing(sqlite3.connect(tmp_path / "lists.db", isolation_level=None)) as connection:
        for number in range(60):
            # So far apart that they lie in 15 blocks of ids.
            values = {"id": 1 + 1009 * number, "uid": f"{number:04}", "project": 1 + number % 2}
            connection.execute(_INCIDENT, {**values, "closed": None if number % 3 == 0 else 2})
            connection.execute(
                _ALERT, {**values, "state": ("delivered", "dead", "skipped", "superseded", "pending")[number % 5]}
            )
        yield connection


def test_counts_follow_every_change(database: sqlite3.Connection) -> None:
    def true() -> tuple[int, int]:
        told = "state IN ('delivered', 'dead', 'skipped')"
        (counts,) = database.execute(
            "SELECT (SELECT count(*) FROM incidents WHERE project_id = 1),"
            f" (SELECT count(*) FROM outbox WHERE project_id = 1 AND {told})"
        )
        return counts[0], counts[1]

    def known() -> tuple[int, int]:
        listings = _listings(database)
        return listings.count_incidents(1, "all", None), listings.count_notifications(1)

    seen = [true()]
    assert known() == seen[0] == (30, 18)
    for change in (
        "UPDATE outbox SET state = 'delivered' WHERE state = 'pending'",
        "UPDATE outbox SET state = 'dead' WHERE state = 'delivered'",
        "UPDATE outbox SET state = 'pending' WHERE state = 'skipped'",
        "DELETE FROM outbox WHERE id % 4 = 1",
        "DELETE FROM incidents WHERE id % 3 = 0",
        "UPDATE incidents SET closed_at = 3 WHERE closed_at IS NULL",
        "DELETE FROM incidents",
    ):
        database.execute(change)
        assert known() == true()
        seen.append(true())
    assert len(set(seen)) == 5
    database.execute("BEGIN")
    database.execute(_INCIDENT, {"id": None, "uid": "x", "project": 1, "closed": None})
    database.execute("ROLLBACK")
    assert known() == true()


@pytest.mark.parametrize("state", ["open", "closed", "all"])
def test_pages_of_incidents_are_those_of_the_whole_list(database: sqlite3.Connection, state: str) -> None:
    listings = _listings(database)
    whole = [row.incident.uid for row in listings.incidents(1, Page(0, 1000), state, None)]

    assert len(whole) == listings.count_incidents(1, state, None) > 0
    assert whole == sorted(whole, reverse=True)
    for limit in (1, 4, 7):
        for offset in range(0, len(whole) + 9, limit):
            page = listings.incidents(1, Page(offset, limit), state, None)
            assert [row.incident.uid for row in page] == whole[offset : offset + limit]


def test_pages_of_alerts_are_those_of_the_whole_list(database: sqlite3.Connection) -> None:
    listings = _listings(database)
    whole = [row.row.alert.alert_id for row in listings.notifications(1, Page(0, 1000))]

    assert len(whole) == 18
    for offset in range(0, 24, 5):
        page = listings.notifications(1, Page(offset, 5))
        assert [row.row.alert.alert_id for row in page] == whole[offset : offset + 5]


def _listings(database: sqlite3.Connection) -> SqliteListings:
    return SqliteListings(WriteBehind(database))


def test_rows_from_before_the_counts_are_counted_too(database: sqlite3.Connection) -> None:
    kept = database.execute("SELECT * FROM list_blocks").fetchall()
    assert len(kept) > 40
    counting = [part for part in m012_blocks.SCRIPT.split(";\n") if part.startswith("INSERT INTO list_blocks")]
    database.execute("DELETE FROM list_blocks")

    for statement in counting:
        database.execute(statement)

    assert database.execute("SELECT * FROM list_blocks").fetchall() == [row for row in kept if row[3]]
