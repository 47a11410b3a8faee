"""What is told about a run, and whom it is told to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from seestackd.cli.wrapper.options import Usage, check_url

DEFAULT_URL = "http://127.0.0.1:8080"
OLD_MS = 1_000
"""From this age on a report says how old it is: a younger one counts from its arrival."""

_MAX_KEY_FILE = 4_096
_KEY_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")
_MAX_KEY = 128


class NoTarget(Exception):
    """Reports cannot be sent anywhere: the key is missing or cannot be used; never holds it."""


@dataclass(frozen=True)
class Target:
    """Where reports go. `source` is where the key came from: `file:PATH`, or the key itself."""

    url: str
    source: str = field(repr=False)

    def key(self) -> str:
        """Return the key; a file is read each time, for it may have been replaced. Raises NoTarget."""
        path = self.source.removeprefix("file:")
        return _checked(self.source if path == self.source else _from_file(path))


@dataclass(frozen=True)
class Report:
    """One ping: `action` ends its URL (`start`, `fail`, `log`, an exit code, or nothing), `at` is when it happened.

    `fields` are its query, `eventId` among them: by that the daemon knows a report that it has got already.
    """

    slug: str
    action: str
    at: int
    fields: Mapping[str, str]
    output: bytes = b""

    def path(self, key: str, sent_at: int) -> str:
        """Return the path of its URL (semantics.md 3: `at` and `sentAt` are our own clock)."""
        query = dict(self.fields)
        if sent_at - self.at > OLD_MS:
            query |= {"at": str(self.at), "sentAt": str(sent_at)}
        end = f"/{self.action}" if self.action else ""
        return f"/ping/{key}/{self.slug}{end}?{urlencode(query, errors='replace')}"


def target_of(url: str | None, source: str | None, environ: Mapping[str, str] = os.environ) -> Target:
    """Return where reports go by the options, else by the variables. Raises NoTarget when no key is given."""
    source = source or environ.get("SEESTACKD_PING_KEY", "").strip()
    if not source:
        raise NoTarget("no key is set; give one of scope ping in SEESTACKD_PING_KEY, or with --key file:PATH")
    if source.startswith("file:"):
        source = "file:" + os.path.abspath(source.removeprefix("file:"))
    else:
        _checked(source)
    address = url or environ.get("SEESTACKD_URL") or DEFAULT_URL
    try:
        check_url(address)
    except Usage as error:
        raise NoTarget(f"SEESTACKD_URL: {error}") from None
    return Target(address.rstrip("/"), source)


def _checked(key: str) -> str:
    if not 0 < len(key) <= _MAX_KEY or not _KEY_CHARACTERS.issuperset(key):
        raise NoTarget("the key is not one of ours; print a new one with: seestackd key create NAME --scope ping")
    return key


def _from_file(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_KEY_FILE).decode("ascii", "replace").strip()
    except OSError as error:
        raise NoTarget(f"the key's file {path} cannot be read: {error.strerror}; correct --key or its mode") from None
