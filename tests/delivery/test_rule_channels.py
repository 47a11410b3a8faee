"""What rules bring as targets becomes Apprise URLs that send just there (contract.md 6.5)."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

import pytest

from seestackd.clock import Clock
from seestackd.core.events import RuleChannelGone, RuleChannelSet
from seestackd.core.incidents import AlertKind
from seestackd.delivery.apprise_sender import AppriseSender, check_url
from seestackd.delivery.examples import EXAMPLES
from seestackd.delivery.messages import render
from seestackd.delivery.rule_channels import PUSH_SCHEMAS, RuleChannels, RulePolicy, rule_channels
from seestackd.delivery.services import PLUGINS
from seestackd.errors import Invalid
from seestackd.feed import Feed
from tests.delivery.receivers import mail_server

OPEN = RulePolicy(allow_private=True)


def target(channel: dict[str, str], policy: RulePolicy = OPEN) -> str:
    return rule_channels("project", [channel], policy)[0].target


def test_targets_of_the_services_themselves_are_in_apprises_form() -> None:
    slack = target({"type": "slack", "webhook_url": "https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/" + "a" * 24})
    discord = target({"type": "discord", "webhookUrl": "https://discord.com/api/webhooks/123456/" + "a" * 60})

    assert check_url(slack) is None
    assert check_url(discord) is None


def test_a_parameter_of_a_webhook_is_sent_and_not_obeyed() -> None:
    url = target({"type": "slack", "webhook_url": "https://chat.example/h?retry=9&+X-Evil=1&:message=x"})

    names = [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    assert names[:3] == ["-retry", "- X-Evil", "-:message"]
    assert names.count(":message") == 1
    assert check_url(url) is None


def test_what_may_be_pushed_to_is_what_the_daemon_supports() -> None:
    assert PLUGINS.keys() >= PUSH_SCHEMAS


def test_one_target_is_one_lane_in_a_project_and_another_one_in_the_next() -> None:
    sent = [{"type": "push", "url": "ntfys://ntfy.sh/a"}, {"type": "push", "url": "ntfys://ntfy.sh/b"}]
    first, second = rule_channels("one", sent, OPEN)
    (again,) = rule_channels("one", sent[:1], OPEN)
    (elsewhere,) = rule_channels("two", sent[:1], OPEN)

    assert first.name == again.name
    assert len({first.name, second.name, elsewhere.name}) == 3


def test_without_a_mail_server_rules_send_no_mail() -> None:
    with pytest.raises(Invalid, match="mail_through"):
        rule_channels("project", [{"type": "email", "to": "ann@mail.example"}], OPEN)


async def test_mail_goes_to_the_address_of_the_rule_alone_through_the_operators_server() -> None:
    async with mail_server() as mailbox:
        feed = Feed()
        channels = RuleChannels(feed, RulePolicy(mail=mailbox.url()))
        (made,) = rule_channels("project", [{"type": "email", "to": "ann@mail.example"}], channels.policy)
        feed.publish([RuleChannelSet(made.name, made.target)])
        message = render("alert-id", AlertKind.TEST, EXAMPLES[AlertKind.TEST], public_url=None, at=0)
        sent = await asyncio.to_thread(AppriseSender(Clock()).send, channels[made.name], message)

    assert sent.ok, sent.error
    assert [mail["To"] for mail in mailbox.mails] == ["ann@mail.example"]


def test_a_target_that_no_rule_sends_to_is_forgotten() -> None:
    feed = Feed()
    channels = RuleChannels(feed, RulePolicy())
    channels.know({"push:0123456789ab": "json://a.example"})
    feed.publish([RuleChannelGone("push:0123456789ab")])

    assert channels.get("push:0123456789ab") is None
