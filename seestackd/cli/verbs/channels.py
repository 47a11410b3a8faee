"""Channels that a verb names must be in the settings."""

from collections.abc import Iterable
from difflib import get_close_matches

from seestackd.errors import NotFound
from seestackd.settings import Settings


def known_channels(names: Iterable[str], settings: Settings) -> None:
    """Raise NotFound, with the nearest name or the next step, when a channel is not in the settings."""
    for name in names:
        if name not in settings.channels:
            near = get_close_matches(name, settings.channels, 1)
            step = (
                f"did you mean {near[0]}?" if near else f"add [channels.{name}] to the settings, then: seestackd reload"
            )
            raise NotFound(f"no channel {name} is defined; {step}", field="channel")
