"""What a database has to know when it comes back from a backup (semantics.md 8)."""

from dataclasses import dataclass
from typing import Any

from seestackd.core.alerts import hearers
from seestackd.core.incidents import SEVERITY, Alert, AlertKind, OutboxRow
from seestackd.store.interface import Transaction

NODE = "local"
MAX_NAMED = 50
_ALL = 1_000_000
REASON = "dropped: restored from a backup"


@dataclass(frozen=True, slots=True)
class NoteRestored:
    """A backup takes the database's place; `damage` says what was wrong with that, and `kept` how it is named now."""

    damage: str | None = None
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What was superseded by the restore, and when the backup's daemon was last alive (ms UTC)."""

    dropped: int
    told: tuple[str, ...]
    backup_at: int | None


def note_restored(tx: Transaction, command: NoteRestored, at: int) -> Restored:
    """Supersede the alerts that the backup had yet to send, and tell of them in one notice per channel.

    The default channels hear of all, any other channel of its own: what was pending then may be long over, or told.
    """
    pending = tx.outbox.listed(_ALL, "pending")
    for row in pending:
        tx.outbox.settle(row.id, "superseded", REASON, at)
    alive = tx.blind.alive(NODE)
    backup_at = alive.at if alive is not None else None
    default = tx.routing.default_channels
    severity = SEVERITY[AlertKind.RESTORED]
    channels = tuple(dict.fromkeys((*default, *(row.alert.channel for row in reversed(pending)))))
    told = [h.channel for h in hearers(tx.routing, channels, AlertKind.RESTORED, severity, None, at) if h.told]
    notices = []
    for channel in told:
        rows = pending if channel in default else [row for row in pending if row.alert.channel == channel]
        facts = {"at": at, "backup_at": backup_at, "timezone": tx.routing.timezone, **_named(rows)}
        if command.damage is not None:
            facts |= {"damage": command.damage, "kept": command.kept}
        notices.append(Alert(tx.new_id(), channel, AlertKind.RESTORED, severity, facts))
    tx.outbox.put(notices, at)
    return Restored(len(pending), tuple(told), backup_at)


def _named(rows: list[OutboxRow]) -> dict[str, Any]:
    """Name each alert once, however many channels it was for; rows come newest first."""
    named = {}
    for row in reversed(rows):
        if row.alert.kind is not AlertKind.DIGEST:
            slug = row.alert.facts.get("slug") or "seestackd"
            named[slug, row.alert.kind, row.created_at] = {
                "slug": slug,
                "kind": row.alert.kind.value,
                "since": row.created_at,
            }
    return {"total": len(named), "dropped": list(named.values())[:MAX_NAMED]}
