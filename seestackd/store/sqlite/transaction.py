"""The rows of every noun behind one transaction."""

import sqlite3
from collections.abc import Callable

from seestackd.core.alerts import Routing
from seestackd.store.sqlite.alert_rules import SqliteAlertRules
from seestackd.store.sqlite.audit import SqliteAudit
from seestackd.store.sqlite.behind import WriteBehind
from seestackd.store.sqlite.blind import SqliteBlind
from seestackd.store.sqlite.erasures import SqliteErasures
from seestackd.store.sqlite.figures import SqliteFigures
from seestackd.store.sqlite.incidents import SqliteIncidents
from seestackd.store.sqlite.keys import SqliteKeys, SqliteProjects
from seestackd.store.sqlite.listings import SqliteListings
from seestackd.store.sqlite.logins import SqliteLogins
from seestackd.store.sqlite.maintenance import SqliteMaintenance
from seestackd.store.sqlite.monitors import SqliteMonitors
from seestackd.store.sqlite.outbox import SqliteOutbox
from seestackd.store.sqlite.pings import SqlitePings
from seestackd.store.sqlite.replay import SqliteReplay
from seestackd.store.sqlite.retention import SqliteRetention
from seestackd.store.sqlite.rollups import SqliteRollups
from seestackd.store.sqlite.runs import SqliteRuns, SqliteSlots
from seestackd.store.sqlite.sessions import SqliteSessions
from seestackd.store.sqlite.steady import SqliteSteady
from seestackd.store.sqlite.telemetry import SqliteTelemetry
from seestackd.store.sqlite.told import SqliteTold
from seestackd.store.sqlite.uptime import SqliteUptime


class SqliteTransaction:
    """A `Transaction` over one connection; lives as long as the connection and remembers specs between batches."""

    def __init__(self, connection: sqlite3.Connection, new_id: Callable[[], str]) -> None:
        self.behind = WriteBehind(connection)
        self.new_id = new_id
        self.routing = Routing()
        self.announced: list[object] = []
        self.announce = self.announced.append
        self.telemetry = SqliteTelemetry(self.behind)
        self.incidents = SqliteIncidents(self.behind)
        self.projects = SqliteProjects(self.behind, self._without_project)
        self.keys = SqliteKeys(self.behind, self.announce)
        self.monitors = SqliteMonitors(self.behind, self.announce, self.incidents)
        self.pings = SqlitePings(self.behind)
        self.runs = SqliteRuns(self.behind)
        self.slots = SqliteSlots(self.behind)
        self.steady = SqliteSteady(self.behind, self.monitors, self.pings, self.runs, self.slots)
        self.maintenance = SqliteMaintenance(self.behind)
        self.blind = SqliteBlind(self.behind)
        self.outbox = SqliteOutbox(self.behind, self.announce)
        self.alert_rules = SqliteAlertRules(self.behind, self.announce)
        self.rollups = SqliteRollups(self.behind)
        self.replay = SqliteReplay(self.behind)
        self.sessions = SqliteSessions(self.behind)
        self.logins = SqliteLogins(self.behind)
        self.erasures = SqliteErasures(self.behind)
        self.listings = SqliteListings(self.behind)
        self.audit = SqliteAudit(self.behind)
        self.retention = SqliteRetention(self.behind)
        self.counting = SqliteFigures(self.behind)
        self.told = SqliteTold(self.behind)
        self.uptime = SqliteUptime(self.behind)

    def take_announced(self) -> list[object]:
        """Return what was announced, and begin anew."""
        taken = list(self.announced)
        self.announced.clear()
        return taken

    def forget(self) -> None:
        """Drop what is remembered of rows that a rollback may have undone."""
        self.behind.clear()
        self.projects.forget()
        self.incidents.forget()
        self.outbox.forget()
        self.monitors.forget()
        self.pings.forget()
        self.maintenance.forget()
        self.runs.forget()
        self.slots.forget()
        self.alert_rules.forget()
        self.telemetry.forget()

    def _without_project(self) -> None:
        self.telemetry.forget()
        self.incidents.forget()

    def meta(self, key: str) -> str | None:
        row = self.behind.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        self.behind.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
