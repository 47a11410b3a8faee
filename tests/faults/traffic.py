"""A daemon that may be ended at any moment, and clients that report to it whatever becomes of it."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from seestackd.core.keys import make_secret
from tests.faults.forked import Forked
from tests.faults.life import prepare
from tests.journeys.daemon import ROOT, wait_for

KEY = make_secret(b"\x07" * 32)
PATIENCE_S = 20.0
BATCH = 10
"""HTTP requests in a batch."""


class Place:
    """A prepared database in `data`, its settings in `folder`, and a listening socket that outlives every daemon."""

    def __init__(self, folder: Path, data: Path | None = None, settings: str = "", settle: str = "0s") -> None:
        self.data = data or folder / "data"
        prepare(self.data)
        self.database = self.data / "seestackd.db"
        self.config = folder / "seestackd.toml"
        self.config.write_text(f'{settings}\n[judge]\nsettle = "{settle}"\n[storage]\npath = "{self.database}"\n')
        self.log = folder / "daemon.log"
        self.log.touch()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = self.socket.getsockname()[:2]
        self.daemon: Forked | None = None

    def start(self, *under: str, synchronous: str = "FULL") -> Forked:
        """Start a daemon, under strace when its arguments are given."""
        self.daemon = Forked(self.config, self.socket, under, synchronous=synchronous)
        return self.daemon

    def close(self) -> None:
        """Kill the daemon if it still runs, and hang up."""
        with suppress(ValueError):
            if self.daemon is not None:
                self.daemon.kill()
        self.socket.close()

    def report(self, message: str, timeout: float = PATIENCE_S) -> tuple[int, str | None]:
        """Send one heartbeat; returns the status (0 without an answer) and Retry-After."""
        with closing(http.client.HTTPConnection(*self.address, timeout=timeout)) as connection:
            return send(connection, message)

    def ready(self) -> tuple[int, dict[str, str]]:
        """Return the status of /readyz and the reasons in it."""
        with closing(http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)) as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.status, json.load(answer).get("reasons", {})

    def stored(self) -> set[str]:
        """Return the messages of all stored pings, and the traces of all batches that are stored whole."""
        whole = "SELECT trace_id FROM http_requests GROUP BY trace_id HAVING count(*) = ?"
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return {
                row[0] for row in (*database.execute("SELECT message FROM pings"), *database.execute(whole, (BATCH,)))
            }

    def renew(self) -> None:
        """Hang up on whoever waits in the socket's backlog, and listen anew."""
        self.socket.close()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = self.socket.getsockname()[:2]

    def forget(self) -> None:
        """Delete what was reported, so that thousands of rounds fit on a small disk; no daemon runs."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("DELETE FROM pings")
            database.execute("DELETE FROM http_requests")

    def sound(self) -> bool:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def send(
    connection: http.client.HTTPConnection, message: str, slug: str = "job", status: str = "success"
) -> tuple[int, str | None]:
    """Send a heartbeat over a connection that may be gone; returns status (0 without an answer) and Retry-After."""
    return post(connection, "heartbeat", {"slug": slug, "status": status, "durationMs": 0, "message": message})


def send_batch(connection: http.client.HTTPConnection, trace: str) -> tuple[int, str | None]:
    """Send a batch of HTTP requests of one trace; returns what `send` does."""
    one = {
        "traceId": trace,
        "direction": "inbound",
        "method": "GET",
        "host": "a.example",
        "path": "/",
        "statusCode": 200,
    }
    one |= {"durationMs": 1, "timestamp": datetime.now(UTC).isoformat()}
    return post(connection, "http-requests", {"requests": [one] * BATCH})


def post(connection: http.client.HTTPConnection, kind: str, document: object) -> tuple[int, str | None]:
    """Send a document of a kind over a connection that may be gone; returns what `send` does."""
    headers = {"X-SeeStack-Key": KEY, "Content-Type": "application/json"}
    try:
        connection.request("POST", f"/ingest/v1/{kind}", json.dumps(document), headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0, None
    return answer.status, answer.getheader("Retry-After")


def send_failed(place: Place) -> int:
    """Report a failure of `job`; returns the status, 0 without an answer."""
    with closing(http.client.HTTPConnection(*place.address, timeout=PATIENCE_S)) as connection:
        return send(connection, "it failed", status="failed")[0]


class Traffic:
    """Clients that send heartbeats one after another, or batches of HTTP requests.

    `acknowledged` are the messages and traces of those answered with 202, in that order.
    """

    def __init__(self, place: Place, clients: int = 4, pause_s: float = 0.0, batches: int = 0) -> None:
        self.acknowledged: list[str] = []
        self.statuses: dict[int, int] = {}
        self.slowest_s = 0.0
        self._place, self._pause_s = place, pause_s
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, args=(number, send if number < clients else send_batch), daemon=True)
            for number in range(clients + batches)
        ]

    def _client(self, number: int, send: Callable[[http.client.HTTPConnection, str], tuple[int, str | None]]) -> None:
        connection = http.client.HTTPConnection(*self._place.address, timeout=PATIENCE_S)
        count = 0
        while not self._over.is_set():
            message, begun = f"{number}-{count}", time.monotonic()
            status, _ = send(connection, message)
            count += 1
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 202:
                self.acknowledged.append(message)
                self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
            if status != 202 or self._pause_s:
                time.sleep(self._pause_s or 0.005)
        connection.close()

    def more(self, count: int) -> None:
        """Wait until so many more were acknowledged."""
        before = len(self.acknowledged)
        wait_for(
            lambda: len(self.acknowledged) >= before + count,
            PATIENCE_S,
            f"pings to be acknowledged; {self._place.log.read_text()[-2000:]}",
        )

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S + 5)


class Supervised:
    """The daemon as a process of its own, started again 1 s after it ends, as its unit says.

    Its first start is under the command `first`, every start under the command `always`.
    """

    def __init__(self, place: Place, *first: str, always: tuple[str, ...] = (), **environment: str) -> None:
        self._place, self._first, self._always = place, first, always
        self._environment = {**os.environ, **environment}
        self._over = threading.Event()
        self.ends: list[tuple[float, int]] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        hand_over = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3);"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
            "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
        )
        serve = ["-m", "seestackd", "--config", str(self._place.config), "serve"]
        number = self._place.socket.fileno()
        under = self._first
        while not self._over.is_set():
            with self._place.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [*self._always, *under, sys.executable, "-c", hand_over, str(number), *serve],
                    cwd=ROOT, env=self._environment, pass_fds=[number],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
            status = self.process.wait()
            self.ends.append((time.monotonic(), status))
            under = ()
            self._over.wait(1.0)

    def __enter__(self) -> "Supervised":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        while self._thread.is_alive():
            if self.process is not None and self.process.poll() is None:
                end_with_children(self.process.pid)
            self._thread.join(0.2)


def end_with_children(pid: int) -> None:
    """Kill a process and what it started: strace's tracees outlive it."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (*map(int, children), pid):
            with suppress(ProcessLookupError):
                subprocess.run(["kill", "-KILL", str(one)], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def placed(folder: Path, data: Path | None = None, settings: str = "", settle: str = "0s") -> Iterator[Place]:
    """Give a place, and close its socket afterwards."""
    place = Place(folder, data, settings, settle)
    try:
        yield place
    finally:
        place.close()
