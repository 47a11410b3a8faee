"""Replay batches in SQLite, one zstd blob each (performance.md, batches: rows would stall heartbeats)."""

from seestackd.core.replay import ReplayBatch, ReplayEvent, unpack
from seestackd.core.sessions import stretch
from seestackd.store.sqlite.behind import WriteBehind

_INSERT = (
    "INSERT INTO replay_batches (project_id, fingerprint, session_id, received_at, first_at, last_at, events,"
    " has_error, size, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_BATCHES = (
    "SELECT id, first_at, received_at, last_at, events FROM replay_batches WHERE project_id = ? AND fingerprint = ?"
    " ORDER BY first_at, id"
)


def _instant(event: ReplayEvent) -> int:
    return event.at or 0


class SqliteReplay:
    """The `replay_batches` table."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def append(self, project_id: int, fingerprint: str, session_id: str, received_at: int, batch: ReplayBatch) -> None:
        """Store a batch; what carries no instant counts from its arrival."""
        self._execute(
            _INSERT,
            (project_id, fingerprint, session_id, received_at, *stretch(batch, received_at), batch.count,
             batch.has_error, batch.size, batch.body),
        )  # fmt: skip

    def events(self, project_id: int, fingerprint: str, limit: int, skip: int = 0) -> list[ReplayEvent]:
        """Return `limit` events of all batches of a fingerprint, oldest first, each with its instant.

        The `skip` oldest are left out; batches that hold nothing else are not unpacked.
        """
        found: list[ReplayEvent] = []
        batches = self._execute(_BATCHES, (project_id, fingerprint)).fetchall()
        passed, begin = _passed(batches, skip)
        wanted = limit + skip - passed
        for batch_id, first_at, received_at, *_ in batches[begin:]:
            if len(found) == wanted and first_at > _instant(found[-1]):
                break
            (body,) = self._execute("SELECT body FROM replay_batches WHERE id = ?", (batch_id,)).fetchone()
            found.extend(unpack(body, received_at))
            found.sort(key=_instant)
            del found[wanted:]
        return found[skip - passed :]


def _passed(batches: list[tuple[int, int, int, int, int]], skip: int) -> tuple[int, int]:
    """Return how many of the events to skip are in batches that hold no others, and how many such batches there are."""
    passed = 0
    for number, (*_, last_at, events) in enumerate(batches):
        overlaps = number + 1 < len(batches) and last_at > batches[number + 1][1]
        if overlaps or passed + events > skip:
            return passed, number
        passed += events
    return passed, len(batches)
