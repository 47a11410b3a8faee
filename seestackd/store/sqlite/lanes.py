"""Lanes of channels: who has claimed them, whether they fail, what may still be sent."""

from seestackd.core.digest import Budget
from seestackd.store.records import LaneHealth
from seestackd.store.sqlite.behind import WriteBehind

_CLAIM = """
INSERT INTO lanes (channel, owner, epoch, claimed_until, failures, singles) VALUES (:channel, :owner, 1, :until, 0, 0)
ON CONFLICT (channel) DO UPDATE SET epoch = epoch + (owner IS NOT :owner), owner = :owner, claimed_until = :until
WHERE owner IS NULL OR owner = :owner OR claimed_until <= :at
"""


class SqliteLanes:
    """Rows of lanes, one per channel."""

    def __init__(self, connection: WriteBehind) -> None:
        self._execute = connection.execute

    def claim(self, channel: str, owner: str, at: int, expires_at: int) -> bool:
        values = {"channel": channel, "owner": owner, "at": at, "until": expires_at}
        return self._execute(_CLAIM, values).rowcount == 1

    def holds(self, channel: str, owner: str) -> bool:
        found = self._execute("SELECT 1 FROM lanes WHERE channel = ? AND owner = ?", (channel, owner)).fetchone()
        return found is not None

    def release(self, channel: str, owner: str) -> None:
        self._execute(
            "UPDATE lanes SET owner = NULL, claimed_until = NULL WHERE channel = ? AND owner = ?", (channel, owner)
        )

    def void_claims(self) -> int:
        return self._execute("UPDATE lanes SET owner = NULL, claimed_until = NULL WHERE owner IS NOT NULL").rowcount

    def health(self, channel: str) -> LaneHealth:
        found = self._execute("SELECT failing_since, probe_at FROM lanes WHERE channel = ?", (channel,)).fetchone()
        return LaneHealth(*found) if found else LaneHealth()

    def fail(self, channel: str, at: int, probe_at: int) -> None:
        self._execute(
            "UPDATE lanes SET failing_since = coalesce(failing_since, ?), failures = failures + 1, probe_at = ?"
            " WHERE channel = ?",
            (at, probe_at, channel),
        )

    def mend(self, channel: str, at: int) -> None:
        mended = self._execute(
            "UPDATE lanes SET failing_since = NULL, failures = 0, probe_at = NULL"
            " WHERE channel = ? AND failing_since IS NOT NULL",
            (channel,),
        )
        if mended.rowcount:
            self._execute(
                "UPDATE outbox SET next_attempt_at = :at WHERE channel = :channel AND state = 'pending'"
                " AND attempts > 0 AND next_attempt_at > :at",
                {"channel": channel, "at": at},
            )

    def budget(self, channel: str) -> Budget:
        found = self._execute(
            "SELECT window_ends_at, singles, last_sent_at FROM lanes WHERE channel = ?", (channel,)
        ).fetchone()
        return Budget(*found) if found else Budget()

    def spend(self, channel: str, budget: Budget) -> None:
        self._execute(
            "UPDATE lanes SET window_ends_at = ?, singles = ?, last_sent_at = ? WHERE channel = ?",
            (budget.window_ends_at, budget.singles, budget.last_sent_at, channel),
        )
