"""What keeps the daemon's start short and its memory small; set before anything large is imported."""

import ctypes
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ARENA_MAX = -8
"""M_ARENA_MAX of mallopt(3)."""


def share_memory() -> None:
    """Have glibc serve all threads from one arena: each of its own keeps what was freed in it to itself."""
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, 1)


def without_plugins() -> None:
    """Have pydantic look for no plug-ins of its own: it reads the description of every installed package for that."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


@contextmanager
def trusting_nobody() -> Iterator[None]:
    """Have the TLS contexts made meanwhile trust no certificate at all.

    aiohttp makes one for clients as it is imported: 35 ms, and 2 MB of certificates, for a daemon that asks nobody by
    it. Who does ask makes a context of his own.
    """
    usual = ssl.create_default_context
    ssl.create_default_context = lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        ssl.create_default_context = usual
