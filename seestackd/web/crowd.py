"""Who is connected: strangers are few per address, and go before this process runs out of descriptors.

A stranger is a connection that has shown no key yet. Rules of reliability.md 3.1.
"""

import asyncio
import ipaddress
import resource
from collections.abc import Callable
from typing import Protocol

from seestackd.web.proxies import Proxies

RESERVED = 256
"""Descriptors kept for the database, the channels and the command line."""

PER_ADDRESS = 64
PATIENCE_S = 0.5
"""How long more strangers than that may stay: jobs of one host that all report at three o'clock are done by then."""


class Guest(Protocol):
    """A connection. `busy` while a request of it is being answered."""

    @property
    def busy(self) -> bool: ...
    def shed(self) -> None: ...


def room() -> int:
    """Return how many connections this process can hold, by its limit of descriptors."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 30 if limit == resource.RLIM_INFINITY else max(limit - RESERVED, limit // 2)


class Crowd:
    """Counts connections, and closes strangers where there are too many; `shed` is told how many at a time."""

    def __init__(
        self, proxies: Proxies, shed: Callable[[int], None], most: int | None = None, per_address: int = PER_ADDRESS
    ) -> None:
        self._proxies = proxies
        self._shed = shed
        self._most = room() if most is None else most
        self._per_address = per_address
        self._guests: set[Guest] = set()
        self._strangers: dict[Guest, str] = {}
        self._from: dict[str, dict[Guest, None]] = {}
        self._looking: set[str] = set()

    def arrive(self, guest: Guest, address: str) -> None:
        """Let a stranger in; when all places are taken, the stranger who has been here longest leaves.

        `address` is empty for a unix socket: who may reach that is trusted.
        """
        self._guests.add(guest)
        group = self._group(address)
        self._strangers[guest] = group
        if len(self._guests) > self._most:
            self._send_away(next(iter(self._strangers)))
            self._shed(1)
        if group:
            same = self._from.setdefault(group, {})
            same[guest] = None
            if len(same) > self._per_address and group not in self._looking:
                self._looking.add(group)
                asyncio.get_running_loop().call_later(PATIENCE_S, self._thin, group)

    def vouch(self, guest: Guest) -> None:
        """Note that a guest has shown a good key."""
        group = self._strangers.pop(guest, "")
        if same := self._from.get(group):
            same.pop(guest, None)
            if not same:
                del self._from[group]

    def leave(self, guest: Guest) -> None:
        """Forget a guest."""
        self._guests.discard(guest)
        self.vouch(guest)

    def _group(self, address: str) -> str:
        """Return whom to count an address with; empty for those who are not counted.

        Who has an IPv6 network has all of its 2^64 addresses.
        """
        if not address or self._proxies.trusts(address):
            return ""
        if ":" not in address:
            return address
        found = ipaddress.IPv6Address(address.partition("%")[0])
        return str(found.ipv4_mapped or int(found) >> 64)

    def _thin(self, group: str) -> None:
        self._looking.discard(group)
        same = self._from.get(group, {})
        idle = [guest for guest in same if not guest.busy]
        leaving = idle[: max(0, len(same) - self._per_address)]
        for guest in leaving:
            self._send_away(guest)
        if leaving:
            self._shed(len(leaving))

    def _send_away(self, guest: Guest) -> None:
        self.leave(guest)
        guest.shed()
