"""What the configuration says of channels."""

import logging
import threading

from seestackd.delivery.apprise_sender import check_url
from seestackd.delivery.channels import Channel
from seestackd.delivery.rule_channels import RulePolicy, is_mail
from seestackd.settings import Settings

log = logging.getLogger(__name__)


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Return the channels that are declared; what cannot be used is logged, beside the start."""
    channels = {
        name: Channel(name, channel.url, fallback=channel.fallback or None, digest=channel.digest)
        for name, channel in settings.channels.items()
    }
    if channels:
        threading.Thread(target=_check, args=(channels,), name="channels", daemon=True).start()
    return channels


def _check(channels: dict[str, Channel]) -> None:
    """Load Apprise with all its services, beside the start and before the first alert; name what cannot be used."""
    for name, channel in channels.items():
        if reason := check_url(channel.url):
            log.error("channel %s cannot be used: %s", name, reason)


def rule_policy(settings: Settings) -> RulePolicy:
    """Return what alert rules may send to."""
    rules = settings.alert_rules
    mail = settings.channels[rules.mail_through].url if rules.mail_through else ""
    if mail and not is_mail(mail):
        log.error("alert_rules.mail_through: the channel %s sends no mail; name one with mailto://", rules.mail_through)
        mail = ""
    return RulePolicy(rules.allow_private, mail)
