"""Whatever alerts come and however sending goes, all is told, in order, and nobody is flooded (semantics.md 8)."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from seestackd.core.incidents import Alert, AlertKind, Incident, OutboxRow, Severity
from seestackd.operations.lanes import ClaimLane, claim_lane, void_claims
from seestackd.operations.outbox import ListAlerts, SettleDelivery, listed, settle_delivery
from seestackd.store.interface import Transaction
from tests.rows import rows
from tests.stores import new_store

AT = 1_764_000_000_000
MINUTE = 60_000
MONITORS = 8
LIMIT = 30_000


@dataclass
class Channel:
    """A channel and what it received: (instant, alert id of the message, ids of the rows it told)."""

    tx: Transaction
    chance: Random
    trouble: float
    at: int = AT
    received: list[tuple[int, str, frozenset[int]]] = field(default_factory=list)
    open: dict[int, Incident] = field(default_factory=dict)
    raised: int = 0

    def raise_one(self) -> None:
        """Let a monitor fail or recover."""
        number = self.chance.randrange(MONITORS)
        incident = self.open.pop(number, None)
        kind = AlertKind.FAILED if incident is None else AlertKind.RECOVERED
        if incident is None:
            new = Incident(
                0, f"u{self.raised}", f"monitor:{number}:{self.raised}", kind, Severity.CRITICAL, self.at, self.at
            )
            incident = self.open[number] = self.tx.incidents.open(new)
        facts = {"digest_only": True} if number == 0 else {}
        self.raised += 1
        self.tx.outbox.put(
            [Alert(f"a{self.raised}", "mail", kind, Severity.CRITICAL, facts, 1, number + 1, incident.id)], self.at
        )

    def work(self) -> int | None:
        """Claim, send and settle as the worker does, badly at times; returns how long to wait."""
        claimed = claim_lane(self.tx, ClaimLane("mail", "me", LIMIT), self.at)
        for row in claimed.rows:
            luck = self.chance.random()
            failed = luck < self.trouble
            if not failed or luck < self.trouble / 2:
                self.received.append((self.at, row.alert.alert_id, self.told(row)))
            if luck < self.trouble / 5:
                void_claims(self.tx, None, self.at)
                return 0
            status = 400 if failed and luck > self.trouble * 0.9 else 503
            error = None if not failed else "HTTP"
            settle = SettleDelivery(row.id, "me", LIMIT, not failed, 10, error, status if failed else 200)
            settle_delivery(self.tx, settle, self.at)
        return claimed.wait_ms

    def told(self, row: OutboxRow) -> frozenset[int]:
        rows = self.tx.outbox._execute("SELECT id FROM outbox WHERE told_by = ?", (row.id,))  # type: ignore[attr-defined]
        return frozenset(number for (number,) in rows.fetchall()) | {row.id}


def live(channel: Channel, steps: int) -> None:
    for _ in range(steps):
        for _ in range(channel.chance.choice((0, 0, 1, 1, 2, 9))):
            channel.raise_one()
        until = channel.at + channel.chance.choice((1_000, 5_000, 20_000, 70_000, 400_000))
        while channel.at <= until:
            wait = channel.work()
            channel.at = min(until + 1, channel.at + (until if wait is None else max(wait, 0 if wait == 0 else 1)))
    channel.trouble = 0.0
    while (wait := channel.work()) is not None:
        channel.at += wait


@rows("trouble", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 300))])
def test_all_is_told_in_order_and_a_minute_never_holds_more_than_three_messages(seed: int, trouble: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder) / "seestackd.db")
        numbers = iter(range(100_000))
        session = store.writer(lambda: f"made-{next(numbers)}")
        session.begin()
        channel = Channel(session.transaction, Random(f"{seed} {trouble}"), trouble)
        live(channel, 40)
        rows = {row.id: row for row in listed(session.transaction, ListAlerts(10_000), channel.at)}
        session.commit()
        store.close()
    assert {row.state for row in rows.values()} <= {"delivered", "superseded", "dead"}
    first = {row_id: place for place, (_, _, told) in reversed([*enumerate(channel.received)]) for row_id in told}
    for row in rows.values():
        if row.state == "delivered":
            assert row.id in first, f"{row} was told to nobody"
    for monitor in range(1, MONITORS + 1):
        own = sorted(row.id for row in rows.values() if row.alert.monitor_id == monitor and row.state == "delivered")
        assert [first[row_id] for row_id in own] == sorted(first[row_id] for row_id in own)
    if not trouble:
        instants = [at for at, _, _ in channel.received]
        assert max(sum(begin <= at < begin + MINUTE for at in instants) for begin in instants) <= 3
        assert len({alert_id for _, alert_id, _ in channel.received}) == len(channel.received)
