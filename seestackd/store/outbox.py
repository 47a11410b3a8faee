"""What operations may ask of the outbox: alerts, the lanes of their channels, digests."""

from collections.abc import Sequence
from typing import Protocol

from seestackd.core.digest import Budget, Told
from seestackd.core.incidents import Alert, AlertKind, Facts, OutboxRow, Severity
from seestackd.store.records import Attempt, LaneHealth, Tried


class Lanes(Protocol):
    def claim(self, channel: str, owner: str, at: int, expires_at: int) -> bool:
        """Take or renew the channel's lane for `owner`; False while another owner's claim has not expired."""
        ...

    def holds(self, channel: str, owner: str) -> bool:
        """Return whether the lane is claimed by `owner`, expired or not: nobody has taken it since."""
        ...

    def release(self, channel: str, owner: str) -> None: ...
    def void_claims(self) -> int:
        """Free every lane, for a start that knows that no other owner lives; returns how many were claimed."""
        ...

    def health(self, channel: str) -> LaneHealth: ...
    def fail(self, channel: str, at: int, probe_at: int) -> None:
        """Note that the channel took a message not; the lane has been claimed before."""
        ...

    def mend(self, channel: str, at: int) -> None:
        """Note that the channel takes messages; rows that failed before are due at once."""
        ...

    def budget(self, channel: str) -> Budget: ...
    def spend(self, channel: str, budget: Budget) -> None:
        """Keep what is left of the budget; the lane has been claimed before."""
        ...


class Digests(Protocol):
    def gather(self, channel: str, digest_id: int, at: int) -> int:
        """Let a digest tell every due row that nothing else tells, in order; returns how many.

        Undelivered digests among them are superseded, and what they told is told by this one.
        """
        ...

    def describe(self, digest_id: int, severity: Severity, facts: Facts) -> None:
        """Set what the digest says."""
        ...

    def members(self, digest_id: int) -> list[Told]:
        """Return what is known of each alert that the digest tells, oldest first."""
        ...

    def first_members(self, digest_id: int, limit: int) -> list[OutboxRow]:
        """Return the alerts to name: troubles first, then the oldest."""
        ...

    def settle(self, digest_id: int, state: str, result: str, at: int) -> None:
        """End every alert that the digest tells."""
        ...

    def acknowledge(self, digest_id: int, at: int) -> None:
        """Acknowledge the dead alerts that the digest tells."""
        ...


class Outbox(Protocol):
    lanes: Lanes
    digests: Digests

    def put(self, alerts: Sequence[Alert], at: int) -> list[int]:
        """Write one row per alert, due at its `next_attempt_at` or else at once; announces the channels.

        Returns the ids of the rows in the order of the alerts.
        """
        ...

    def tell_alone(self, row_ids: Sequence[int]) -> None:
        """Decide that rows are told by messages of their own: sent again after a crash, they stay what they were."""
        ...

    def alone(self, channel: str, at: int, limit: int) -> list[OutboxRow]:
        """Return due rows that are told by messages of their own, longest due first."""
        ...

    def retried(self, channel: str, at: int) -> OutboxRow | None:
        """Return the row that was tried before and has been due again for longest."""
        ...

    def due(self, channel: str, at: int, limit: int, *, in_digest: bool = False) -> list[OutboxRow]:
        """Return due rows that nothing tells yet, longest due first; only the oldest pending one of a monitor.

        Those that may only be told in a digest are left out unless `in_digest`.
        """
        ...

    def oldest_due(self, channel: str, at: int) -> int | None:
        """Return since when the first of the due rows that nothing tells yet has been due."""
        ...

    def due_behind(self, row_id: int, at: int) -> bool:
        """Return whether another row of the same monitor and channel is due, but waits for this one."""
        ...

    def resolving(self, channel: str, at: int, limit: int) -> list[OutboxRow]:
        """Return due recoveries of incidents that the channel was told of in a message of their own."""
        ...

    def next_due(self, channel: str, at: int) -> int | None:
        """Return the earliest next attempt after `at` of the rows that wait for nothing but time."""
        ...

    def waiting_channels(self) -> list[str]:
        """Return the channels with pending rows."""
        ...

    def waiting_since(self) -> int | None:
        """Return since when the pending row that waits longest could have been sent; None when none waits.

        A row that was held back, by quiet hours or a digest, waits from when it comes due.
        """
        ...

    def by_id(self, row_id: int) -> OutboxRow | None: ...
    def settle(self, row_id: int, state: str, result: str, at: int) -> None: ...
    def postpone(self, row_id: int, next_attempt_at: int, result: str, *, alone: bool) -> None:
        """Try a row again later, told by a message of its own or else by whatever is sent then."""
        ...

    def hurry(self, channel: str, monitor_id: int, at: int) -> None:
        """Make due what waits untried for the end of quiet hours, so that it holds up nothing of the monitor's."""
        ...

    def acknowledge(self, row_id: int, at: int) -> None: ...
    def noticed_since(self, since: int) -> list[OutboxRow]:
        """Return the notices of dead alerts that were written after an instant."""
        ...

    def record_attempt(self, row_id: int, attempt: Attempt) -> None:
        """Keep one attempt and count it on its row."""
        ...

    def attempts_of(self, row_id: int, limit: int) -> list[Attempt]:
        """Return the newest attempts of a row, oldest first."""
        ...

    def tried(self, row_id: int) -> Tried:
        """Return the attempts of a row in short; it has at least one."""
        ...

    def oldest_failed(self, channel: str) -> OutboxRow | None:
        """Return the oldest pending row that was tried before."""
        ...

    def overtaken(self, channel: str) -> list[int]:
        """Return pending rows that nothing tells yet, of incidents whose recovery waits behind them."""
        ...

    def hand_over(self, row_id: int, at: int) -> bool:
        """Note that the fallback channel gets the row's message; False when it has got it already."""
        ...

    def withdraw_channel(self, channel: str, reason: str, at: int) -> None:
        """Take back all that waits for a channel that is gone."""
        ...

    def pending_for(self, incident_id: int, channel: str | None = None) -> list[OutboxRow]: ...
    def listed(self, limit: int, state: str | None = None) -> list[OutboxRow]:
        """Return the newest rows first; of any state, those with the dead that nobody has acknowledged."""
        ...

    def log(self, project_id: int, state: str | None, before: int | None, limit: int) -> list[OutboxRow]:
        """Return the newest rows of a project and of none, numbered below `before`.

        The `dead` are those of every project that nobody has acknowledged, without what a digest tells.
        """
        ...

    def addressed(self, incident_id: int) -> list[str]:
        """Return the channels for which an alert of the incident was written and not superseded."""
        ...

    def told(self, incident_id: int, channel: str, kind: AlertKind | None = None) -> bool:
        """Return whether the channel was told anything of the incident, or this kind of alert."""
        ...

    def shift(self, step_ms: int) -> None:
        """Move next attempts and claims with a step of the clock."""
        ...
