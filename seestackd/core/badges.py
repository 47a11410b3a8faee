"""Badges: a word on how a job is, under an address that cannot be guessed."""

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from seestackd.core.public import Health

TOKEN_CHARS = 32
MAX_LABEL = 60
_WORDS = {Health.OK: "ok", Health.WAITING: "no report yet"}


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says; one line each."""

    label: str
    message: str
    health: Health


def token(secret: str, project_uid: str, kind: str, name: str) -> str:
    """Return what only this daemon can make for a monitor's slug or a tag (`kind` is m or t): 128 bits in hex."""
    signed = "\n".join((project_uid, kind, name)).encode("utf-8", "replace")
    return hmac.new(secret.encode(), signed, sha256).hexdigest()[:TOKEN_CHARS]


def is_token(given: str, secret: str, project_uid: str, kind: str, name: str) -> bool:
    """Tell whether `given` is the token, in a time that tells nothing of it."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token(secret, project_uid, kind, name).encode())


def of_monitor(name: str, health: Health) -> Badge:
    """Return the badge of one monitor."""
    return Badge(inert(name), _WORDS.get(health, health.value), health)


def of_tag(tag: str, states: Sequence[Health]) -> Badge:
    """Return the badge of all monitors with a tag; those that are paused say nothing."""
    watched = [state for state in states if state is not Health.PAUSED]
    if not watched:
        return Badge(inert(tag), Health.PAUSED.value, Health.PAUSED)
    for which in (Health.DOWN, Health.LATE, Health.MAINTENANCE):
        if count := watched.count(which):
            return Badge(inert(tag), f"{count} of {len(watched)} {which.value}", which)
    waiting = all(state is Health.WAITING for state in watched)
    return Badge(inert(tag), _WORDS[Health.WAITING if waiting else Health.OK], Health.WAITING if waiting else Health.OK)


def inert(text: str) -> str:
    """Return a text on one line without control and direction characters, cut to what a badge has room for."""
    line = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text[: 4 * MAX_LABEL]).strip()
    return line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…"


def width(text: str) -> int:
    """Return about how wide a text is at 11 px, in px."""
    return sum(12 if unicodedata.east_asian_width(char) in "WF" else 7 for char in text)
