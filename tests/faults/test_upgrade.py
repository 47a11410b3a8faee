"""Databases of other releases: an older one loses nothing, a newer one is still served."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from seestackd.store.sqlite.connection import SqliteStore
from seestackd.store.sqlite.migrations import STEPS
from tests.faults.traffic import placed
from tests.journeys.daemon import wait_for

FIRST_RELEASE = 2


def of_the_first_release(file: Path) -> None:
    """Make a database with the first two steps of the schema alone."""
    steps = Migrations("seestackd")
    for step in STEPS[:FIRST_RELEASE]:

        def apply(db: Database, script: str = step.SCRIPT) -> None:
            for statement in script.split(";\n"):
                if statement.strip():
                    db.execute(statement)

        steps(name=step.__name__.rpartition(".")[2])(apply)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        steps.apply(Database(connection, execute_plugins=False))
        connection.commit()
    file.chmod(0o600)


def rows(file: Path) -> dict[str, list[dict[str, object]]]:
    """Return every row of every table by name."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
            for name in names
            if not name.startswith(("_", "sqlite_"))
        }


def copied(source: Path, target: Path) -> None:
    """Copy what both have tables and columns for; later steps have left their marks in `meta`."""
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("ATTACH ? AS source", (str(source),))
        tables = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
        for table in sorted(name for name in tables if not name.startswith(("_", "sqlite_", "meta"))):
            ours = [row[1] for row in connection.execute(f'PRAGMA main.table_info("{table}")')]
            theirs = {row[1] for row in connection.execute(f'PRAGMA source.table_info("{table}")')}
            names = ", ".join(f'"{name}"' for name in ours if name in theirs)
            connection.execute(f'INSERT INTO main."{table}" ({names}) SELECT {names} FROM source."{table}"')


def test_a_database_of_the_first_release_loses_nothing(tmp_path: Path) -> None:
    with placed(tmp_path) as place:
        daemon = place.start()
        for number in range(20):
            assert wait_for(lambda n=number: place.report(str(n))[0] == 202, 20, "a ping to be taken")
        daemon.kill()
        old = tmp_path / "old.db"
        of_the_first_release(old)
        copied(place.database, old)
    before = rows(old)

    SqliteStore.open(old).close()

    after = rows(old)
    assert len(before["pings"]) == 20
    for table, kept in before.items():
        now = [{name: row[name] for name in kept[0]} for row in after[table]] if kept else []
        assert [row for row in kept if row not in now] == [], table


def test_a_database_of_a_newer_release_is_still_served(tmp_path: Path) -> None:
    with placed(tmp_path) as place:
        with closing(sqlite3.connect(place.database)) as newer, newer:
            newer.execute("CREATE TABLE of_tomorrow (id INTEGER PRIMARY KEY) STRICT")
            newer.execute("ALTER TABLE monitors ADD COLUMN of_tomorrow TEXT")
            newer.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('seestackd', 'm999', '2030')"
            )
        place.start()

        assert wait_for(lambda: place.report("first")[0] == 202, 20, "a ping to be taken")
