"""Where a request comes from, when a proxy stands before us."""

import ipaddress
from collections.abc import Iterable

from aiohttp import web

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Proxies:
    """Believes X-Forwarded-For of the addresses and networks named in `trusted`, and of nobody else."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in trusted)

    def client(self, request: web.Request) -> str | None:
        """Return the address of the nearest hop that is no trusted proxy; None when the peer has no address."""
        return self.nearest(request.remote or "", request.headers.getall("X-Forwarded-For", ()))

    def nearest(self, remote: str, forwarded: Iterable[str]) -> str | None:
        """Do what `client` does, for the address of the peer and the X-Forwarded-For headers that it sent."""
        peer = _address(remote) if self._networks else None
        if peer is None:
            return remote or None
        hops = ",".join(forwarded).split(",")
        while hops and self._trusts(peer):
            hop = _address(hops.pop())
            if hop is None:
                break
            peer = hop
        return str(peer)

    def trusts(self, host: str | None) -> bool:
        """Say whether an address is one of the trusted."""
        peer = _address(host or "") if self._networks else None
        return peer is not None and self._trusts(peer)

    def _trusts(self, peer: Address) -> bool:
        return any(peer.version == network.version and peer in network for network in self._networks)


def _address(text: str) -> Address | None:
    """Read `192.0.2.7`, `192.0.2.7:443`, `2001:db8::7` or `[2001:db8::7]:443`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
