"""What lists may ask of the store: bounded, indexed reads of many rows, within one project; and the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from seestackd.core.incidents import Incident, OutboxRow
from seestackd.core.monitor import Monitor, SlotEntry, State
from seestackd.core.runs import Run
from seestackd.store.records import AuditEntry, BlindWindow, StoredPing


@dataclass(frozen=True, slots=True)
class Page:
    """`limit` rows after the first `offset`."""

    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class MonitorRow:
    """A monitor with its state and what its last ping said; `incident_uid` names its open incident."""

    monitor: Monitor
    state: State
    last_message: str | None
    incident_uid: str | None


class MonitorBrief(NamedTuple):
    """What a list is filtered and sorted by; `shown` as people see it, `running` while a run is on and all is well."""

    id: int
    slug: str
    name: str
    tags: tuple[str, ...]
    shown: str


@dataclass(frozen=True, slots=True)
class Which:
    """Monitors of a state as people see it (trouble, late, running, paused or ok) and with a tag; None means any."""

    state: str | None = None
    tag: str | None = None


class MonitorLine(NamedTuple):
    """What a table shows of a monitor; `shown` is its status as people see it, `running` 0 or 1."""

    slug: str
    shown: str
    running: int
    schedule: str
    timezone: str
    last_ping_at: int | None
    expected_at: int | None
    last_duration_ms: int | None


class MonitorDetails(NamedTuple):
    """What scripts read of a monitor, as it is stored: `rules`, `channels` and `tags` are JSON."""

    slug: str
    shown: str
    running: int
    schedule: str
    timezone: str
    last_ping_at: int | None
    expected_at: int | None
    last_duration_ms: int | None
    name: str
    uid: str
    rules: str
    channels: str | None
    tags: str
    source: str
    created_at: int
    deadline_at: int | None
    last_ok_at: int | None
    good: int
    bad: int
    paused_until: int | None
    incident_id: int | None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident with uid, slug and name of its monitor, if any."""

    incident: Incident
    monitor: tuple[str, str, str] | None


@dataclass(frozen=True, slots=True)
class Notification:
    """An alert that was sent or given up."""

    row: OutboxRow
    read: bool


class Listings(Protocol):
    def monitors(self, project_id: int, page: Page | None = None, slug: str | None = None) -> list[MonitorRow]:
        """Return the monitors that are not archived, ordered by slug; all of them without a page."""
        ...

    def monitor_briefs(self, project_id: int, at: int) -> list[MonitorBrief]:
        """Return every monitor of a project that is not archived, in no order."""
        ...

    def monitor_lines(self, project_id: int, which: Which, at: int) -> list[MonitorLine]:
        """Return what a table shows of monitors that are not archived, those in trouble first, then by slug."""
        ...

    def monitor_details(self, project_id: int, which: Which, at: int) -> list[MonitorDetails]:
        """Return what scripts read of the monitors that `monitor_lines` names, in its order."""
        ...

    def count_monitors(self, project_id: int, slug: str | None = None) -> int: ...
    def monitor(self, project_id: int, uid: str) -> MonitorRow | None: ...
    def pings_since(self, monitor_id: int, since: int, limit: int) -> list[tuple[int, int, str]]:
        """Return (id, at, kind) of pings that arrived from `since` on, latest arrival first; at most `limit`."""
        ...

    def pings(self, ids: Sequence[int]) -> dict[int, StoredPing]: ...
    def runs(self, monitor_id: int, before: int | None, limit: int) -> list[Run] | None:
        """Return the newest runs first, those before run `before`; None when the monitor has no such run."""
        ...

    def slots(self, monitor_id: int, since: int, until: int, limit: int, outcomes: Sequence[str]) -> list[SlotEntry]:
        """Return entries with `first_at < until` and `last_at >= since`, the newest first; empty outcomes mean all."""
        ...

    def incidents(self, project_id: int, page: Page, state: str, monitor_id: int | None) -> list[IncidentRow]:
        """Return the newest incidents first; `state` is open, closed or all."""
        ...

    def count_incidents(self, project_id: int, state: str, monitor_id: int | None) -> int: ...
    def incident(self, project_id: int, uid: str) -> IncidentRow | None: ...
    def notifications(self, project_id: int, page: Page) -> list[Notification]:
        """Return the newest alerts that were sent or given up first."""
        ...

    def count_notifications(self, project_id: int) -> int: ...
    def count_unread(self, project_id: int, limit: int) -> int: ...
    def notification(self, project_id: int, alert_id: str) -> Notification | None: ...
    def mark_read(self, project_id: int, row_id: int | None, at: int) -> None:
        """Mark one notification as read, or all of the project."""
        ...

    def last_outcomes(self, monitor_ids: Sequence[int], limit: int) -> dict[int, str]:
        """Return the outcomes of the last slots of monitors: their first two letters, newest first."""
        ...

    def count_by_status(self, project_id: int, at: int) -> dict[str, int]:
        """Count monitors by the status that people see at an instant, `running` where nothing is wrong."""
        ...

    def blind_windows(self, page: Page) -> list[BlindWindow]:
        """Return the newest windows first."""
        ...

    def count_blind_windows(self) -> int: ...


class Audit(Protocol):
    def append(self, entry: AuditEntry) -> None:
        """Keep an entry (its `id` is ignored)."""
        ...

    def listed(self, project_id: int, page: Page) -> list[AuditEntry]:
        """Return the newest entries first."""
        ...

    def count(self, project_id: int) -> int: ...
