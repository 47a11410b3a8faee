"""Services that keep incidents: one per incident of ours, which the recovery closes (dependencies.md 2).

Each function prepares a plugin of Apprise; what the channel's URL says itself stays.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from seestackd.delivery.messages import Message
from seestackd.delivery.wording import plain

MAX_DETAIL = 500


def pagerduty(plugin: Any, message: Message) -> None:
    """Trigger and resolve by one deduplication key; the rows of the letter go with it as details."""
    said = message.letter
    for label, value in [*said.rows, *said.links]:
        plugin.details.setdefault(label, plain(value)[:MAX_DETAIL])
    if said.output:
        plugin.details.setdefault("Output", "\n".join(said.output)[-MAX_DETAIL:])
    if plugin.action == plugin.template_args["action"]["default"]:
        plugin.action = "map" if message.closes else "trigger"
    plugin.dedup = plugin.dedup or message.incident or message.alert_id


def opsgenie(plugin: Any, message: Message) -> None:
    """Open and close by one alias.

    Apprise closes by the request ids it has kept, of which a fresh plugin has none; the service takes the alias too.
    """
    if plugin.action not in ("map", plugin.template_args["action"]["default"]):
        return
    plugin.action = "close" if message.closes else "new"
    alias = plugin.alias = plugin.alias or message.incident or message.alert_id
    kept = hashlib.sha1((plugin.entity or alias).encode(), usedforsecurity=False).hexdigest()[:10]
    plugin.store.set(kept, [alias])
    fetch = plugin._fetch

    def by_alias(method: Any, url: str, payload: Any, params: Any = None) -> Any:
        return fetch(method, url, payload, {**params, "identifierType": "alias"} if params else params)

    plugin._fetch = by_alias


INCIDENT_KEEPERS: Mapping[str, Callable[[Any, Message], None]] = {"opsgenie": opsgenie, "pagerduty": pagerduty}
