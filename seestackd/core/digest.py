"""Storms: how many messages a channel gets, and what a digest says of many (semantics.md 8). Instants in ms UTC."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seestackd.core.incidents import AlertKind

WINDOW_MS = 30_000
APART_MS = 60_000
QUIET_MS = 60_000
SINGLES = 2
SHARE = 0.6
# More singles than any channel is granted.
_ALL_SPENT = 1_000_000
FEWEST_FOR_CAUSE = 3
SILENT_MS = 60_000
# Somebody waits for a test, a notice of a dead alert must not wait behind the storm that killed it, and reports of
# a month or a day are no lines in a digest.
OUTSIDE_BUDGET = frozenset(
    {
        AlertKind.TEST,
        AlertKind.DEAD_LETTER,
        AlertKind.RESTORED,
        AlertKind.REFUSED,
        AlertKind.EVICTED,
        AlertKind.REPORT,
    }
)
_SILENT = frozenset({AlertKind.MISSED, AlertKind.OVERRUN})


@dataclass(frozen=True, slots=True)
class Budget:
    """What a channel was sent of late: when its window or the pause after a digest ends, and how many singles."""

    window_ends_at: int | None = None
    singles: int = 0
    last_sent_at: int | None = None


def refreshed(budget: Budget, oldest_due_at: int) -> Budget:
    """Return the budget as it holds for messages the oldest of which came due then: whole after 60 s of quiet."""
    quiet_from = max((budget.last_sent_at or 0) + QUIET_MS, budget.window_ends_at or 0)
    return Budget() if oldest_due_at >= quiet_from else budget


def singles_left(budget: Budget, threshold: int) -> int:
    """Return how many messages may go out on their own now."""
    return max(0, threshold - budget.singles)


def digest_at(budget: Budget, oldest_due_at: int) -> int:
    """Return when those that wait, the oldest of which came due then, are told in a digest.

    A window that ended before they came cannot gather them: they get one of their own.
    """
    ends_at = budget.window_ends_at
    return ends_at if ends_at is not None and oldest_due_at <= ends_at else oldest_due_at + WINDOW_MS


def after_singles(budget: Budget, count: int, at: int) -> Budget:
    """Return the budget once `count` messages went out on their own."""
    ends_at = budget.window_ends_at if budget.window_ends_at is not None else at + WINDOW_MS
    return Budget(ends_at, budget.singles + count, at)


def after_digest(at: int) -> Budget:
    """Return the budget once a digest went out: no single until it has been quiet, no digest for 60 s."""
    return Budget(at + APART_MS, _ALL_SPENT, at)


@dataclass(frozen=True, slots=True)
class Told:
    """What a digest must know of each alert in it: `host` and `last_ping_at` are those of the job's last report."""

    kind: AlertKind
    created_at: int
    monitor_id: int | None = None
    host: str | None = None
    last_ping_at: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """What at least 60 % share: `what` is nobody, host or tag; `last_at` is the newest ping of those that share it."""

    what: str
    name: str | None
    count: int
    of: int
    last_at: int | None

    def as_facts(self) -> dict[str, Any]:
        return {"what": self.what, "name": self.name, "count": self.count, "of": self.of, "last_at": self.last_at}


def common_cause(told: Sequence[Told], last_arrival: int | None) -> Cause | None:
    """Return what most of the troubles in a digest share; `last_arrival` is when any ping at all was last heard."""
    troubles = [one for one in told if one.kind is not AlertKind.RECOVERED and one.monitor_id is not None]
    if len(troubles) < FEWEST_FOR_CAUSE:
        return None
    return _nobody(troubles, last_arrival) or _host(troubles) or _tag(troubles)


def counts(told: Sequence[Told]) -> Mapping[str, int]:
    """Return how many alerts of each kind there are, the most frequent first."""
    return dict(Counter(one.kind.value for one in told).most_common())


def _nobody(troubles: Sequence[Told], last_arrival: int | None) -> Cause | None:
    silent = [one for one in troubles if one.kind in _SILENT]
    if len(silent) < SHARE * len(troubles):
        return None
    if last_arrival is not None and last_arrival > min(one.created_at for one in silent) - SILENT_MS:
        return None
    return Cause("nobody", None, len(silent), len(troubles), last_arrival)


def _host(troubles: Sequence[Told]) -> Cause | None:
    return _shared("host", [(one.host,) if one.host else () for one in troubles], troubles)


def _tag(troubles: Sequence[Told]) -> Cause | None:
    return _shared("tag", [one.tags for one in troubles], troubles)


def _shared(what: str, names: Sequence[tuple[str, ...]], troubles: Sequence[Told]) -> Cause | None:
    most = Counter(name for each in names for name in dict.fromkeys(each)).most_common(1)
    if not most or most[0][1] < SHARE * len(troubles):
        return None
    name, count = most[0]
    sharing = [one for one, own in zip(troubles, names, strict=True) if name in own]
    last = max((one.last_ping_at for one in sharing if one.last_ping_at is not None), default=None)
    return Cause(what, name, count, len(troubles), last)
