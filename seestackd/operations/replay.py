"""Replays of browser sessions: stored as packed batches, read as one stream of events."""

from dataclasses import dataclass

from seestackd.core.replay import ReplayBatch, ReplayEvent
from seestackd.store.interface import Transaction


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
    limit: int = 5000


def store(tx: Transaction, command: StoreReplay, at: int) -> int:
    """Store the batch and return how many events it holds."""
    tx.replay.append(command.project_id, command.fingerprint, command.session_id, at, command.batch)
    return command.batch.count


def events_of(tx: Transaction, command: EventsOf, at: int) -> list[ReplayEvent]:
    """Return the oldest events, oldest first; those without an instant stand where they arrived."""
    return tx.replay.events(command.project_id, command.fingerprint, command.limit)
