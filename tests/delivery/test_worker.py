"""The whole way of an alert: real store, real runner, real Apprise, real receivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seestackd.core.incidents import Alert, AlertKind, OutboxRow, Severity
from seestackd.delivery.apprise_sender import AppriseSender
from seestackd.delivery.channels import Channel
from seestackd.delivery.messages import Message, render
from seestackd.operations.lanes import ClaimLane, claim_lane
from seestackd.operations.outbox import (
    ListAlerts,
    QueueTest,
    listed,
    queue_test,
)
from tests.delivery.house import START, House, a_house
from tests.delivery.receivers import mail_server, webhook
from tests.ports import free_port


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path / "seestackd.db") as house:
        yield house


def missed(channel: str, name: str = "nightly-backup", monitor: int = 1) -> Alert:
    facts = {"slug": name, "expected_at": START - 900_000, "grace_ms": 900_000, "at": START, "bad": 1}
    return Alert(f"alert-{name}", channel, AlertKind.MISSED, Severity.CRITICAL, facts, 1, monitor, 9)


async def test_an_alert_leaves_at_once_and_says_what_was_missed(house: House) -> None:
    async with webhook() as hook, mail_server() as mailbox:
        await house.open(Channel("chat", hook.url()), Channel("mail", mailbox.url()))
        chat, mail = await house.put(missed("chat"), missed("mail"))
        assert (await house.settled(chat)).state == "delivered"
        assert (await house.settled(mail)).state == "delivered"
    assert hook.titles() == ["MISSED nightly-backup: due 01:45 UTC"]
    assert mailbox.mails[0]["Subject"] == hook.titles()[0]
    assert mailbox.mails[0]["References"] == "<incident-9@mon.example>"
    assert "seestackd incident silence 9 --for 8h" in hook.received[0]["message"]


async def test_what_waited_before_the_start_is_sent(house: House) -> None:
    async with webhook() as hook:
        (row_id,) = await house.put(missed("chat"))
        await house.open(Channel("chat", hook.url()))
        assert (await house.settled(row_id)).state == "delivered"


async def test_a_refused_channel_does_not_keep_another_from_being_told(house: House) -> None:
    async with webhook() as hook:
        await house.open(Channel("down", f"json://127.0.0.1:{free_port()}/"), Channel("chat", hook.url()))
        down, chat = await house.put(missed("down"), missed("chat"))
        assert (await house.settled(chat)).state == "delivered"
        row = await house.tried(down)
    assert (row.state, row.result) == ("pending", "connection refused: nothing listens at this address")


async def test_a_channel_that_is_not_defined_kills_its_row_with_the_reason_and_no_other(house: House) -> None:
    async with webhook() as hook:
        await house.open(Channel("chat", hook.url()))
        lost, chat = await house.put(missed("pager"), missed("chat"))
        assert (await house.settled(chat)).state == "delivered"
        row = await house.settled(lost)
    assert row.state == "dead"
    assert "the channel 'pager' is not defined; add [channels.pager]" in (row.result or "")


async def test_a_failed_alert_is_sent_again_when_its_time_comes(house: House) -> None:
    async with webhook(503, 200) as hook:
        await house.open(Channel("chat", hook.url()))
        (row_id,) = await house.put(missed("chat"))
        row = await house.tried(row_id)
        assert row.alert.next_attempt_at is not None
        assert 4900 <= row.alert.next_attempt_at - START <= 8000
        house.clock.advance(5)
        await house.put(missed("chat", "other", monitor=2))
        assert (await house.settled(row_id)).state == "delivered"
        attempts = (await house.view(row_id)).attempts
    assert [(one.result, one.status) for one in attempts] == [("failed", 503), ("delivered", 200)]
    assert [headers["Idempotency-Key"] for _, _, headers in hook.seen].count("alert-nightly-backup") == 2


async def test_what_is_due_later_needs_nothing_to_wake_it_but_time(house: House) -> None:
    async with webhook() as hook:
        await house.open(Channel("chat", hook.url()))
        due_at = house.clock.now() + 300
        (row_id,) = await house.put(replace(missed("chat"), next_attempt_at=due_at))
        await asyncio.sleep(0.1)
        assert not hook.received
        row = await house.settled(row_id)
    assert row.settled_at is not None
    assert 0 <= row.settled_at - due_at < 1500


async def test_recovery_does_not_overtake_the_opening_it_belongs_to(house: House) -> None:
    async with webhook(500, 200) as hook:
        await house.open(Channel("chat", hook.url(), digest=9))
        opening, recovery = await house.put(missed("chat", "opening"), missed("chat", "recovery"))
        await house.tried(opening)
        assert (await house.row(recovery)).attempts == 0
        house.clock.advance(5)
        await house.put(missed("chat", "other", monitor=2))
        await house.settled(recovery)
    order = [title.split()[1] for title in hook.titles()]
    assert order.index("recovery:") > [i for i, title in enumerate(order) if title == "opening:"][1]


async def test_too_many_requests_wait_as_long_as_asked(house: House) -> None:
    async with webhook(429, Retry_After="600") as hook:
        await house.open(Channel("chat", hook.url()))
        (row_id,) = await house.put(missed("chat"))
        row = await house.tried(row_id)
    assert row.alert.next_attempt_at is not None
    assert row.alert.next_attempt_at - START >= 600_000


async def test_a_redirect_is_no_delivery(house: House) -> None:
    async with webhook(302, Location="/elsewhere") as hook:
        await house.open(Channel("chat", hook.url()))
        (row_id,) = await house.put(missed("chat"))
        row = await house.tried(row_id)
        assert row.state == "pending"
    assert len(hook.seen) == 1


async def test_a_dripping_channel_is_cut_off_at_its_limit_and_the_others_go_on(house: House) -> None:
    async with webhook("drip") as dripping, webhook() as hook:
        delivery = await house.open(Channel("slow", dripping.url(), limit=0.4), Channel("chat", hook.url()))
        slow, chat = await house.put(missed("slow"), missed("chat"))
        assert (await house.settled(chat, timeout=2)).state == "delivered"
        row = await house.tried(slow)
        assert row.result == "no end within 0.4 s"
        assert delivery.threads.lingering("slow") == 1
        dripping.open_gate.set()
        await ended(lambda: delivery.threads.lingering("slow") == 0)


async def test_a_sending_that_succeeds_after_its_limit_is_not_repeated(house: House) -> None:
    async with webhook("drip") as dripping:
        await house.open(Channel("slow", dripping.url(), limit=0.3))
        (row_id,) = await house.put(missed("slow"))
        await house.tried(row_id)
        dripping.open_gate.set()
        assert (await house.settled(row_id)).state == "delivered"
    assert len(dripping.received) == 1


async def test_with_four_hanging_sendings_a_channel_counts_as_failing(house: House) -> None:
    async with webhook("drip") as dripping:
        delivery = await house.open(Channel("slow", dripping.url("/hook?rto=20"), limit=0.1, digest=9))
        rows = await house.put(*(missed("slow", f"job-{number}", number) for number in range(5)))
        last = await house.tried(rows[-1])
        assert delivery.threads.lingering("slow") == 4
        assert len(dripping.received) == 4
        assert last.result == "earlier messages still hang in this channel"
        assert last.state == "pending"


async def test_killed_between_sending_and_settling_it_sends_again_with_the_same_alert_id(tmp_path: Path) -> None:
    path = tmp_path / "seestackd.db"
    async with webhook() as hook:
        channel = Channel("chat", hook.url())
        async with a_house(path) as house:
            (row_id,) = await house.put(missed("chat"))
            claimed = await house.runner.run(claim_lane, ClaimLane("chat", "killed", 30_000))
            message = as_sent_before(claimed.rows[0])
            assert (await asyncio.to_thread(AppriseSender(house.clock).send, channel, message)).ok
        async with a_house(path) as house:
            await house.open(channel, owner="next")
            assert (await house.settled(row_id)).state == "delivered"
    assert [headers["Idempotency-Key"] for _, _, headers in hook.seen] == ["alert-nightly-backup"] * 2


async def test_an_unfinished_sending_does_not_hold_up_a_stop_and_is_sent_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "seestackd.db"
    async with webhook("hang", 200) as hook:
        async with a_house(path) as house:
            delivery = await house.open(Channel("chat", hook.url()))
            (row_id,) = await house.put(missed("chat"))
            await ended(lambda: len(hook.received) == 1)
            async with asyncio.timeout(2):
                await delivery.stop(0.1)
            assert (await house.row(row_id)).attempts == 0
        async with a_house(path) as house:
            await house.open(Channel("chat", hook.url()), owner="next")
            assert (await house.settled(row_id)).state == "delivered"


async def test_a_stop_waits_for_a_sending_that_is_about_to_end(house: House) -> None:
    async with webhook("drip") as hook:
        delivery = await house.open(Channel("chat", hook.url()))
        (row_id,) = await house.put(missed("chat"))
        await ended(lambda: len(hook.received) == 1)
        asyncio.get_running_loop().call_later(0.2, hook.open_gate.set)
        await delivery.stop(5)
        assert (await house.row(row_id)).state == "delivered"


async def test_a_test_alert_tells_at_once_how_it_went(house: House) -> None:
    await house.open(Channel("chat", f"json://127.0.0.1:{free_port()}/"))
    row_id = await house.runner.run(queue_test, QueueTest("chat", "admin"))
    row = await house.settled(row_id)
    assert row.state == "dead"
    assert row.result == "given up after 1 attempt: connection refused: nothing listens at this address"


async def test_a_hundred_alerts_of_a_hundred_monitors_all_arrive_once(house: House) -> None:
    async with webhook() as hook:
        await house.open(Channel("chat", hook.url(), digest=100))
        rows = await house.put(*(missed("chat", f"job-{number}", number) for number in range(100)))
        await house.settled(rows[-1], timeout=20)
        listing = await house.runner.read(listed, ListAlerts(limit=200, state="delivered"))
    assert len(listing) == 100
    assert len(set(hook.titles())) == len(hook.titles()) == 100


def as_sent_before(row: OutboxRow) -> Message:
    return render(row.alert.alert_id, row.alert.kind, row.alert.facts, public_url=None, at=START)


async def ended(done: Callable[[], bool], timeout: float = 5.0) -> None:
    async with asyncio.timeout(timeout):
        while not done():
            await asyncio.sleep(0.02)


async def test_what_a_channel_gives_up_reaches_its_fallback_with_the_reason(house: House) -> None:
    async with webhook() as hook:
        lost = Channel("chat", "nonsense://x", fallback="mail")
        await house.open(lost, Channel("mail", hook.url()))
        (row_id,) = await house.put(missed("chat"))
        assert (await house.settled(row_id)).state == "dead"
        await ended(lambda: len(hook.received) == 1)
    assert "Instead of: channel chat: the service 'nonsense' is not supported" in hook.received[0]["message"]
    assert hook.seen[0][2]["Idempotency-Key"] == "alert-nightly-backup"


async def test_no_unusable_channel_and_no_hostile_message_keeps_the_others_from_being_told(house: House) -> None:
    hostile = "\x00\x1b[31m\u202e" + "m" * 1_000_000
    unusable = [
        "",
        "json://[bad",
        "json://a\nb/",
        "nonsense://x",
        "https://example.org/hook",
        "slack://x",
        "file:///tmp",
    ]
    async with webhook() as hook:
        lost = [Channel(f"lost-{number}", url) for number, url in enumerate(unusable)]
        await house.open(*lost, Channel("chat", hook.url()))
        alerts = [missed(name) for name in (*[channel.name for channel in lost], "undefined", "chat")]
        rows = await house.put(*(replace(alert, facts={**alert.facts, "message": hostile}) for alert in alerts))
        states = [await house.settled(row_id) for row_id in rows]
    assert [row.state for row in states] == ["dead"] * 8 + ["delivered"]
    assert all(row.result and len(row.result) < 600 for row in states)
    assert len(str(hook.received)) < 12_000


async def test_a_storm_leaves_two_messages_and_then_a_digest(house: House) -> None:
    async with webhook() as hook, mail_server() as mailbox:
        await house.open(Channel("chat", hook.url()), Channel("mail", mailbox.url(), digest=1))
        alerts = [missed(name, f"job-{number}", number) for number in range(10) for name in ("chat", "mail")]
        await house.put(*alerts)
        await ended(lambda: len(hook.received) == 2 and len(mailbox.mails) == 1)
        house.clock.advance(31)
        await house.put(missed("chat", "job-x", 99), missed("mail", "job-x", 99))
        await ended(lambda: len(hook.received) == 3 and len(mailbox.mails) == 2)
    assert hook.titles()[2] == "9 monitors need attention (9 missed)"
    assert mailbox.mails[1]["Subject"] == "10 monitors need attention (10 missed)"


async def test_a_restart_in_the_middle_of_a_storm_changes_nothing_about_its_digest(house: House) -> None:
    async with webhook() as hook:
        before = await house.open(Channel("chat", hook.url()))
        await house.put(*(missed("chat", f"job-{number}", number) for number in range(6)))
        await ended(lambda: len(hook.received) == 2)
        await before.stop()
        house.clock.advance(10)
        await house.open(Channel("chat", hook.url()), owner="two")
        await house.put(missed("chat", "job-x", 99))
        await asyncio.sleep(0.2)
        assert len(hook.received) == 2
        house.clock.advance(21)
        await house.put(missed("chat", "job-y", 100))
        await ended(lambda: len(hook.received) == 3)
    assert hook.titles()[2] == "6 monitors need attention (6 missed)"


async def test_two_channels_to_one_place_are_two_channels(house: House) -> None:
    async with webhook(500, 200) as hook:
        await house.open(Channel("chat", hook.url()), Channel("again", hook.url()))
        (first,) = await house.put(missed("chat"))
        await house.tried(first)
        (second,) = await house.put(missed("again"))
        assert (await house.settled(second)).state == "delivered"
        assert (await house.row(first)).state == "pending"
