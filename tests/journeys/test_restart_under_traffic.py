"""Restarts while jobs report: systemd holds the socket, and no ping is refused or lost."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.journeys.daemon import ROOT

PER_SECOND = 50
PATIENCE_S = 20

# What systemd does between fork and exec: the socket becomes descriptor 3, and the process is told so.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


class Service:
    """What systemd is to the daemon: it holds the listening socket and starts the process anew."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "daemon.log"
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self.socket.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        ours = ("SEESTACKD_", "JOURNAL_", "LISTEN_", "WATCHDOG_", "NOTIFY_")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def start(self) -> None:
        serve = ["-m", "seestackd", "--data", str(self.data), "serve"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", HAND_OVER, str(self.socket.fileno()), *serve],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self.socket.fileno()],
            )

    async def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, PATIENCE_S)

    async def restart(self) -> None:
        assert await self.stop() == 0, self.log.read_text()
        self.start()

    async def get(self, path: str, pause: float = 0) -> str:
        """Ask over a connection of its own, as cron jobs do; returns the first line of the answer.

        With `pause`, that many seconds pass between connecting and asking.
        """
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.sleep(pause)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        return answer.decode().split("\r\n")[0]

    def one(self, statement: str) -> str | int:
        connection = sqlite3.connect(f"file:{self.data / 'seestackd.db'}?mode=ro", uri=True)
        try:
            value: str | int = connection.execute(statement).fetchone()[0]
        finally:
            connection.close()
        return value


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.terminate()
        made.process.wait(PATIENCE_S)
    made.socket.close()


async def test_two_restarts_under_traffic_refuse_no_ping(service: Service) -> None:
    assert await service.get("/livez") == "HTTP/1.1 200 OK"
    path = f"/ping/{service.one('SELECT secret FROM keys')}/busy"
    assert await service.get(f"{path}?create=1") == "HTTP/1.1 201 Created"
    over = asyncio.Event()

    async def traffic() -> list[str]:
        sent = []
        while not over.is_set() or len(sent) <= 2 * PER_SECOND:
            sent.append(asyncio.create_task(service.get(path)))
            await asyncio.sleep(1 / PER_SECOND)
        return await asyncio.gather(*sent)

    running = asyncio.create_task(traffic())
    for _ in range(2):
        await asyncio.sleep(0.3)
        await service.restart()
        assert await service.get("/livez") == "HTTP/1.1 200 OK"
    await asyncio.sleep(0.3)
    over.set()
    answers = await running

    assert set(answers) == {"HTTP/1.1 200 OK"}
    assert len(answers) > 2 * PER_SECOND
    assert service.one("SELECT count(*) FROM pings") == len(answers) + 1
    assert service.one("SELECT count(*) FROM incidents") == 0


async def test_who_connected_before_the_stop_is_heard_out(service: Service) -> None:
    assert await service.get("/livez") == "HTTP/1.1 200 OK"
    path = f"/ping/{service.one('SELECT secret FROM keys')}/slow-to-speak?create=1"

    slow = asyncio.create_task(service.get(path, pause=0.6))
    await asyncio.sleep(0.1)
    assert await service.stop() == 0

    assert await slow == "HTTP/1.1 201 Created"
    assert service.one("SELECT count(*) FROM pings") == 1
