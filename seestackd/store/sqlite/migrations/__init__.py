"""The schema, in steps that are applied in order and never changed once released: one module each, with its SQL."""

import sqlite3
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from seestackd.store.sqlite.migrations import (
    m001_first,
    m002_management,
    m003_alert_rules,
    m004_logins,
    m005_public,
    m006_telemetry,
    m007_replay,
    m008_sizes,
    m009_lists,
    m010_spans,
    m011_declared,
    m012_blocks,
)

if TYPE_CHECKING:
    from sqlite_utils import Database

STEPS: tuple[ModuleType, ...] = (
    m001_first,
    m002_management,
    m003_alert_rules,
    m004_logins,
    m005_public,
    m006_telemetry,
    m007_replay,
    m008_sizes,
    m009_lists,
    m010_spans,
    m011_declared,
    m012_blocks,
)

KNOWN = frozenset(step.__name__.rpartition(".")[2] for step in STEPS)
"""The names of all steps."""

_SET = "seestackd"


def applied(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the steps that a database has seen, also of those unknown here. Raises sqlite3.Error."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone() is None:
        return set()
    rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (_SET,))
    return {name for (name,) in rows}


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date; safe when several processes start at once.

    Raises sqlite3.Error when a step fails; nothing of the failed run is kept.
    """
    if not applied(connection) >= KNOWN:
        _apply(connection)


def _apply(connection: sqlite3.Connection) -> None:
    # Imported late: of the packages that it brings no other start has any use.
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(_SET)
    for step in STEPS:
        migrations(name=step.__name__.rpartition(".")[2])(_statements_of(step))
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(Database(connection, execute_plugins=False))
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _statements_of(step: ModuleType) -> Callable[["Database"], None]:
    def apply(db: "Database") -> None:
        for statement in step.SCRIPT.split(";\n"):
            if statement.strip():
                db.execute(statement)

    return apply
