"""Sessions of browsers in short: what a list shows, kept with every batch so that it never opens one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seestackd.core.activity import Strip
from seestackd.core.replay import LANES, Kind, ReplayBatch

MAX_URLS = 50
MASKED_IDS = frozenset({"[REDACTED]", "[MASKED]", "[FILTERED]"})
"""What scrubbing clients send instead of a session's id (contract.md 4)."""


@dataclass(frozen=True, slots=True)
class Session:
    """Batches of one fingerprint. Instants in ms UTC: of the browser's clock, `received_at` of ours; `size` in bytes.

    `counts` has the kinds that have a lane; `urls` are those visited, in order, the newest last.
    """

    fingerprint: str
    session_id: str
    first_at: int
    last_at: int
    received_at: int
    events: int = 0
    size: int = 0
    user_id: str | None = None
    counts: Mapping[Kind, int] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    strip: Strip = field(default_factory=Strip)

    @property
    def errors(self) -> int:
        return self.counts.get(Kind.ERROR, 0)

    @property
    def length_ms(self) -> int:
        return self.last_at - self.first_at


def stretch(batch: ReplayBatch, received_at: int) -> tuple[int, int]:
    """Return when a batch's first and last event were; what carries no instant counts from its arrival."""
    instants = [at for at in (batch.first_at, batch.last_at) if at is not None]
    if batch.undated:
        instants.append(received_at)
    return min(instants), max(instants)


def grown(session: Session | None, fingerprint: str, session_id: str, batch: ReplayBatch, received_at: int) -> Session:
    """Return the session with one more batch, in whatever order they arrive."""
    first, last = stretch(batch, received_at)
    if session is None:
        session = Session(fingerprint, session_id, first, last, received_at)
    later = last >= session.last_at
    return replace(
        session,
        session_id=session.session_id if session_id in MASKED_IDS else session_id,
        first_at=min(session.first_at, first),
        last_at=max(session.last_at, last),
        received_at=max(session.received_at, received_at),
        events=session.events + batch.count,
        size=session.size + len(batch.body),
        user_id=batch.user_id or session.user_id,
        counts={lane: session.counts.get(lane, 0) + batch.kinds.get(lane, 0) for lane in LANES},
        urls=_joined(session.urls, batch.urls) if later else _joined(batch.urls, session.urls),
        strip=session.strip.joined(batch.strip).with_events(received_at, batch.undated),
    )


def _joined(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses of both in order; of too many those in the middle go."""
    found = [*dict.fromkeys([*before, *after])]
    if after and found[-1] != after[-1]:
        found.remove(after[-1])
        found.append(after[-1])
    return tuple(found if len(found) <= MAX_URLS else [*found[: MAX_URLS - 1], found[-1]])
