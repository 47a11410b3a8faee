"""Daemons forked from a process that has imported everything, with what the sweeps plant in them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from seestackd import app
from seestackd.cli import main
from seestackd.core.incidents import OutboxRow
from seestackd.delivery.apprise_sender import Sent
from seestackd.delivery.worker import Delivery
from seestackd.store.sqlite import connection
from tests.forked import CONTEXT

_OURS = ("SEESTACKD_", "JOURNAL_", "LISTEN_", "WATCHDOG_", "NOTIFY_")
_FIRST_SOCKET = 3


class SettlesFirst(Delivery):
    """The order of the outbox turned round: settled, then sent. The crash sweep must find it out."""

    async def _deliver(self, row: OutboxRow) -> None:
        await self._settle(row, Sent(True))
        await super()._deliver(row)


class Forked:
    """A daemon with an inherited listening socket; under strace when its arguments are given.

    `plant` is called in its process before it starts.
    """

    def __init__(
        self,
        config: Path,
        listener: socket.socket,
        under: tuple[str, ...] = (),
        *,
        settles_first: bool = False,
        synchronous: str = "FULL",
        plant: Callable[[], None] | None = None,
    ) -> None:
        arguments = (str(config), listener, bool(under), settles_first, synchronous, plant)
        self._process: ForkServerProcess = CONTEXT.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        self._strace = subprocess.Popen([*under, "-p", str(self._process.pid)]) if under else None

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def ended(self) -> bool:
        return not self._process.is_alive()

    def end(self, seconds: float) -> int | None:
        """Wait for its end; returns the exit status, None when it runs on."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self) -> None:
        """Kill it, and wait for strace to have seen it die."""
        self._process.kill()
        self._process.join(10)
        if self._strace is not None:
            self._strace.wait(10)
        self._process.close()


def _serve(
    config: str,
    listener: socket.socket,
    traced: bool,
    settles_first: bool,
    synchronous: str,
    plant: Callable[[], None] | None,
) -> None:
    log = os.open(Path(config).with_name("daemon.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        del os.environ[name]
    if listener.fileno() != _FIRST_SOCKET:
        os.dup2(listener.fileno(), _FIRST_SOCKET)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    if settles_first:
        app.Delivery = SettlesFirst  # type: ignore[misc]
    if synchronous != "FULL":
        connection._PRAGMAS = connection._PRAGMAS.replace("= FULL", f"= {synchronous}")
        connection._SYNC = f"PRAGMA synchronous = {synchronous}"
    if plant is not None:
        plant()
    while traced and "TracerPid:\t0\n" in Path("/proc/self/status").read_text():
        time.sleep(0.005)
    with suppress(KeyboardInterrupt):
        sys.exit(main(["--config", config, "serve"]))
