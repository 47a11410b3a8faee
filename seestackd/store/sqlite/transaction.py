"""The rows of every noun behind one transaction."""

import sqlite3
from collections.abc import Callable

from seestackd.core.alerts import Routing
from seestackd.store.sqlite.audit import SqliteAudit
from seestackd.store.sqlite.blind import SqliteBlind
from seestackd.store.sqlite.incidents import SqliteIncidents
from seestackd.store.sqlite.keys import SqliteKeys, SqliteProjects
from seestackd.store.sqlite.listings import SqliteListings
from seestackd.store.sqlite.maintenance import SqliteMaintenance
from seestackd.store.sqlite.monitors import SqliteMonitors
from seestackd.store.sqlite.outbox import SqliteOutbox
from seestackd.store.sqlite.pings import SqlitePings
from seestackd.store.sqlite.replay import SqliteReplay
from seestackd.store.sqlite.runs import SqliteRuns, SqliteSlots
from seestackd.store.sqlite.telemetry import SqliteTelemetry


class SqliteTransaction:
    """A `Transaction` over one connection; lives as long as the connection and remembers specs between batches."""

    def __init__(self, connection: sqlite3.Connection, new_id: Callable[[], str]) -> None:
        self._connection = connection
        self.new_id = new_id
        self.routing = Routing()
        self.announced: list[object] = []
        self.announce = self.announced.append
        self.projects = SqliteProjects(connection)
        self.keys = SqliteKeys(connection, self.announce)
        self.monitors = SqliteMonitors(connection, self.announce)
        self.pings = SqlitePings(connection)
        self.runs = SqliteRuns(connection)
        self.slots = SqliteSlots(connection)
        self.maintenance = SqliteMaintenance(connection)
        self.blind = SqliteBlind(connection)
        self.incidents = SqliteIncidents(connection)
        self.outbox = SqliteOutbox(connection, self.announce)
        self.telemetry = SqliteTelemetry(connection)
        self.replay = SqliteReplay(connection)
        self.listings = SqliteListings(connection)
        self.audit = SqliteAudit(connection)

    def take_announced(self) -> list[object]:
        """Return what was announced, and begin anew."""
        taken = list(self.announced)
        self.announced.clear()
        return taken

    def forget(self) -> None:
        """Drop what is remembered of rows that a rollback may have undone."""
        self.monitors.forget()
        self.maintenance.forget()
        self.runs.forget()

    def meta(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        self._connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
