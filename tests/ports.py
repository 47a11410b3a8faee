"""Ports for daemons and receivers that a test starts, and may start again."""

import random
import socket
from contextlib import suppress
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FEWEST = 10_000
_dice = random.SystemRandom()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on.

    It is none of those that the kernel gives to connections: with thousands of them under way, one may be gone before
    the test listens on it.
    """
    first_given = int(_RANGE.read_text().split()[0])
    ports = range(first_given // 2, first_given) if first_given >= _FEWEST else range(1)
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", _dice.choice(ports)))
            return int(probe.getsockname()[1])
