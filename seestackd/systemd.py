"""What systemd and a service say to each other: ready, watchdog, sockets handed over. See sd_notify(3)."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

log = logging.getLogger(__name__)

FIRST_SOCKET = 3


@dataclass(frozen=True)
class Inherited:
    """A listening socket that systemd opened, and its FileDescriptorName=."""

    name: str
    socket: socket.socket


class Notifier:
    """Tells the service manager how it goes; does nothing where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> "Notifier":
        """Take the address out of the environment, so that no child speaks for the service."""
        return cls(environ.pop("NOTIFY_SOCKET", None))

    @property
    def present(self) -> bool:
        """Whether a service manager listens."""
        return self._address is not None

    def send(self, *assignments: str) -> bool:
        """Send lines such as "READY=1"; returns whether they were delivered. Never raises."""
        if not self._address:
            return False
        # A leading @ means the abstract namespace, whose names begin with a zero byte.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.connect(address)
                sender.sendall("\n".join(assignments).encode())
        except OSError as error:
            log.warning("the service manager did not hear %s: %s", assignments[0], error)
            return False
        return True

    def ready(self, status: str) -> None:
        self.send("READY=1", f"STATUS={status}")

    def stopping(self) -> None:
        self.send("STOPPING=1", "STATUS=stopping")


def watchdog_seconds(environ: MutableMapping[str, str] = os.environ) -> float | None:
    """Return the time within which WATCHDOG=1 must come (WatchdogSec=), in seconds; None without a watchdog."""
    usec, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    if not usec.isdigit() or int(usec) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(usec) / 1_000_000


async def feed_watchdog(notifier: Notifier, seconds: float, progressing: Callable[[], bool]) -> None:
    """Send WATCHDOG=1 twice per `seconds` for as long as `progressing()` says that the work goes on. Runs for ever."""
    stalled = False
    while True:
        if progressing():
            notifier.send("WATCHDOG=1")
            stalled = False
        elif not stalled:
            log.error("the judge makes no progress: the watchdog is not fed any more")
            stalled = True
        await asyncio.sleep(seconds / 2)


def inherited_sockets(environ: MutableMapping[str, str] = os.environ) -> list[Inherited]:
    """Take over the listening sockets of socket activation (sd_listen_fds(3)); an empty list when there are none."""
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    inherited = []
    for index in range(int(count)):
        taken = socket.socket(fileno=FIRST_SOCKET + index)
        taken.set_inheritable(False)
        taken.setblocking(False)
        inherited.append(Inherited(names[index] if index < len(names) else "", taken))
    return inherited
