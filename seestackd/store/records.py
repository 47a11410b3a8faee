"""What a store keeps besides the values of `core`: plain rows, without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seestackd.core.pings import Ping


@dataclass(frozen=True, slots=True)
class Project:
    """A group of monitors and keys."""

    id: int
    uid: str
    slug: str
    name: str
    created_at: int
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key; `hash` is SHA-256 in hex, `prefix` its first characters; the `secret` is kept only for scope ping."""

    id: int
    uid: str
    project_id: int
    name: str
    scope: str
    hash: str
    prefix: str
    created_at: int
    secret: str | None = None
    environment: str | None = None
    last_used_at: int | None = None
    last_used_from: str | None = None
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a monitor waits for, by the text of its schedule; instants in ms UTC."""

    monitor_id: int
    schedule: str
    timezone: str
    expected_at: int | None
    newest_slot: int | None


@dataclass(frozen=True, slots=True)
class StoredPing:
    """One ping as stored; `note` says why it changed nothing, where it did not."""

    id: int
    monitor_id: int
    run_id: int | None
    ping: Ping
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send an outbox row; `result` is delivered or failed, `status` the HTTP status where there was one."""

    at: int
    duration_ms: int
    result: str
    error: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class BlindWindow:
    """A stretch in which a ping could not have been heard; `slugs` are some of the monitors with an unknown run."""

    id: int
    started_at: int
    ended_at: int
    cause: str
    unknown: int = 0
    slugs: tuple[str, ...] = ()
    noticed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Alive:
    """The last "I hear": wall clock, milliseconds since boot, and which boot."""

    at: int
    boot_at: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class LaneHealth:
    """Since when a channel has taken nothing, and when its oldest row is tried as a probe (None: it is not failing)."""

    failing_since: int | None = None
    probe_at: int | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """The attempts of a row in short: how many, when the first, and the last three HTTP statuses, oldest first."""

    count: int
    first_at: int
    statuses: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody logged in to the dashboard; `hash` is the SHA-256 of the session's secret, in hex."""

    hash: str
    created_at: int
    seen_at: int
    source: str | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who (`actor`, from the address `source`) did what to which object; `changes` holds JSON values, no secret."""

    id: int
    at: int
    project_id: int
    actor: str
    source: str | None
    action: str
    about: str
    changes: Mapping[str, Any]
