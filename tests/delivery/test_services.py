"""Apprise's own plugins of services, pointed at loopback: what they are sent, in which form and length."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from apprise import NotificationManager
from apprise.plugins import opsgenie, pagerduty

from seestackd.clock import Clock
from seestackd.core.incidents import AlertKind
from seestackd.delivery.apprise_sender import AppriseSender, check_url
from seestackd.delivery.channels import Channel
from seestackd.delivery.examples import EXAMPLES
from seestackd.delivery.messages import Message, render
from tests.delivery.services import Services, services

HOSTILE = "*b* _i_ `c` <!here> <x|y> [z](http://evil.example) & ~s~ ```"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544"
PUSHOVER = f"pover://{'u' * 30}@{'a' * 30}"
TWILIO = f"twilio://AC{'a' * 32}:{'b' * 32}@15551230000/15551234567"
PAGERDUTY = "pagerduty://integration@apikey"
OPSGENIE = "opsgenie://apikey"


@pytest.fixture
async def stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    for url in (SLACK, DISCORD, TELEGRAM, PUSHOVER, TWILIO, PAGERDUTY, OPSGENIE):
        assert check_url(url) is None
    plugins: Any = NotificationManager()
    async with services() as stand_in:
        monkeypatch.setattr(plugins["slack"], "webhook_url", f"{stand_in.base}/slack")
        monkeypatch.setattr(plugins["discord"], "notify_url", f"{stand_in.base}/discord")
        monkeypatch.setattr(plugins["tgram"], "notify_url", f"{stand_in.base}/telegram")
        monkeypatch.setattr(plugins["pover"], "notify_url", f"{stand_in.base}/pushover")
        monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", f"{stand_in.base}/pagerduty")
        monkeypatch.setitem(opsgenie.OPSGENIE_API_LOOKUP, "us", f"{stand_in.base}/opsgenie")
        monkeypatch.setattr(plugins["twilio"], "notify_sms_url", f"{stand_in.base}/twilio")
        yield stand_in


def an_alert(kind: AlertKind = AlertKind.FAILED, alert_id: str = "alert-5eed1234", **facts: Any) -> Message:
    known = {**EXAMPLES[kind], **facts}
    return render(alert_id, kind, known, public_url="https://mon.example", at=known["at"], pages=True)


async def send(url: str, message: Message) -> None:
    sent = await asyncio.to_thread(AppriseSender(Clock()).send, Channel("here", url, 5.0), message)
    assert sent.ok, sent.error


def long_alert() -> Message:
    return an_alert(output_tail=[f"line {number} " + "x" * 280 for number in range(20)], output_lines=214)


async def test_slack_gets_markdown_with_links_and_a_fence(stand_in: Services) -> None:
    await send(SLACK, an_alert())
    (attachment,) = stand_in.last["attachments"]
    text = attachment["text"]
    assert text.startswith("*FAILED* `etl-orders`: exit 1 after 1 m 02 s\n")
    assert "• *Message*" in text or "- *Message* `Database connection refused`" in text
    assert "```\npsycopg.OperationalError: connection refused\n" in text
    assert "<https://mon.example/m/etl-orders|Open>" in text
    assert "**" not in text


async def test_foreign_markup_is_shown_by_slack_as_it_was_written(stand_in: Services) -> None:
    await send(SLACK, an_alert(message=HOSTILE, name=HOSTILE, host=HOSTILE, output_tail=[HOSTILE]))
    text = stand_in.last["attachments"][0]["text"]
    assert "<!here>" not in text
    assert "<x|y>" not in text
    assert "evil.example|" not in text
    assert text.count("```") == 2
    assert "\\" not in text


async def test_discord_gets_markdown_within_two_thousand_characters(stand_in: Services) -> None:
    await send(DISCORD, long_alert())
    content = stand_in.last["content"]
    assert len(content) <= 2000
    assert content.startswith("**FAILED** `etl-orders`: exit 1")
    assert "of 214 output lines:" in content
    assert "line 19 x" in content
    assert "line 0 x" not in content
    assert content.count("```") == 2
    assert "[Silence](https://mon.example/i/41/silence)" in content


@pytest.mark.parametrize("schema", ["mmost", "rocket"])
async def test_chats_on_a_machine_of_ones_own_get_markdown(stand_in: Services, schema: str) -> None:
    url = {
        "mmost": f"mmost://127.0.0.1:{stand_in.port}/3ccdd113474722377935511fc85d3dd4",
        "rocket": f"rocket://{'a' * 24}/{'b' * 24}@127.0.0.1:{stand_in.port}/#ops",
    }[schema]
    await send(url, long_alert())
    text = stand_in.last["text"]
    assert "`etl-orders`: exit 1 after 1 m 02 s" in text
    assert "line 19 x" in text or schema == "rocket"
    assert "\\" not in text
    assert len(text) <= 4000


async def test_telegram_gets_html_within_its_limit(stand_in: Services) -> None:
    await send(TELEGRAM, an_alert(message=HOSTILE))
    assert stand_in.last["parse_mode"] == "HTML"
    assert "<b>Message:</b>" in stand_in.last["text"]
    assert "<!" not in stand_in.last["text"]
    assert stand_in.last["text"].count("FAILED etl-orders") == 1
    await send(TELEGRAM, long_alert())
    assert len(stand_in.last["text"]) <= 4096
    assert "line 19 x" in stand_in.last["text"]
    assert stand_in.last["text"].count("<pre>") == stand_in.last["text"].count("</pre>") == 1


async def test_pushover_is_not_sent_more_than_it_takes(stand_in: Services) -> None:
    await send(PUSHOVER, long_alert())
    assert len(stand_in.last["message"]) <= 1024
    assert "line 19 x" in stand_in.last["message"]


async def test_a_text_message_is_one_text_message(stand_in: Services) -> None:
    await send(TWILIO, long_alert())
    body = stand_in.last["Body"]
    assert len(body) <= 160
    assert body.startswith("FAILED etl-orders: exit 1 after 1 m 02 s")
    assert "https://mon.example/m/etl-orders" in body or "reported a failure" in body


async def test_pagerduty_opens_with_one_line_and_resolves_the_same_incident(stand_in: Services) -> None:
    await send(PAGERDUTY, an_alert(AlertKind.MISSED))
    opened = stand_in.last
    await send(PAGERDUTY, an_alert(AlertKind.RECOVERED, "another-id"))
    closed = stand_in.last
    assert opened["event_action"] == "trigger"
    assert opened["payload"]["summary"] == "MISSED nightly-backup: due 03:00 CET"
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"]["custom_details"]["Expected"].startswith("Mon 23 Nov 2026 03:00 CET")
    assert closed["event_action"] == "resolve"
    assert opened["dedup_key"] == closed["dedup_key"] == "incident-42@mon.example"


async def test_a_repeated_message_is_one_incident_at_pagerduty(stand_in: Services) -> None:
    await send(PAGERDUTY, an_alert(AlertKind.DIGEST))
    first = stand_in.last
    await send(PAGERDUTY, an_alert(AlertKind.DIGEST))
    assert first["dedup_key"] == stand_in.last["dedup_key"] == "alert-5eed1234"
    assert first["payload"]["summary"] == "7 monitors need attention (5 missed, 2 failed)"


async def test_what_the_url_says_itself_stays(stand_in: Services) -> None:
    await send(f"{PAGERDUTY}?dedup=mine&action=resolve", an_alert(AlertKind.MISSED))
    assert (stand_in.last["event_action"], stand_in.last["dedup_key"]) == ("resolve", "mine")


async def test_opsgenie_opens_and_closes_by_one_alias(stand_in: Services) -> None:
    await send(OPSGENIE, an_alert(AlertKind.MISSED))
    opened = stand_in.requests[-1]
    await send(OPSGENIE, an_alert(AlertKind.RECOVERED, "another-id"))
    method, path, _ = stand_in.requests[-1]
    assert opened[2]["alias"] == "incident-42@mon.example"
    assert opened[2]["message"] == "MISSED nightly-backup: due 03:00 CET"
    assert method == "POST"
    assert path == "/opsgenie/incident-42@mon.example/close?identifierType=alias"


async def test_a_test_message_is_not_taken_for_a_recovery(stand_in: Services) -> None:
    await send(OPSGENIE, an_alert(AlertKind.TEST))
    assert "message" in stand_in.last
    await send(PAGERDUTY, an_alert(AlertKind.TEST))
    assert stand_in.last["event_action"] == "trigger"


@pytest.mark.parametrize("url", [SLACK, DISCORD, TELEGRAM, PUSHOVER, PAGERDUTY, OPSGENIE])
async def test_a_storm_with_control_characters_and_a_megabyte_gets_through(stand_in: Services, url: str) -> None:
    hostile = "\x00\x1b[31m\u202e```" + "m" * 1_000_000
    lines = [{"kind": "failed", "slug": f"job-{number}", "message": hostile[:80], "at": 1} for number in range(50)]
    message = an_alert(AlertKind.DIGEST, lines=lines, counts={"failed": 10_000}, monitors=10_000)
    await send(url, message)
    await send(url, an_alert(message=hostile, host=hostile, name=hostile, output_tail=[hostile]))
    sent = str(stand_in.requests)
    assert "\\x00" not in sent
    assert "\\x1b" not in sent
    assert len(sent) < 60_000
