"""The contract of a store: what operations may ask of a transaction.

A transaction is used by one thread, sees its own writes, and is committed or rolled back by the runner. Every `load`
returns plain values from `core`; rows of a noun are reached through the attribute of that noun.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from seestackd.core.alerts import Routing
from seestackd.core.incidents import Alert, AlertKind, Incident, OutboxRow
from seestackd.core.maintenance import Window
from seestackd.core.monitor import Monitor, NewMonitor, SlotEntry, State
from seestackd.core.pings import Ping
from seestackd.core.replay import ReplayBatch, ReplayEvent
from seestackd.core.runs import Run
from seestackd.core.telemetry import HttpRequest
from seestackd.store.records import Alive as Alive
from seestackd.store.records import Attempt as Attempt
from seestackd.store.records import BlindWindow as BlindWindow
from seestackd.store.records import Key as Key
from seestackd.store.records import LaneHealth as LaneHealth
from seestackd.store.records import Project as Project
from seestackd.store.records import StoredPing as StoredPing
from seestackd.store.records import Tried as Tried


class Projects(Protocol):
    def create(self, slug: str, name: str, uid: str, at: int) -> Project: ...
    def by_slug(self, slug: str) -> Project | None: ...
    def all(self) -> list[Project]: ...


class Keys(Protocol):
    def create(self, key: Key) -> Key:
        """Store a key (its `id` is ignored); raises Conflict when the hash exists."""
        ...

    def all(self) -> list[Key]: ...
    def revoke(self, key_id: int, at: int) -> None: ...
    def touch(self, uses: Iterable[tuple[int, int, str | None]]) -> None:
        """Record (key id, last used at, from where)."""
        ...


class Monitors(Protocol):
    def create(self, project_id: int, new: NewMonitor, uid: str, ping_id: str, at: int) -> Monitor:
        """Store a monitor without state; raises Conflict when the slug is taken in the project."""
        ...

    def update(self, monitor: Monitor, at: int) -> Monitor:
        """Store the changed rules and add one to the version."""
        ...

    def by_slug(self, project_id: int, slug: str) -> Monitor | None: ...
    def by_ping_id(self, ping_id: str) -> Monitor | None: ...
    def by_id(self, monitor_id: int) -> Monitor | None: ...
    def in_project(self, project_id: int, archived: bool = False) -> list[Monitor]: ...
    def count(self, project_id: int, created_since: int, source: str | None = None) -> int: ...
    def load_state(self, monitor_id: int, for_update: bool = True) -> State: ...
    def save_state(self, monitor_id: int, state: State, previous: State | None) -> None:
        """Store the state; announces an earlier deadline."""
        ...

    def remove(self, monitor_id: int) -> None:
        """Delete the monitor with all that is stored of it."""
        ...

    def due(self, until: int, limit: int) -> tuple[list[int], bool]:
        """Return ids of monitors whose deadline is not later than `until`, longest overdue first.

        The second value tells whether to ask again. At most `limit` rows are looked at.
        """
        ...

    def rearm(self, monitor_id: int, wake_at: int | None) -> None:
        """Have the judge look at the monitor again at `wake_at`, which may not be later than its deadline."""
        ...

    def next_wake(self) -> int | None: ...
    def states(self, project_id: int) -> dict[int, State]: ...
    def troubled(self, project_id: int, besides: int, limit: int) -> list[tuple[Monitor, State]]:
        """Return monitors with an open incident, the newest trouble first."""
        ...


class Pings(Protocol):
    def append(self, monitor_id: int, ping: Ping, run_id: int | None, prev: int | None, note: str | None) -> int: ...
    def latest(self, monitor_id: int, limit: int) -> list[StoredPing]: ...
    def last_arrival(self) -> int | None:
        """Return when the newest ping of all arrived."""
        ...

    def output(self, ping_id: int) -> str | None: ...
    def seen(self, project_id: int, slug: str, kind: str, key: str) -> int | None: ...
    def remember(self, project_id: int, slug: str, kind: str, key: str, ping_id: int, at: int) -> None: ...
    def forget_keys(self, before: int, limit: int) -> int: ...


class Runs(Protocol):
    def open(self, run: Run, prev: int | None) -> None:
        """Append a run under its id; `prev` is the monitor's run before it."""
        ...

    def next_id(self) -> int:
        """Return the id that the next run shall have."""
        ...

    def close(self, run: Run) -> None: ...
    def by_id(self, run_id: int) -> Run | None: ...
    def latest(self, monitor_id: int, limit: int) -> list[Run]:
        """Return the newest runs first."""
        ...


