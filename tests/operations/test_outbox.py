"""Claiming lanes and settling deliveries, in a real store with fixed times."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.incidents import Alert, AlertKind, OutboxRow, Severity
from seestackd.errors import NotFound
from seestackd.operations.outbox import (
    ClaimLane,
    ListAlerts,
    QueueTest,
    ReleaseLane,
    SettleDelivery,
    ShowAlert,
    claim_lane,
    listed,
    queue_test,
    release_lane,
    settle_delivery,
    shown,
    void_claims,
)
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore

AT = 1_764_000_000_000
LIMIT = 30_000
HOUR = 3_600_000


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = SqliteStore.open(tmp_path / "seestackd.db")
    numbers = iter(range(1, 1000))
    session = store.writer(lambda: f"id-{next(numbers)}")
    session.begin()
    yield session.transaction
    session.commit()
    store.close()


def put(tx: Transaction, *names: str, channel: str = "mail", monitor: int = 1) -> list[int]:
    alerts = [Alert(name, channel, AlertKind.MISSED, Severity.CRITICAL, {}, 1, monitor) for name in names]
    return tx.outbox.put(alerts, AT)


def claim(tx: Transaction, at: int = AT, owner: str = "me") -> list[str]:
    return [row.alert.alert_id for row in claim_lane(tx, ClaimLane("mail", owner, LIMIT), at).rows]


def settle(tx: Transaction, row_id: int, at: int = AT, owner: str = "me", **result: Any) -> OutboxRow:
    result = {"ok": False, "duration_ms": 40, "error": None if result.get("ok") else "HTTP 503", **result}
    return settle_delivery(tx, SettleDelivery(row_id, owner, LIMIT, **result), at)


def test_a_claim_hands_out_what_is_due_in_order(tx: Transaction) -> None:
    put(tx, "first", "second")
    put(tx, "other", monitor=2)
    assert claim(tx) == ["first", "other"]


def test_a_claimed_lane_is_closed_to_others_for_three_limits(tx: Transaction) -> None:
    put(tx, "a")
    claim(tx)
    assert claim(tx, AT + 3 * LIMIT - 1, owner="other") == []
    assert claim(tx, AT + 3 * LIMIT, owner="other") == ["a"]


def test_an_empty_lane_says_when_to_come_back(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    settle(tx, row_id)
    empty = claim_lane(tx, ClaimLane("mail", "me", LIMIT), AT + 1000)
    assert (empty.rows, empty.wait_ms) == ((), 4000)
    assert claim_lane(tx, ClaimLane("chat", "me", LIMIT), AT).wait_ms is None


def test_an_empty_lane_is_not_held(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    settle(tx, row_id, ok=True)
    claim(tx)
    put(tx, "b")
    assert claim(tx, owner="other") == ["b"]


def test_a_delivered_row_is_done_and_the_next_of_its_monitor_follows(tx: Transaction) -> None:
    first, _ = put(tx, "first", "second")
    claim(tx)
    row = settle(tx, first, ok=True, status=200)
    assert (row.state, row.result, row.settled_at, row.attempts) == ("delivered", "delivered", AT, 1)
    assert claim(tx) == ["second"]


def test_a_failed_row_is_tried_again_later_and_keeps_its_followers_waiting(tx: Transaction) -> None:
    first, _ = put(tx, "first", "second")
    claim(tx)
    row = settle(tx, first, status=503)
    assert (row.state, row.result, row.alert.next_attempt_at) == ("pending", "HTTP 503", AT + 5000)
    assert claim(tx, AT + 4999) == []
    assert claim(tx, AT + 5000) == ["first"]


def test_every_attempt_is_kept_with_its_reason_and_duration(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    settle(tx, row_id, AT + 40, status=503)
    settle(tx, row_id, AT + 5100, ok=True, status=200, duration_ms=100)
    view = shown(tx, ShowAlert(row_id), AT)
    assert [(one.at, one.duration_ms, one.result, one.error, one.status) for one in view.attempts] == [
        (AT, 40, "failed", "HTTP 503", 503),
        (AT + 5000, 100, "delivered", None, 200),
    ]


def test_three_refusals_end_in_a_dead_row_that_says_so(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    for at in (AT, AT + 5000, AT + 20_000):
        claim(tx, at)
        row = settle(tx, row_id, at, status=404, error="HTTP 404: there is nothing at this address")
    assert row.state == "dead"
    assert row.result == "given up after 3 attempts: HTTP 404: there is nothing at this address"
    assert listed(tx, ListAlerts(state="dead"), AT) == [row]
    assert claim(tx, AT + HOUR) == []


def test_a_hopeless_row_dies_at_once(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    row = settle(tx, row_id, hopeless=True, error="the channel 'mail' is not defined")
    assert (row.state, row.result) == ("dead", "given up after 1 attempt: the channel 'mail' is not defined")


def test_the_72_hours_begin_with_the_first_attempt_not_with_the_alert(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    late = AT + 100 * HOUR
    claim(tx, late)
    assert settle(tx, row_id, late, status=503).state == "pending"
    claim(tx, late + 71 * HOUR)
    assert settle(tx, row_id, late + 71 * HOUR, status=503).state == "pending"
    claim(tx, late + 72 * HOUR)
    assert settle(tx, row_id, late + 72 * HOUR + 40, status=503).state == "dead"


def test_retry_after_is_obeyed(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    assert settle(tx, row_id, status=429, retry_after_ms=90_000).alert.next_attempt_at == AT + 90_000


def test_a_failure_of_a_lost_claim_decides_nothing(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    claim(tx, AT + 3 * LIMIT, owner="other")
    row = settle(tx, row_id, AT + 3 * LIMIT + 1, status=503)
    assert (row.state, row.attempts, row.alert.next_attempt_at) == ("pending", 1, AT)


def test_a_success_counts_even_when_the_claim_was_lost(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    claim(tx, AT + 3 * LIMIT, owner="other")
    assert settle(tx, row_id, AT + 3 * LIMIT + 1, ok=True).state == "delivered"


def test_a_settled_row_stays_as_it_is(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    delivered = settle(tx, row_id, ok=True)
    assert settle(tx, row_id, AT + 5000, status=503) == delivered


def test_settling_renews_the_claim_while_a_long_round_goes_on(tx: Transaction) -> None:
    first, _ = put(tx, "first", "second")
    claim(tx)
    settle(tx, first, AT + 2 * LIMIT, ok=True)
    assert claim(tx, AT + 4 * LIMIT, owner="other") == []


def test_a_released_lane_is_free_at_once(tx: Transaction) -> None:
    put(tx, "a")
    claim(tx)
    release_lane(tx, ReleaseLane("mail", "me"), AT)
    assert claim(tx, owner="other") == ["a"]


def test_claims_found_at_start_are_void(tx: Transaction) -> None:
    put(tx, "a")
    claim(tx, owner="killed")
    assert void_claims(tx, None, AT) == 1
    assert claim(tx) == ["a"]


def test_a_test_message_is_tried_once(tx: Transaction) -> None:
    row_id = queue_test(tx, QueueTest("mail", "admin"), AT)
    (row,) = claim_lane(tx, ClaimLane("mail", "me", LIMIT), AT).rows
    assert row.alert.kind is AlertKind.TEST
    assert row.alert.facts["sent_by"] == "admin"
    assert settle(tx, row_id, error="connection refused").state == "dead"


def test_an_alert_that_does_not_exist_is_not_found(tx: Transaction) -> None:
    with pytest.raises(NotFound, match="no alert with the number 12"):
        shown(tx, ShowAlert(12), AT)
