"""Who changed what, from where: written in the transaction of the change itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seestackd.store.interface import AuditEntry, Transaction
from seestackd.store.listings import Page


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change: a key or a user by name, and the address it came from."""

    name: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """An operation to run, and what to note of it when it succeeds; `changes` holds JSON values without secrets."""

    operation: Callable[[Transaction, Any, int], Any]
    command: Any
    project_id: int
    actor: Actor
    action: str
    about: str
    changes: Mapping[str, Any] = field(default_factory=dict)


def audited(tx: Transaction, command: Audited, at: int) -> Any:
    """Run the operation and keep who did it; raises what the operation raises, and then keeps nothing."""
    result = command.operation(tx, command.command, at)
    actor = command.actor
    tx.audit.append(
        AuditEntry(
            0, at, command.project_id, actor.name, actor.source, command.action, command.about, dict(command.changes)
        )
    )
    return result


@dataclass(frozen=True, slots=True)
class ListAudit:
    """A page of a project's log."""

    project_id: int
    page: Page


def listed(tx: Transaction, command: ListAudit, at: int) -> tuple[list[AuditEntry], int]:
    """Return the newest entries first, and how many there are."""
    return tx.audit.listed(command.project_id, command.page), tx.audit.count(command.project_id)