class Slots(Protocol):
    def covering(self, monitor_id: int, slot: int) -> SlotEntry | None:
        """Return the entry whose stretch holds `slot`."""
        ...

    def stretches(self, monitor_id: int, after: int, until: int) -> tuple[tuple[int, int], ...]:
        """Return (first, last) of the entries that touch `after < slot <= until`, oldest first."""
        ...

    def put(self, monitor_id: int, entry: SlotEntry) -> None:
        """Write the entry, in place of one that begins at the same slot."""
        ...

    def remove(self, monitor_id: int, first_at: int) -> None: ...
    def latest(self, monitor_id: int, limit: int) -> list[SlotEntry]:
        """Return the newest entries first."""
        ...


class Maintenance(Protocol):
    def create(self, project_id: int, window: Window, at: int) -> Window:
        """Store a window (its `id` is ignored)."""
        ...

    def remove(self, window_id: int, at: int) -> None: ...
    def in_project(self, project_id: int) -> list[Window]: ...
    def concerning(self, monitor: Monitor) -> Sequence[Window]:
        """Return the windows that cover the monitor."""
        ...


class Blind(Protocol):
    def open(self, started_at: int, ended_at: int, cause: str) -> BlindWindow: ...
    def since(self, since: int) -> list[BlindWindow]:
        """Return the blind windows that end after `since`, oldest first."""
        ...

    def blame(self, started_at: int, slug: str) -> None:
        """Count a run that ended unknown on the window that began at `started_at`."""
        ...

    def recent(self, limit: int) -> list[BlindWindow]:
        """Return the newest windows first."""
        ...

    def noticed(self, window_id: int, at: int) -> None: ...
    def record_step(self, at: int, step_ms: int) -> None: ...
    def alive(self, node: str) -> Alive | None: ...
    def stamp(self, node: str, alive: Alive) -> None: ...


class Incidents(Protocol):
    def open(self, incident: Incident) -> Incident: ...
    def update(self, incident: Incident) -> None: ...
    def by_id(self, incident_id: int) -> Incident | None: ...
    def open_for(self, subject: str) -> Incident | None: ...
    def listed(self, *, open_only: bool, limit: int, monitor_id: int | None = None) -> list[Incident]: ...
    def opened_since(self, monitor_id: int, since: int) -> int: ...
    def due(self, until: int, limit: int) -> list[Incident]: ...
    def next_action(self) -> int | None: ...
    def shift(self, step_ms: int) -> None:
        """Move what is waited for with a step of the clock."""
        ...


