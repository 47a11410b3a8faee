"""The schema, in steps that are applied in order and never changed once released: one module each, with its SQL."""

import sqlite3
from types import ModuleType

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

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
)

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
)

MIGRATIONS = Migrations("seestackd")


def _add(step: ModuleType) -> None:
    def apply(db: Database) -> None:
        for statement in step.SCRIPT.split(";\n"):
            if statement.strip():
                db.execute(statement)

    MIGRATIONS(name=step.__name__.rpartition(".")[2])(apply)


for _step in STEPS:
    _add(_step)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date; safe when several processes start at once.

    Raises sqlite3.Error when a step fails; nothing of the failed run is kept.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        MIGRATIONS.apply(Database(connection, execute_plugins=False))
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
