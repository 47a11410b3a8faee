"""The contract of a store: what operations may ask of a transaction.

A transaction is used by one thread, sees its own writes, and is committed or rolled back by the runner. Every `load`
returns plain values from `core`; rows of a noun are reached through the attribute of that noun.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from seestackd.core.alerts import Routing
from seestackd.store import nouns
from seestackd.store.alert_rules import AlertRules
from seestackd.store.erasures import Erasures
from seestackd.store.figures import Counting
from seestackd.store.listings import Audit, Listings
from seestackd.store.records import Alive as Alive
from seestackd.store.records import Attempt as Attempt
from seestackd.store.records import AuditEntry as AuditEntry
from seestackd.store.records import BlindWindow as BlindWindow
from seestackd.store.records import Expectation as Expectation
from seestackd.store.records import Key as Key
from seestackd.store.records import LaneHealth as LaneHealth
from seestackd.store.records import Login as Login
from seestackd.store.records import Project as Project
from seestackd.store.records import StoredPing as StoredPing
from seestackd.store.records import Tried as Tried
from seestackd.store.retention import Retention
from seestackd.store.telemetry import Rollups, Telemetry
from seestackd.store.told import Told
from seestackd.store.uptime import Uptime


class Transaction(Protocol):
    """One unit of work. Raises Busy when the store cannot take it."""

    projects: nouns.Projects
    keys: nouns.Keys
    monitors: nouns.Monitors
    pings: nouns.Pings
    runs: nouns.Runs
    slots: nouns.Slots
    steady: nouns.Steady
    maintenance: nouns.Maintenance
    blind: nouns.Blind
    incidents: nouns.Incidents
    outbox: nouns.Outbox
    alert_rules: AlertRules
    telemetry: Telemetry
    rollups: Rollups
    replay: nouns.Replay
    sessions: nouns.Sessions
    logins: nouns.Logins
    erasures: Erasures
    listings: Listings
    audit: Audit
    counting: Counting
    retention: Retention
    told: Told
    uptime: Uptime
    routing: Routing

    def new_id(self) -> str:
        """Return a fresh UUIDv7 of the runner's making."""
        ...

    def announce(self, change: object) -> None:
        """Hand a change to the feed once the transaction is committed."""
        ...

    def meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str) -> None: ...


class StoreBroken(Exception):
    """The database cannot be trusted by this process any more: exit and start anew (architecture.md, crash-only)."""


class BatchLost(Exception):
    """The store has rolled back the whole batch, not only the operation that failed."""


class NeedsCare(Exception):
    """The operation failed after it had written: run the batch again, each operation in a savepoint of its own."""


class Session(Protocol):
    """The one writer of a store; used by one thread at a time."""

    def begin(self, lasting: bool = True) -> None:
        """Open a batch; raises Busy. Unless it is to be `lasting`, its commit leaves the disk to `Store.sync`."""
        ...

    def expect(self, monitors: Iterable[tuple[int, str]]) -> None:
        """Read ahead the monitors that a batch is about, by (project id, slug)."""
        ...

    def attempt(self, work: Any) -> Any:
        """Run `work(transaction)` without a net: an operation rarely fails once it has written.

        Raises what the work raised when it had written nothing, NeedsCare when it had, BatchLost when the batch is
        gone.
        """
        ...

    def attempt_carefully(self, work: Any) -> Any:
        """Run `work(transaction)` so that its failure undoes only itself.

        Raises what the work raised, Busy when storing failed, BatchLost when the batch is gone with it.
        """
        ...

    def flush(self) -> None:
        """Hand the store what operations have left waiting; raises NeedsCare, BatchLost or StoreBroken."""
        ...

    def undo(self) -> None:
        """Take back the batch."""
        ...

    def commit(self) -> list[object]:
        """Commit the batch and return what it announced; raises Busy (nothing kept) or StoreBroken."""
        ...


class Store(Protocol):
    """A database: one writer session and any number of short reads beside it."""

    def writer(self, new_id: Any) -> Session: ...
    def route(self, routing: Routing) -> None:
        """Set who may hear of alerts, for transactions from now on."""
        ...

    def read(self, work: Any) -> Any:
        """Run `work(transaction)` on a read-only snapshot in the calling thread; raises Busy."""
        ...

    def sync(self) -> None:
        """Make durable what was committed by now, in any thread; raises StoreBroken."""
        ...

    def close(self) -> None: ...