class Outbox(Protocol):
    def put(self, alerts: Sequence[Alert], at: int) -> list[int]:
        """Write one row per alert, due at its `next_attempt_at` or else at once; announces the channels.

        Returns the ids of the rows in the order of the alerts.
        """
        ...

    def claim(self, channel: str, owner: str, at: int, expires_at: int) -> bool:
        """Take or renew the channel's lane for `owner`; False while another owner's claim has not expired."""
        ...

    def holds(self, channel: str, owner: str) -> bool:
        """Return whether the lane is claimed by `owner`, expired or not: nobody has taken it since."""
        ...

    def release(self, channel: str, owner: str) -> None: ...
    def void_claims(self) -> int:
        """Free every lane, for a start that knows that no other owner lives; returns how many were claimed."""
        ...

    def due(self, channel: str, at: int, limit: int) -> list[OutboxRow]:
        """Return due rows, longest due first; only the oldest pending row of a monitor can be among them."""
        ...

    def next_due(self, channel: str) -> int | None:
        """Return the earliest next attempt of the rows that wait for nothing but time."""
        ...

    def waiting_channels(self) -> list[str]:
        """Return the channels with pending rows."""
        ...

    def by_id(self, row_id: int) -> OutboxRow | None: ...
    def settle(self, row_id: int, state: str, result: str, at: int) -> None: ...
    def postpone(self, row_id: int, next_attempt_at: int, result: str) -> None: ...
    def record_attempt(self, row_id: int, attempt: Attempt) -> None:
        """Keep one attempt and count it on its row."""
        ...

    def attempts_of(self, row_id: int, limit: int) -> list[Attempt]:
        """Return the newest attempts of a row, oldest first."""
        ...

    def tried(self, row_id: int) -> Tried:
        """Return the attempts of a row in short; it has at least one."""
        ...

    def health(self, channel: str) -> LaneHealth: ...
    def fail_lane(self, channel: str, at: int, probe_at: int) -> None:
        """Note that the channel took a message not; the lane has been claimed before."""
        ...

    def mend_lane(self, channel: str, at: int) -> None:
        """Note that the channel takes messages; rows that failed before are due at once."""
        ...

    def oldest_failed(self, channel: str) -> OutboxRow | None:
        """Return the oldest pending row that was tried before."""
        ...

    def overtaken(self, channel: str) -> list[int]:
        """Return pending rows of incidents whose recovery waits behind them."""
        ...

    def hand_over(self, row_id: int, at: int) -> bool:
        """Note that the fallback channel gets the row's message; False when it has got it already."""
        ...

    def pending_for(self, incident_id: int, channel: str | None = None) -> list[OutboxRow]: ...
    def listed(self, limit: int, state: str | None = None) -> list[OutboxRow]:
        """Return the newest rows first."""
        ...

    def addressed(self, incident_id: int) -> list[str]:
        """Return the channels for which an alert of the incident was written and not superseded."""
        ...

    def told(self, incident_id: int, channel: str, kind: AlertKind | None = None) -> bool:
        """Return whether the channel was told anything of the incident, or this kind of alert."""
        ...

    def shift(self, step_ms: int) -> None:
        """Move next attempts and claims with a step of the clock."""
        ...


class Telemetry(Protocol):
    def append(self, project_id: int, rows: Sequence[HttpRequest]) -> None: ...
    def between(self, project_id: int, since: int, until: int, limit: int) -> list[HttpRequest]:
        """Return requests of `since <= at < until`, the newest first."""
        ...

    def by_trace(self, project_id: int, trace_id: str, limit: int) -> list[HttpRequest]:
        """Return the requests of one trace, the oldest first."""
        ...


class Replay(Protocol):
    def append(
        self, project_id: int, fingerprint: str, session_id: str, received_at: int, batch: ReplayBatch
    ) -> None: ...
    def events(self, project_id: int, fingerprint: str, limit: int) -> list[ReplayEvent]:
        """Return the oldest events of all batches of a fingerprint, oldest first."""
        ...


class Transaction(Protocol):
    """One unit of work. Raises Busy when the store cannot take it."""

    projects: Projects
    keys: Keys
    monitors: Monitors
    pings: Pings
    runs: Runs
    slots: Slots
    maintenance: Maintenance
    blind: Blind
    incidents: Incidents
    outbox: Outbox
    telemetry: Telemetry
    replay: Replay
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

    def begin(self) -> None:
        """Open a batch; raises Busy."""
        ...

    def attempt(self, work: Any) -> Any:
        """Run `work(transaction)` without a net: an operation rarely fails once it has written.

        Raises what the work raised when it had written nothing, NeedsCare when it had, BatchLost when the batch is gone.
        """
        ...

    def attempt_carefully(self, work: Any) -> Any:
        """Run `work(transaction)` so that its failure undoes only itself.

        Raises what the work raised, Busy when storing failed, BatchLost when the batch is gone with it.
        """
        ...

    def undo(self) -> None:
        """Take back the batch."""
        ...

    def commit(self) -> list[object]:
        """Make the batch durable and return what it announced; raises Busy (nothing kept) or StoreBroken."""
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

    def close(self) -> None: ...
