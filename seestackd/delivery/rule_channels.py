"""Targets of alert rules that were made over the API: as Apprise URLs, and kept off this machine's network."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from seestackd.core.alert_rules import RuleChannel
from seestackd.core.events import RuleChannelGone, RuleChannelSet
from seestackd.delivery.channels import Channel, display
from seestackd.delivery.public_only import is_public
from seestackd.delivery.services import HOSTS
from seestackd.errors import Invalid
from seestackd.feed import Feed

MAX_TARGET = 2000
HIDDEN = "…"
PUSH_SCHEMAS = frozenset({"gotify", "gotifys", "json", "jsons", "ntfy", "ntfys", "pbul", "pover", "prowl", "tgram"})
_MAIL = frozenset({"mailto", "mailtos"})
_KEYS = {
    "slack": ("webhook_url", "webhookUrl", "url"),
    "discord": ("webhook_url", "webhookUrl", "url"),
    "email": ("to", "email", "address", "recipient"),
    "push": ("url", "webhook_url", "webhookUrl"),
}
# Elsewhere than at a service's own host a webhook gets JSON, with the text where such services expect it.
_TEXT_IN = {"slack": "text", "discord": "content"}
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """What rules may send to: private networks or not, and mail through the server of the URL `mail` (a secret)."""

    allow_private: bool = False
    mail: str = field(default="", repr=False)


def rule_channels(project_uid: str, sent: Sequence[Mapping[str, Any]], policy: RulePolicy) -> tuple[RuleChannel, ...]:
    """Return the channels that an alert rule names; raises Invalid with the field of the first that cannot be used."""
    return tuple(_channel(project_uid, each, f"channels[{number}]", policy) for number, each in enumerate(sent))


def _channel(project_uid: str, sent: Mapping[str, Any], place: str, policy: RulePolicy) -> RuleChannel:
    kind = sent.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise Invalid(f"must be one of: {', '.join(_KEYS)}", field=f"{place}.type")
    key = next((name for name in _KEYS[kind] if sent.get(name)), _KEYS[kind][0])
    where, text = f"{place}.{key}", sent.get(key)
    if not isinstance(text, str) or not text.strip():
        raise Invalid(f"must not be blank; a {kind} channel needs its {_WANTED[kind]}", field=where)
    text = text.strip()
    if HIDDEN in text:
        name = sent.get("id")
        return RuleChannel(name if isinstance(name, str) else "", kind, {key: text})
    if len(text) > MAX_TARGET or not text.isascii() or not text.isprintable() or " " in text:
        raise Invalid(f"must be the {_WANTED[kind]}, without spaces, in at most {MAX_TARGET} characters", field=where)
    target = _MAKE[kind](kind, text, where, policy)
    mark = hashlib.sha256(f"{project_uid}\n{target}".encode()).hexdigest()[:12]
    return RuleChannel(f"{kind}:{mark}", kind, {key: text if kind == "email" else _masked(text)}, target)


_WANTED = {
    "slack": "incoming webhook, such as https://hooks.slack.com/services/…",
    "discord": "webhook, such as https://discord.com/api/webhooks/…",
    "email": "address, such as ops@example.com",
    "push": "Apprise URL of the service, such as ntfys://ntfy.sh/topic",
}


def _masked(text: str) -> str:
    schema = text.partition("://")[0].lower()
    if schema in ("http", "https"):
        return f"{schema}://{urlsplit(text).hostname}/{HIDDEN}"
    shown = display(text)
    return shown if shown.endswith(HIDDEN) else f"{shown}/{HIDDEN}"


def _webhook(kind: str, text: str, where: str, policy: RulePolicy) -> str:
    parts = _split(text)
    secure = parts is not None and parts.scheme.lower() == "https"
    if parts is None or not (secure or (policy.allow_private and parts.scheme.lower() == "http")):
        raise Invalid(f"must be the {_WANTED[kind]}: an https:// address without a user", field=where)
    _refuse_private(parts, where, policy)
    if HOSTS.get(parts.hostname or "") == kind:
        return text
    # A parameter of the address is one that is sent, not one that Apprise obeys.
    query = [(f"-{name}", value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    query += [("format", "markdown"), (":message", _TEXT_IN[kind])]
    query += [(f":{unwanted}", "") for unwanted in ("version", "title", "type", "attachments")]
    return urlunsplit(("jsons" if secure else "json", parts.netloc, parts.path, urlencode(query), ""))


def _push(kind: str, text: str, where: str, policy: RulePolicy) -> str:
    schema = text.partition("://")[0].lower()
    if "://" not in text or schema not in PUSH_SCHEMAS:
        raise Invalid(
            f"must begin with one of: {', '.join(f'{each}://' for each in sorted(PUSH_SCHEMAS))}", field=where
        )
    parts = _split(text, login=True)
    if parts is None:
        raise Invalid(f"must be the {_WANTED[kind]}", field=where)
    _refuse_private(parts, where, policy)
    return text


def _email(kind: str, text: str, where: str, policy: RulePolicy) -> str:
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise Invalid("must be one mail address, such as ops@example.com", field=where)
    if not policy.mail:
        message = "needs a mail server; have the operator set alert_rules.mail_through in the configuration"
        raise Invalid(message, field=where)
    return text


_MAKE: Mapping[str, Callable[[str, str, str, RulePolicy], str]] = {
    "slack": _webhook,
    "discord": _webhook,
    "push": _push,
    "email": _email,
}


def _split(text: str, login: bool = False) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    place = parts.netloc.rpartition("@")[2] if login else parts.netloc
    host = re.sub(r":[0-9]{1,5}$", "", place)
    return parts if login or _HOST.fullmatch(host) else None


def _refuse_private(parts: SplitResult, where: str, policy: RulePolicy) -> None:
    """Refuse an address that is seen to be private; one behind a name is refused when it is connected to."""
    host = (parts.hostname or "").rstrip(".")
    numeric = bool(re.fullmatch(r"(0x)?[0-9a-f.:]+", host)) and (host[-1:].isdigit() or ":" in host or "0x" in host)
    local = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if not policy.allow_private and (local or (numeric and not is_public(host))):
        message = "may not reach a private network; the operator can allow it with alert_rules.allow_private"
        raise Invalid(message, field=where)


class RuleChannels(Mapping[str, Channel]):
    """The channels that rules have brought, by name, as they are now; `policy` may be set anew."""

    def __init__(self, feed: Feed, policy: RulePolicy) -> None:
        self.policy = policy
        self._targets: dict[str, str] = {}
        feed.listen(self._hear)

    def know(self, targets: Mapping[str, str]) -> None:
        """Take what is stored."""
        self._targets.update(targets)

    def of_rule(self, project_uid: str, sent: Sequence[Mapping[str, Any]]) -> tuple[RuleChannel, ...]:
        """Return what the channels that a rule names come to; raises Invalid."""
        return rule_channels(project_uid, sent, self.policy)

    def __getitem__(self, name: str) -> Channel:
        target = self._targets[name]
        if name.startswith("email:"):
            # The server is the operator's own, who may have it on this machine.
            return Channel(name, _mail_url(self.policy.mail, target))
        return Channel(name, target, allow_private=self.policy.allow_private)

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def _hear(self, changes: Sequence[object]) -> None:
        for change in changes:
            if isinstance(change, RuleChannelSet):
                self._targets[change.name] = change.target
            elif isinstance(change, RuleChannelGone):
                self._targets.pop(change.name, None)


def _mail_url(mail: str, address: str) -> str:
    """Return the operator's mail URL with another recipient."""
    parts = urlsplit(mail)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key.lower() not in ("to", "cc", "bcc")]
    said = urlencode([*query, ("to", address)], quote_via=quote)
    return urlunsplit((parts.scheme, parts.netloc, "", said, ""))


def is_mail(url: str) -> bool:
    """Return whether an Apprise URL is one of a mail server."""
    return url.partition("://")[0].strip().lower() in _MAIL
