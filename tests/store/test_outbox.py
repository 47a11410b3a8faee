"""The outbox in a real SQLite file: order, claims, attempts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seestackd.core.events import AlertsQueued
from seestackd.core.incidents import Alert, AlertKind, Severity
from seestackd.store.interface import Attempt
from seestackd.store.outbox import Outbox
from seestackd.store.sqlite.connection import SqliteSession, SqliteStore

AT = 1_764_000_000_000


@pytest.fixture
def session(tmp_path: Path) -> Iterator[SqliteSession]:
    store = SqliteStore.open(tmp_path / "seestackd.db")
    session = store.writer(lambda: "id")
    session.begin()
    yield session
    session.commit()
    store.close()


@pytest.fixture
def outbox(session: SqliteSession) -> Outbox:
    return session.transaction.outbox


def an_alert(
    name: str = "a",
    *,
    channel: str = "mail",
    monitor: int | None = 1,
    due: int | None = None,
    incident: int | None = None,
) -> Alert:
    facts = {"slug": name, "usual_ms": [1, 2], "message": "naïve ☃"}
    return Alert(name, channel, AlertKind.MISSED, Severity.CRITICAL, facts, 7, monitor, incident, due)


def names(rows: list) -> list[str]:
    return [row.alert.alert_id for row in rows]


def test_what_was_put_comes_back_whole_and_due_at_once(outbox: Outbox) -> None:
    (row_id,) = outbox.put([an_alert(incident=3)], AT)
    row = outbox.by_id(row_id)
    assert row is not None
    assert row.alert == an_alert(incident=3, due=AT)
    assert (row.state, row.attempts, row.created_at, row.result) == ("pending", 0, AT, None)


def test_rows_of_an_earlier_start_keep_their_numbers(tmp_path: Path) -> None:
    numbers = []
    for name in ("before", "after"):
        store = SqliteStore.open(tmp_path / "restarted.db")
        session = store.writer(lambda: "id")
        session.begin()
        numbers += session.transaction.outbox.put([an_alert(name)], AT)
        session.flush()
        session.commit()
        store.close()

    assert numbers == [1, 2]


def test_every_channel_is_announced_once(session: SqliteSession, outbox: Outbox) -> None:
    outbox.put([an_alert("a"), an_alert("b", channel="chat"), an_alert("c")], AT)
    assert session.transaction.announced == [AlertsQueued("mail"), AlertsQueued("chat")]


def test_a_row_waits_behind_an_older_one_of_its_monitor(outbox: Outbox) -> None:
    first, _, _ = outbox.put([an_alert("first", due=AT + 5000), an_alert("second"), an_alert("other", monitor=2)], AT)
    assert names(outbox.due("mail", AT, 10)) == ["other"]
    assert names(outbox.due("mail", AT + 5000, 10)) == ["other", "first"]
    outbox.settle(first, "delivered", "delivered", AT)
    assert names(outbox.due("mail", AT, 10)) == ["second", "other"]


def test_the_order_holds_within_a_channel_only(outbox: Outbox) -> None:
    outbox.put([an_alert("mail", due=AT + 5000), an_alert("chat", channel="chat")], AT)
    assert names(outbox.due("chat", AT, 10)) == ["chat"]


def test_alerts_of_no_monitor_wait_for_nobody(outbox: Outbox) -> None:
    outbox.put([an_alert("late", monitor=None, due=AT + 5000), an_alert("now", monitor=None)], AT)
    assert names(outbox.due("mail", AT, 10)) == ["now"]


def test_the_next_due_instant_ignores_rows_that_wait_behind_others(outbox: Outbox) -> None:
    outbox.put([an_alert("first", due=AT + 5000), an_alert("second")], AT)
    assert outbox.next_due("mail", AT) == AT + 5000
    assert outbox.next_due("chat", AT) is None


def test_a_dead_row_lets_the_next_one_pass(outbox: Outbox) -> None:
    first, _ = outbox.put([an_alert("first"), an_alert("second")], AT)
    outbox.settle(first, "dead", "given up", AT)
    assert names(outbox.due("mail", AT, 10)) == ["second"]


def test_a_lane_belongs_to_one_owner_until_the_claim_expires(outbox: Outbox) -> None:
    assert outbox.lanes.claim("mail", "one", AT, AT + 90)
    assert not outbox.lanes.claim("mail", "two", AT + 89, AT + 200)
    assert outbox.lanes.holds("mail", "one")
    assert outbox.lanes.claim("mail", "two", AT + 90, AT + 200)
    assert not outbox.lanes.holds("mail", "one")


def test_an_owner_renews_its_claim(outbox: Outbox) -> None:
    assert outbox.lanes.claim("mail", "one", AT, AT + 90)
    assert outbox.lanes.claim("mail", "one", AT + 50, AT + 140)
    assert not outbox.lanes.claim("mail", "two", AT + 100, AT + 200)


def test_a_released_lane_is_free_and_only_its_owner_releases_it(outbox: Outbox) -> None:
    outbox.lanes.claim("mail", "one", AT, AT + 90)
    outbox.lanes.release("mail", "two")
    assert outbox.lanes.holds("mail", "one")
    outbox.lanes.release("mail", "one")
    assert outbox.lanes.claim("mail", "two", AT, AT + 90)


def test_claims_of_a_process_that_is_gone_are_void(outbox: Outbox) -> None:
    outbox.lanes.claim("mail", "gone", AT, AT + 90_000)
    assert outbox.lanes.void_claims() == 1
    assert outbox.lanes.claim("mail", "new", AT, AT + 90)


def test_attempts_are_kept_and_counted(outbox: Outbox) -> None:
    (row_id,) = outbox.put([an_alert()], AT)
    tries = [Attempt(AT, 30, "failed", "HTTP 503", 503), Attempt(AT + 5000, 12, "delivered", None, 200)]
    for attempt in tries:
        outbox.record_attempt(row_id, attempt)
    assert outbox.attempts_of(row_id, 10) == tries
    row = outbox.by_id(row_id)
    assert row is not None
    assert row.attempts == 2


def test_alerts_are_listed_newest_first_and_by_state(outbox: Outbox) -> None:
    first, _ = outbox.put([an_alert("a"), an_alert("b")], AT)
    outbox.settle(first, "dead", "given up", AT)
    assert names(outbox.listed(10)) == ["b", "a"]
    assert names(outbox.listed(10, "dead")) == ["a"]
    assert outbox.waiting_channels() == ["mail"]


def test_it_knows_what_a_channel_was_told_of_an_incident(outbox: Outbox) -> None:
    (row_id,) = outbox.put([an_alert(incident=3)], AT)
    assert names(outbox.pending_for(3)) == ["a"]
    assert names(outbox.pending_for(3, "chat")) == []
    assert not outbox.told(3, "mail", AlertKind.MISSED)
    outbox.settle(row_id, "delivered", "delivered", AT)
    assert outbox.told(3, "mail", AlertKind.MISSED)
    assert outbox.pending_for(3) == []


def test_due_rows_are_found_by_index_among_ten_thousand(session: SqliteSession, outbox: Outbox) -> None:
    outbox.put([an_alert(str(number), monitor=number) for number in range(10_000)], AT)
    assert outbox.waiting_since() is not None
    steps: list[None] = []
    connection = session._connection
    connection.set_progress_handler(lambda: steps.append(None), 1000)
    outbox.due("mail", AT, 20)
    outbox.next_due("mail", AT)
    connection.set_progress_handler(None, 0)
    assert len(steps) < 10
