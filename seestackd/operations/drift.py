"""Where what is declared and what reports differ: jobs that never report, and reports that nobody declared."""

import json
import re
from dataclasses import dataclass

from seestackd.core.monitor import Monitor, State, Status
from seestackd.operations.creation import BY_PING
from seestackd.store.interface import Transaction

MAX_STRANGERS = 100
_SLUG = re.compile(r"[a-z0-9-]{1,100}")
_STRANGERS = "strangers:{}"
# One write for every ping of a stranger would let it keep the disk busy.
NOTED_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Stranger:
    """A slug that pings came for though the project has no such monitor; instants in ms UTC."""

    slug: str
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Drift:
    """Watched monitors that never reported or are silent now, those that a ping made, and slugs without a monitor."""

    never: tuple[Monitor, ...]
    silent: tuple[tuple[Monitor, State], ...]
    made_by_ping: tuple[Monitor, ...]
    strangers: tuple[Stranger, ...]


def note_stranger(tx: Transaction, project_id: int, slug: str, at: int) -> None:
    """Remember that a ping came for a slug without a monitor; the newest 100 are."""
    if not _SLUG.fullmatch(slug):
        return
    known = _known(tx, project_id)
    before = known.get(slug)
    if before is not None and 0 <= at - before[1] < NOTED_EVERY_MS:
        return
    known[slug] = (before[0] if before else at, at)
    kept = sorted(known.items(), key=lambda each: each[1][1])[-MAX_STRANGERS:]
    tx.set_meta(_STRANGERS.format(project_id), json.dumps(dict(kept)))


def drift(tx: Transaction, project_id: int, at: int) -> Drift:
    """Compare the monitors of a project with what reports."""
    found = tx.monitors.adrift(project_id, BY_PING)
    watched = [(monitor, state) for monitor, state in found if state.status is not Status.PAUSED]
    strangers = [
        Stranger(slug, first_at, last_at)
        for slug, (first_at, last_at) in _known(tx, project_id).items()
        if (monitor := tx.monitors.by_slug(project_id, slug)) is None or monitor.archived_at is not None
    ]
    return Drift(
        never=tuple(monitor for monitor, state in watched if state.last_ping_at is None),
        silent=tuple(
            (monitor, state)
            for monitor, state in watched
            if state.last_ping_at is not None and state.status is Status.MISSED
        ),
        made_by_ping=tuple(monitor for monitor, _ in found if monitor.source == BY_PING),
        strangers=tuple(sorted(strangers, key=lambda stranger: -stranger.last_at)),
    )


def _known(tx: Transaction, project_id: int) -> dict[str, tuple[int, int]]:
    return {slug: tuple(when) for slug, when in json.loads(tx.meta(_STRANGERS.format(project_id)) or "{}").items()}
