"""Claiming lanes and settling deliveries, in a real store with fixed times."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.incidents import Alert, AlertKind, Incident, OutboxRow, Severity
from seestackd.errors import NotFound
from seestackd.operations.lanes import ClaimLane, ReleaseLane, claim_lane, release_lane, void_claims
from seestackd.operations.outbox import (
    ListAlerts,
    QueueTest,
    SettleDelivery,
    ShowAlert,
    listed,
    queue_test,
    settle_delivery,
    shown,
)
from seestackd.store.interface import Transaction
from tests.stores import new_store

AT = 1_764_000_000_000
LIMIT = 30_000
HOUR = 3_600_000


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = new_store(tmp_path / "seestackd.db")
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


def test_a_clock_that_was_set_forward_by_days_gives_up_nothing(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    settle(tx, row_id, AT, status=503)
    tx.outbox.shift(96 * HOUR)
    at = AT + 96 * HOUR + 5_000
    assert claim(tx, at) == ["a"]
    assert settle(tx, row_id, at, status=503).state == "pending"
    assert tx.outbox.waiting_since() == AT + 96 * HOUR - 40


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


def put_incident(tx: Transaction, *kinds: AlertKind, closed_at: int | None = AT + HOUR) -> list[int]:
    opening = Incident(0, "uid", "monitor:1", AlertKind.MISSED, Severity.CRITICAL, AT, AT, 1, 1, closed_at)
    incident = tx.incidents.open(opening)
    alerts = [Alert(kind, "mail", kind, Severity.CRITICAL, {}, 1, 1, incident.id) for kind in kinds]
    return tx.outbox.put(alerts, AT)


def test_an_incident_that_closed_before_its_opening_was_told_is_told_in_one_message(tx: Transaction) -> None:
    opening, recovery = put_incident(tx, AlertKind.MISSED, AlertKind.RECOVERED)
    (row,) = claim_lane(tx, ClaimLane("mail", "me", LIMIT), AT).rows
    assert row.id == recovery
    assert row.alert.facts["opening_untold"] is True
    superseded = shown(tx, ShowAlert(opening), AT).row
    assert (superseded.state, superseded.result) == ("superseded", "told in one message with the recovery")


def test_an_opening_that_failed_gives_way_to_its_recovery_at_once(tx: Transaction) -> None:
    (opening,) = put_incident(tx, AlertKind.MISSED, closed_at=None)
    claim(tx)
    row = settle(tx, opening, status=503)
    tx.outbox.put([Alert("recovery", "mail", AlertKind.RECOVERED, Severity.INFO, {}, 1, 1, row.alert.incident_id)], AT)
    assert claim(tx, AT + 1000) == ["recovery"]


def test_a_recovery_whose_opening_was_told_says_nothing_of_it(tx: Transaction) -> None:
    opening, _ = put_incident(tx, AlertKind.MISSED, AlertKind.RECOVERED)
    tx.outbox.settle(opening, "delivered", "delivered", AT)
    (row,) = claim_lane(tx, ClaimLane("mail", "me", LIMIT), AT).rows
    assert row.alert.facts["opening_untold"] is False


def test_an_opening_told_late_to_a_channel_without_recoveries_says_that_it_is_over(tx: Transaction) -> None:
    put_incident(tx, AlertKind.MISSED)
    (row,) = claim_lane(tx, ClaimLane("mail", "me", LIMIT), AT + 2 * HOUR).rows
    assert row.alert.facts["closed_at"] == AT + HOUR


def fail_until(tx: Transaction, end: int) -> int:
    """Let every attempt fail until `end`; returns the instant of the last one."""
    at = last = AT
    while at < end:
        claimed = claim_lane(tx, ClaimLane("mail", "me", LIMIT), at)
        for row in claimed.rows:
            settle(tx, row.id, at, status=503, fallback="pager")
            last = at
        if not claimed.rows:
            assert claimed.wait_ms is not None
            at += claimed.wait_ms
    return last


def test_a_failing_channel_is_probed_with_its_oldest_row_every_45_seconds(tx: Transaction) -> None:
    put(tx, "a")
    last = fail_until(tx, AT + HOUR)
    assert claim(tx, last + 44_999) == []
    assert claim(tx, last + 45_000) == ["a"]


def test_one_success_makes_all_rows_of_the_channel_due(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    put(tx, "b", monitor=2)
    put(tx, "c", monitor=3)
    at = fail_until(tx, AT + HOUR) + 45_000
    (last,) = put(tx, "d", monitor=4)
    assert claim(tx, at) == ["a"]
    settle(tx, row_id, at, ok=True)
    assert claim(tx, at) == ["d"]
    settle(tx, last, at, ok=True)
    (digest,) = claim_lane(tx, ClaimLane("mail", "me", LIMIT), at + 30_000).rows
    assert digest.alert.facts["counts"] == {"missed": 2}


def test_a_channel_that_asked_for_time_is_not_probed_before(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    settle(tx, row_id, status=429, retry_after_ms=600_000)
    assert claim(tx, AT + 599_999) == []
    assert claim(tx, AT + 600_000) == ["a"]


def test_a_message_at_fault_does_not_make_the_channel_fail(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    for at in (AT, AT + 5000, AT + 20_000, AT + 80_000):
        claim(tx, at)
        settle(tx, row_id, at, status=400)
    assert claim(tx, AT + 80_000 + 299_999) == []
    assert claim(tx, AT + 80_000 + 300_000) == ["a"]


def test_after_five_minutes_of_failure_the_fallback_gets_the_message_once(tx: Transaction) -> None:
    put(tx, "a")
    fail_until(tx, AT + 4 * 60_000)
    assert tx.outbox.due("pager", AT + HOUR, 9) == []
    fail_until(tx, AT + HOUR)
    (copy,) = [row for row in tx.outbox.listed(99) if row.alert.channel == "pager"]
    assert copy.alert.alert_id == "a"
    assert copy.alert.facts["instead_of"] == "mail"
    assert AT + 5 * 60_000 <= copy.created_at <= AT + 6 * 60_000


def test_a_message_given_up_goes_to_the_fallback_at_once_and_no_further(tx: Transaction) -> None:
    (row_id,) = put(tx, "a")
    claim(tx)
    settle(tx, row_id, hopeless=True, fallback="pager")
    (copy,) = tx.outbox.due("pager", AT, 9)
    claim_lane(tx, ClaimLane("pager", "me", LIMIT), AT)
    settle(tx, copy.id, hopeless=True, fallback="mail")
    assert claim(tx, AT + HOUR) == []


def test_a_test_message_never_falls_back(tx: Transaction) -> None:
    row_id = queue_test(tx, QueueTest("mail"), AT)
    claim(tx)
    settle(tx, row_id, status=503, fallback="pager")
    assert tx.outbox.due("pager", AT + HOUR, 9) == []


def test_a_day_of_outage_ends_with_everything_told_in_order_within_a_minute(tx: Transaction) -> None:
    rows = [*put(tx, "1", "2"), *put(tx, "3", monitor=2)]
    at, told = AT, []
    while len(told) < len(rows):
        claimed = claim_lane(tx, ClaimLane("mail", "me", LIMIT), at)
        for row in claimed.rows:
            up = at >= AT + 24 * HOUR
            settle(tx, row.id, at, ok=up, status=200 if up else 503)
            told += [(row.alert.alert_id, at)] if up else []
        at += claimed.wait_ms or 0
    names = [name for name, _ in told]
    assert sorted(names) == ["1", "2", "3"]
    assert names.index("1") < names.index("2")
    assert told[-1][1] <= AT + 24 * HOUR + 60_000
