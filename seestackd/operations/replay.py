"""Replays of browser sessions: stored as packed batches, read as one stream of events."""

from dataclasses import dataclass

from seestackd.core.replay import ReplayBatch, ReplayEvent
from seestackd.core.sessions import Session, grown
from seestackd.store.interface import Transaction
from seestackd.store.listings import Page
from seestackd.store.sessions import Wanted

MAX_COUNTED = 10_000
"""To how many sessions a list counts."""

AT_ONCE = 5_000
"""How many events of a session are read at once (contract.md 6.3)."""


@dataclass(frozen=True, slots=True)
class StoreReplay:
    """A batch of events, masked and packed already (`core.replay.pack`, outside of the writer's thread)."""

    project_id: int
    fingerprint: str
    session_id: str
    batch: ReplayBatch


@dataclass(frozen=True, slots=True)
class EventsOf:
    """The events of a fingerprint, which groups the batches of a session (contract.md 4)."""

    project_id: int
    fingerprint: str
    limit: int = AT_ONCE


@dataclass(frozen=True, slots=True)
class SessionOf:
    """A session, by its fingerprint or else by what it calls itself, with its events after the `skip` oldest."""

    project_id: int
    name: str
    limit: int = AT_ONCE
    skip: int = 0


@dataclass(frozen=True, slots=True)
class ListSessions:
    """A page of the project's sessions."""

    project_id: int
    wanted: Wanted
    page: Page


def store(tx: Transaction, command: StoreReplay, at: int) -> int:
    """Store the batch with its session in short, and return how many events it holds."""
    project, fingerprint, batch = command.project_id, command.fingerprint, command.batch
    tx.replay.append(project, fingerprint, command.session_id, at, batch)
    known = tx.sessions.by_fingerprint(project, fingerprint)
    tx.sessions.grow(project, grown(known, fingerprint, command.session_id, batch, at))
    return command.batch.count


def events_of(tx: Transaction, command: EventsOf, at: int) -> list[ReplayEvent]:
    """Return the oldest events, oldest first; those without an instant stand where they arrived."""
    return tx.replay.events(command.project_id, command.fingerprint, command.limit)


def session_of(tx: Transaction, command: SessionOf, at: int) -> tuple[Session | None, list[ReplayEvent]]:
    """Return a session and its next events. Clients send `[REDACTED]` as its id, so the fingerprint goes first."""
    found = tx.sessions.by_fingerprint(command.project_id, command.name)
    if found is None:
        found = tx.sessions.by_session_id(command.project_id, command.name)
    if found is None:
        return None, []
    return found, tx.replay.events(command.project_id, found.fingerprint, command.limit, command.skip)


def sessions(tx: Transaction, command: ListSessions, at: int) -> tuple[list[Session], int]:
    """Return a page of sessions, the last active first, and how many there are, counting to MAX_COUNTED."""
    found = tx.sessions.listed(command.project_id, command.wanted, command.page)
    return found, tx.sessions.count(command.project_id, command.wanted, MAX_COUNTED)
