"""Keeps the sendings of a channel that somebody made over the API away from this machine and its network."""

import contextlib
import functools
import ipaddress
import sys
import threading
from collections.abc import Iterator
from typing import Any

_local = threading.local()
# Translated and IPv4-compatible addresses carry the IPv4 one in their last 32 bits (RFC 6052, 7915, 4291).
_ENDS_IN_IPV4 = tuple(ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96"))
# What Python calls global and no public host has: site-local (RFC 3879), translation at a site (RFC 8215), relays of
# 6to4 (RFC 7526).
_LOCAL = tuple(ipaddress.ip_network(net) for net in ("fec0::/10", "64:ff9b:1::/48", "192.88.99.0/24"))


class NotPublic(ConnectionError):
    """The address is not one of the public internet."""


@contextlib.contextmanager
def public_connections() -> Iterator[None]:
    """Let this thread connect to public addresses only; elsewhere connecting raises NotPublic.

    The address is looked at as it is connected to, after the name was resolved: neither a name that resolves
    differently the next time nor another way to write an address gets past.
    """
    _watch()
    _local.public_only = True
    try:
        yield
    finally:
        _local.public_only = False


def is_public(host: str) -> bool:
    """Return whether an address in its usual notation is one of the public internet; a name is not."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if any(address in network for network in _LOCAL if network.version == address.version):
        return False
    inner = _embedded(address) if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_global and not address.is_multicast and (inner is None or is_public(str(inner)))


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if any(address in network for network in _ENDS_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo


@functools.cache
def _watch() -> None:
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg") or not getattr(_local, "public_only", False):
        return
    where = arguments[1]
    # The resolver of the C library connects out of our sight; what Python connects to has been resolved.
    if where is not None and not (isinstance(where, tuple) and is_public(str(where[0]))):
        raise NotPublic("this channel may not reach an address of a private network; put it into the settings instead")
