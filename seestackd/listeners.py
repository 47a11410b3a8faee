"""The sockets that the HTTP server listens on: inherited ones, or one bound to the address of the settings."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from seestackd.errors import Invalid
from seestackd.settings import split_address
from seestackd.systemd import Inherited
from seestackd.web.pages.gate import is_loopback
from seestackd.web.server import Roomy, bind


@contextmanager
def listeners(listen: str, inherited: list[Inherited]) -> Iterator[list[socket.socket]]:
    """Give the sockets that systemd holds, or else one bound to `listen`; raises Invalid when that cannot be."""
    if inherited:
        yield [Roomy.of(taken.socket) for taken in inherited]
        return
    try:
        bound = bind(*split_address(listen))
    except OSError as error:
        reason = (
            f"cannot listen on {listen}: {os.strerror(error.errno or 0)}; choose another address, or stop who has it"
        )
        raise Invalid(reason, field="server.listen") from None
    with bound:
        yield [bound]


def shown(listening: socket.socket) -> str:
    """Return the address that programs on this machine reach a socket at."""
    if listening.family == socket.AF_UNIX:
        return f"unix:{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_local(listening: socket.socket) -> bool:
    """Say whether nobody but this machine can connect to a socket."""
    return listening.family != socket.AF_UNIX and is_loopback(listening.getsockname()[0])
