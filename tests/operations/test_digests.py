"""Storms in a real store: what goes out when, what a digest tells, and what becomes of its rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seestackd.core.alerts import ChannelRules, Routing
from seestackd.core.incidents import Alert, AlertKind, Incident, OutboxRow, Severity
from seestackd.errors import Conflict
from seestackd.operations.lanes import Claimed, ClaimLane, claim_lane, void_claims
from seestackd.operations.outbox import (
    AckDead,
    ListAlerts,
    QueueTest,
    Resend,
    SettleDelivery,
    ShowAlert,
    ack_dead,
    listed,
    queue_test,
    resend,
    settle_delivery,
    shown,
)
from seestackd.store.interface import Transaction
from tests.stores import new_store

AT = 1_764_000_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
LIMIT = 30_000


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = new_store(tmp_path / "seestackd.db")
    numbers = iter(range(1, 100_000))
    session = store.writer(lambda: f"made-{next(numbers)}")
    session.begin()
    session.transaction.routing = Routing(default_channels=("mail", "chat", "pager"))
    yield session.transaction
    session.commit()
    store.close()


def raise_(tx: Transaction, *names: str, kind: AlertKind = AlertKind.MISSED, at: int = AT, **facts: Any) -> list[int]:
    """Raise one alert per name; monitor 7 for "g7", and for "7-again" too."""
    alerts = [
        Alert(name, "mail", kind, Severity.CRITICAL, {"slug": name, "at": at, **facts}, 1, ord(name[0]))
        for name in names
    ]
    return tx.outbox.put(alerts, at)


def claim(tx: Transaction, at: int, **options: Any) -> Claimed:
    return claim_lane(tx, ClaimLane("mail", "me", LIMIT, **options), at)


def settle(tx: Transaction, row: OutboxRow, at: int, **result: Any) -> OutboxRow:
    result = {"ok": False, "duration_ms": 40, "error": None if result.get("ok") else "HTTP 503", **result}
    return settle_delivery(tx, SettleDelivery(row.id, "me", LIMIT, **result), at)


def tell(tx: Transaction, at: int, **options: Any) -> list[OutboxRow]:
    """Send all that may go out now; returns it."""
    told: list[OutboxRow] = []
    while rows := claim(tx, at, **options).rows:
        told += [settle(tx, row, at, ok=True) and row for row in rows]
    return told


def names(rows: list[OutboxRow]) -> list[str]:
    return [row.alert.alert_id for row in rows]


def storm(tx: Transaction) -> OutboxRow:
    """Raise a to f, of which c to f come in the digest that is returned, claimed."""
    raise_(tx, *"abcdef")
    assert names(tell(tx, AT)) == ["a", "b"]
    (digest,) = claim(tx, AT + 30 * SECOND).rows
    return digest


def test_two_go_out_at_once_and_one_digest_when_the_window_ends(tx: Transaction) -> None:
    raise_(tx, *"abcdef")
    assert names(tell(tx, AT)) == ["a", "b"]
    assert claim(tx, AT + 29_999) == Claimed((), 1)
    (digest,) = tell(tx, AT + 30 * SECOND)
    assert digest.alert.kind is AlertKind.DIGEST
    assert digest.alert.severity is Severity.CRITICAL
    assert digest.alert.facts["counts"] == {"missed": 4}
    assert digest.alert.facts["monitors"] == 4
    assert [line["slug"] for line in digest.alert.facts["lines"]] == ["c", "d", "e", "f"]
    assert claim(tx, AT + HOUR) == Claimed((), None)


def test_openings_recoveries_and_reminders_share_the_budget(tx: Transaction) -> None:
    raise_(tx, "a")
    raise_(tx, "b", kind=AlertKind.RECOVERED)
    tx.outbox.put([Alert("r", "mail", AlertKind.REMINDER, Severity.CRITICAL, {"down": []})], AT)
    raise_(tx, "c", kind=AlertKind.FAILED)
    assert names(tell(tx, AT)) == ["a", "b"]
    (digest,) = tell(tx, AT + 30 * SECOND)
    assert digest.alert.facts["counts"] == {"reminder": 1, "failed": 1}


def test_what_waits_alone_for_a_digest_is_told_in_full(tx: Transaction) -> None:
    raise_(tx, *"abc")
    tell(tx, AT)
    assert names(tell(tx, AT + 30 * SECOND)) == ["c"]
    raise_(tx, "d", at=AT + 40 * SECOND)
    assert claim(tx, AT + 40 * SECOND).wait_ms == 50_000


def test_tests_and_notices_of_dead_alerts_do_not_wait_and_cost_nothing(tx: Transaction) -> None:
    raise_(tx, *"abc")
    tell(tx, AT)
    row_id = queue_test(tx, QueueTest("mail"), AT)
    tx.outbox.put([Alert("dead", "mail", AlertKind.DEAD_LETTER, Severity.INFO, {})], AT)
    told = tell(tx, AT)
    assert told[0].id == row_id
    assert names(told)[1:] == ["dead"]


def test_every_row_of_a_digest_is_settled_with_it_and_names_it(tx: Transaction) -> None:
    digest = storm(tx)
    settle(tx, digest, AT + 30 * SECOND, ok=True, status=200)
    rows = {row.alert.alert_id: row for row in listed(tx, ListAlerts(99), AT)}
    short = digest.alert.alert_id[-8:]
    assert {rows[name].state for name in "cdef"} == {"delivered"}
    assert {rows[name].result for name in "cdef"} == {f"told in digest {short}"}
    assert [one.status for one in shown(tx, ShowAlert(rows["c"].id), AT).attempts] == [200]


def test_a_digest_that_fails_is_tried_again_with_the_same_id_and_nothing_passes_it(tx: Transaction) -> None:
    digest = storm(tx)
    settle(tx, digest, AT + 30 * SECOND, status=503)
    raise_(tx, "c-again", at=AT + 31 * SECOND)
    assert claim(tx, AT + 34_999).rows == ()
    (again,) = claim(tx, AT + 35 * SECOND).rows
    assert (again.id, again.alert) == (digest.id, again.alert)
    assert again.alert.alert_id == digest.alert.alert_id


def test_killed_after_a_digest_was_sent_it_is_sent_again_with_the_same_id_and_contents(tx: Transaction) -> None:
    digest = storm(tx)
    raise_(tx, "g", at=AT + 31 * SECOND)
    void_claims(tx, None, AT)
    (again,) = claim(tx, AT + 2 * MINUTE).rows
    assert again.alert == digest.alert


def test_killed_after_a_single_was_sent_in_a_storm_it_is_not_told_in_the_digest(tx: Transaction) -> None:
    raise_(tx, *"abcdef")
    claim(tx, AT)
    void_claims(tx, None, AT)
    assert names(tell(tx, AT + 30 * SECOND))[:2] == ["a", "b"]


def test_after_an_outage_what_failed_comes_in_one_digest(tx: Transaction) -> None:
    digest = storm(tx)
    settle(tx, digest, AT + 30 * SECOND, status=503)
    for number in range(5):
        at = AT + 2 * MINUTE + number * 61 * SECOND
        raise_(tx, *[f"{letter}-{number}" for letter in "mno"], at=at)
        while rows := claim(tx, at).rows:
            for row in rows:
                settle(tx, row, at, status=503)
    end = AT + HOUR
    raise_(tx, "z", at=end)
    assert names(tell(tx, end)) == [digest.alert.alert_id]
    (rest,) = tell(tx, end + MINUTE)
    assert rest.alert.kind is AlertKind.DIGEST
    states = {row.alert.alert_id: row.state for row in listed(tx, ListAlerts(99), end)}
    assert set(states.values()) == {"delivered", "superseded"}
    assert {name for name, state in states.items() if state == "superseded"} <= {
        row.alert.alert_id for row in listed(tx, ListAlerts(99), end) if row.alert.kind is AlertKind.DIGEST
    }


def put_incident(tx: Transaction, number: int, *kinds: AlertKind, closed_at: int | None = AT) -> list[int]:
    opening = Incident(
        0, f"u{number}", f"monitor:{number}", AlertKind.MISSED, Severity.CRITICAL, AT - HOUR, AT, 1, number, closed_at
    )
    incident = tx.incidents.open(opening)
    facts = {"slug": f"job-{number}", "began_at": AT - HOUR, "closed_at": closed_at, "at": AT}
    alerts = [
        Alert(f"{number}-{kind}", "mail", kind, Severity.CRITICAL, facts, 1, number, incident.id) for kind in kinds
    ]
    return tx.outbox.put(alerts, AT)


def test_an_incident_that_opened_and_closed_in_the_window_is_counted_once(tx: Transaction) -> None:
    raise_(tx, *"ab")
    tell(tx, AT)
    put_incident(tx, 1, AlertKind.MISSED, AlertKind.RECOVERED)
    put_incident(tx, 2, AlertKind.MISSED, closed_at=None)
    (digest,) = tell(tx, AT + 30 * SECOND)
    assert digest.alert.facts["counts"] == {"recovered": 1, "missed": 1}
    assert [line["slug"] for line in digest.alert.facts["lines"]] == ["job-2", "job-1"]


def test_all_alerts_of_a_monitor_keep_their_order_into_a_digest(tx: Transaction) -> None:
    raise_(tx, *"ab")
    tell(tx, AT)
    raise_(tx, "c-1", "c-2", "c-3")
    (digest,) = tell(tx, AT + 30 * SECOND)
    assert [line["slug"] for line in digest.alert.facts["lines"]] == ["c-1", "c-2", "c-3"]
    assert digest.alert.facts["monitors"] == 1


def test_what_waits_behind_a_row_that_is_not_due_stays_out_of_the_digest(tx: Transaction) -> None:
    raise_(tx, *"ab")
    tell(tx, AT)
    tx.outbox.put([Alert("late", "mail", AlertKind.MISSED, Severity.WARNING, {}, 1, 999, None, AT + HOUR)], AT)
    tx.outbox.put([Alert("behind", "mail", AlertKind.FAILED, Severity.CRITICAL, {}, 1, 999)], AT)
    raise_(tx, "c", "d")
    (digest,) = tell(tx, AT + 30 * SECOND)
    assert digest.alert.facts["counts"] == {"missed": 2}
    assert names(tell(tx, AT + HOUR)) == ["late", "behind"]


def test_a_flapping_monitor_is_told_in_digests_only(tx: Transaction) -> None:
    raise_(tx, "f", digest_only=True)
    assert claim(tx, AT) == Claimed((), 30_000)
    (digest,) = tell(tx, AT + 30 * SECOND)
    assert digest.alert.kind is AlertKind.DIGEST
    raise_(tx, "f-again", digest_only=True, at=AT + 31 * SECOND)
    assert claim(tx, AT + 31 * SECOND).wait_ms == 59_000


def test_a_flapping_monitor_does_not_keep_others_from_being_told_at_once(tx: Transaction) -> None:
    raise_(tx, "f", digest_only=True)
    raise_(tx, "a")
    assert names(tell(tx, AT)) == ["a"]


def test_a_channel_may_be_granted_more_singles(tx: Transaction) -> None:
    raise_(tx, *"abcdef")
    assert len(tell(tx, AT, digest=6)) == 6


def test_recoveries_close_at_once_what_was_opened_alone_at_a_service_that_keeps_incidents(tx: Transaction) -> None:
    put_incident(tx, 1, AlertKind.MISSED)
    put_incident(tx, 2, AlertKind.MISSED)
    tell(tx, AT, resolves=True)
    for number in (1, 2):
        (incident,) = [one for one in tx.incidents.listed(open_only=False, limit=9) if one.monitor_id == number]
        recovery = Alert(f"ok-{number}", "mail", AlertKind.RECOVERED, Severity.INFO, {}, 1, number, incident.id)
        tx.outbox.put([recovery], AT)
    assert claim(tx, AT).rows == ()
    assert names(tell(tx, AT, resolves=True)) == ["ok-1", "ok-2"]


def test_a_dead_alert_is_told_once_to_the_other_default_channels(tx: Transaction) -> None:
    for name in "ab":
        raise_(tx, name)
    for row in claim(tx, AT).rows:
        settle(tx, row, AT, hopeless=True, error="HTTP 404")
    notices = [row.alert for row in tx.outbox.listed(99) if row.alert.kind is AlertKind.DEAD_LETTER]
    assert sorted(notice.channel for notice in notices) == ["chat", "pager"]
    assert notices[0].facts["channel"] == "mail"
    assert notices[0].facts["slug"] == "a"
    assert notices[0].facts["reason"] == "given up after 1 attempt: HTTP 404"


def test_digests_and_notices_know_of_which_projects_they_tell(tx: Transaction) -> None:
    raise_(tx, *"ab")
    raise_(tx, "c", "d", project="shop")
    tell(tx, AT)
    (shop,) = claim(tx, AT + 30 * SECOND).rows
    assert shop.alert.facts["project"] == "shop"
    settle(tx, shop, AT + 31 * SECOND, hopeless=True)
    notices = [row.alert for row in tx.outbox.listed(99) if row.alert.kind is AlertKind.DEAD_LETTER]
    assert notices[0].facts["project"] == "shop"
    raise_(tx, "e", at=AT + 60 * SECOND)
    raise_(tx, "f", project="shop", at=AT + 60 * SECOND)
    (both,) = claim(tx, AT + 95 * SECOND).rows
    assert both.alert.facts["projects"] == ["default", "shop"]


def test_who_would_not_have_heard_of_an_alert_does_not_hear_of_its_death(tx: Transaction) -> None:
    rules = {"chat": ChannelRules(min_severity=Severity.CRITICAL)}
    tx.routing = Routing(default_channels=("mail", "chat", "pager"), rules=rules)
    for kind, severity in ((AlertKind.UNKNOWN, Severity.WARNING), (AlertKind.MISSED, Severity.CRITICAL)):
        at = AT if severity is Severity.WARNING else AT + 2 * HOUR
        tx.outbox.put([Alert(f"a-{kind}", "mail", kind, severity, {"slug": "a", "at": at}, 1, 1)], at)
        (row,) = claim(tx, at).rows
        settle(tx, row, at, hopeless=True)
    notices = [row.alert for row in tx.outbox.listed(99)[::-1] if row.alert.kind is AlertKind.DEAD_LETTER]
    assert [(notice.channel, notice.facts["kind"]) for notice in notices] == [
        ("pager", "unknown"),
        ("chat", "missed"),
        ("pager", "missed"),
    ]


def test_after_an_hour_the_dead_of_a_channel_are_told_again(tx: Transaction) -> None:
    for at in (AT, AT + HOUR + 1):
        raise_(tx, f"a-{at}", at=at)
        (row,) = claim(tx, at).rows
        settle(tx, row, at, hopeless=True)
    assert len([row for row in tx.outbox.listed(99) if row.alert.kind is AlertKind.DEAD_LETTER]) == 4


def test_dead_tests_and_dead_notices_are_told_to_nobody(tx: Transaction) -> None:
    queue_test(tx, QueueTest("mail"), AT)
    tx.outbox.put([Alert("n", "mail", AlertKind.DEAD_LETTER, Severity.INFO, {"channel": "chat"})], AT)
    for row in claim(tx, AT).rows:
        settle(tx, row, AT, hopeless=True)
    assert len(tx.outbox.listed(99)) == 2


def test_a_digest_given_up_takes_its_rows_with_it_and_falls_back_whole(tx: Transaction) -> None:
    digest = storm(tx)
    settle(tx, digest, AT + 30 * SECOND, hopeless=True, fallback="chat")
    states = {row.alert.alert_id: row.state for row in tx.outbox.listed(99, "dead")}
    assert set(states) == {"c", "d", "e", "f", digest.alert.alert_id}
    notice, copy = claim_lane(tx, ClaimLane("chat", "me", LIMIT), AT + 30 * SECOND).rows
    assert copy.alert.facts["instead_of"] == "mail"
    assert copy.alert.facts["counts"] == {"missed": 4}
    assert notice.alert.kind is AlertKind.DEAD_LETTER


def test_a_dead_alert_stays_listed_until_it_is_acknowledged(tx: Transaction) -> None:
    raise_(tx, "a")
    (row,) = claim(tx, AT).rows
    settle(tx, row, AT, hopeless=True)
    raise_(tx, *[f"b{number}" for number in range(9)])
    assert "a" in names(listed(tx, ListAlerts(3), AT))
    assert ack_dead(tx, AckDead(row.id), AT + 5).acknowledged_at == AT + 5
    assert "a" not in names(listed(tx, ListAlerts(3), AT))


def test_only_the_dead_can_be_acknowledged_or_sent_again(tx: Transaction) -> None:
    (row_id,) = raise_(tx, "a")
    with pytest.raises(Conflict, match="is pending, not dead"):
        ack_dead(tx, AckDead(row_id), AT)
    with pytest.raises(Conflict, match="is pending, not dead"):
        resend(tx, Resend(row_id), AT)


def test_a_dead_alert_is_sent_again_with_its_id_and_a_life_of_its_own(tx: Transaction) -> None:
    raise_(tx, "a")
    for wait in (0, 5_000, 20_000):
        (row,) = claim(tx, AT + wait).rows
        settle(tx, row, AT + wait, status=404)
    again = resend(tx, Resend(row.id), AT + 100 * HOUR)
    (row,) = [one for one in claim(tx, AT + 100 * HOUR).rows if one.alert.alert_id == "a"]
    assert row.id == again
    assert settle(tx, row, AT + 100 * HOUR, status=404).state == "pending"


def test_a_dead_digest_is_sent_again_whole(tx: Transaction) -> None:
    digest = storm(tx)
    settle(tx, digest, AT + 30 * SECOND, hopeless=True)
    resend(tx, Resend(digest.id), AT + MINUTE)
    (again,) = claim(tx, AT + MINUTE).rows
    assert again.alert.alert_id == digest.alert.alert_id
    assert again.alert.facts["lines"] == digest.alert.facts["lines"]
