"""The life of an alert in a daemon that is killed at a chosen system call, and what is left of it afterwards."""

import http.client
import json
import shutil
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from seestackd.clock import Clock
from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import new_monitor
from seestackd.feed import Feed
from seestackd.operations.keys import CreateKey, EnsureProject, create, ensure_project
from seestackd.operations.monitors import AddMonitor, add
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore
from tests.faults.forked import Forked
from tests.journeys.daemon import wait_for

CALLS = ("fdatasync", "pwrite64", "connect", "sendto", "recvfrom")
LIFE_S = 20.0
PINGS = 3
KEY = make_secret(b"\x07" * 32)


class Receiver:
    """Takes the messages of all lives: path -> (alert id, title) in the order of their arrival."""

    def __init__(self) -> None:
        self.heard: dict[str, list[tuple[str, str]]] = {}
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.setdefault(self.path.strip("/"), []).append((self.headers["Idempotency-Key"], body["title"]))
                with suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


@dataclass
class Outcome:
    """What is left of a life. Empty lists are good; `repeated` counts messages that came more than once."""

    name: str
    crashed: bool = False
    undelivered: list[str] = field(default_factory=list)
    repeated: int = 0
    unknown_ids: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    seconds: float = 0.0


def prepare(folder: Path) -> Path:
    """Make a database with the monitors `job`, whose silence will be judged, and `other`; returns its folder."""
    folder.mkdir(mode=0o700)
    store = SqliteStore.open(folder / "seestackd.db")
    try:
        Runner(store, Clock(), Feed(), lambda: None).call(_fill, None)
    finally:
        store.close()
    return folder


def _fill(tx: Transaction, command: None, at: int) -> None:
    project = ensure_project(tx, EnsureProject(), at)
    create(tx, CreateKey(project.id, "cron", Scope.INGEST, KEY), at)
    for slug in ("job", "other"):
        add(tx, AddMonitor(project.id, new_monitor(slug, "1d"), slug * 5), at)


class Life:
    """A daemon on a copy of a prepared database; its socket is held open for it, as systemd does.

    `phase` says which half of the life it is: "opening" (silence is judged, an incident opens, its alert is sent) or
    "recovery" (the job reports, the incident closes, that is told). Both take heartbeats meanwhile.
    """

    def __init__(self, folder: Path, phase: str, prepared: Path, receiver: Receiver) -> None:
        self.folder, self.phase, self.receiver, self.name = folder, phase, receiver, folder.name
        self.data = folder / "data"
        shutil.copytree(prepared, self.data, ignore=shutil.ignore_patterns("*.sock", "*-shm"))
        self._arm()
        self.config = folder / "seestackd.toml"
        self.config.write_text(
            f'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:{receiver.port}/{self.name}"\n'
            f'[judge]\nsettle = "0s"\n[storage]\npath = "{self.data}/seestackd.db"\n'
        )
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = self.socket.getsockname()[:2]
        self.acknowledged: list[str] = []
        self.reported = threading.Event()

    def _arm(self) -> None:
        now = int(time.time() * 1000)
        with closing(sqlite3.connect(self.data / "seestackd.db")) as database, database:
            database.execute("UPDATE alive SET at = ?, boot_at = ?", (now, Clock().boottime()))
            if self.phase == "opening":
                database.execute(
                    "UPDATE monitor_state SET expected_at = :at - 300000, deadline_at = :at, wake_at = :at"
                    " WHERE monitor_id = (SELECT id FROM monitors WHERE slug = 'job')",
                    {"at": now},
                )

    def start(self, under: tuple[str, ...] = (), *, settles_first: bool = False) -> Forked:
        """Start the daemon, under strace when its arguments are given."""
        return Forked(self.config, self.socket, under, settles_first=settles_first)

    def report(self) -> None:
        """Report as a patient job does: again and again until it is acknowledged."""
        slug = "job" if self.phase == "recovery" else "other"
        for number in range(PINGS):
            mark = f"{self.name}-{number}"
            until = time.monotonic() + LIFE_S
            while time.monotonic() < until and not self._acknowledged(slug, mark):
                time.sleep(0.02)
        self.reported.set()

    def _acknowledged(self, slug: str, mark: str) -> bool:
        body = json.dumps({"slug": slug, "status": "success", "durationMs": 0, "message": mark})
        headers = {"X-SeeStack-Key": KEY, "Content-Type": "application/json", "Idempotency-Key": mark}
        with closing(http.client.HTTPConnection(*self.address, timeout=LIFE_S)) as connection:
            try:
                connection.request("POST", "/ingest/v1/heartbeat", body, headers)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return False
        if status == 202:
            self.acknowledged.append(mark)
        return status == 202

    def told(self) -> bool:
        """Whether the job has reported, the alert of this half was written and the outbox is at rest."""
        if not self.reported.is_set():
            return False
        wanted = {"opening": "missed", "recovery": "recovered"}[self.phase]
        with suppress(sqlite3.Error), self._reading() as database:
            states = database.execute("SELECT kind, state FROM outbox").fetchall()
            return wanted in dict(states) and "pending" not in {state for _, state in states}
        return False

    def judged(self, outcome: Outcome, before: int) -> Outcome:
        """Hold what is stored against what was received; the first `before` alerts were told in another life."""
        received = Counter(alert_id for alert_id, _ in self.receiver.heard.get(self.name, []))
        with self._reading() as database:
            alerts = database.execute("SELECT alert_id, kind, state FROM outbox ORDER BY id").fetchall()[before:]
            stored = {message for (message,) in database.execute("SELECT message FROM pings")}
        known = {alert_id for alert_id, _, _ in alerts}
        outcome.undelivered = [
            kind for alert_id, kind, state in alerts if state != "delivered" or not received[alert_id]
        ]
        outcome.repeated = sum(received.values()) - len(received)
        outcome.unknown_ids = sorted(received.keys() - known)
        outcome.forgotten = sorted(set(self.acknowledged) - stored)
        return outcome

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self.data / 'seestackd.db'}?mode=ro", uri=True)) as database:
            yield database


def live(life: Life, under: tuple[str, ...], *, settles_first: bool = False) -> Outcome:
    """Let a life be lived under strace to its crash or end, and then once more without strace to its end."""
    begun = time.monotonic()
    outcome = Outcome(life.name)
    reporting = threading.Thread(target=life.report, daemon=True)
    process = life.start(under, settles_first=settles_first)
    try:
        reporting.start()
        wait_for(lambda: process.ended or life.told(), LIFE_S, f"{life.name}, to crash or to end")
        outcome.crashed = process.ended
    finally:
        process.kill()
    process = life.start(settles_first=settles_first)
    try:
        wait_for(life.told, LIFE_S, f"{life.name}, to end; {(life.folder / 'daemon.log').read_text()[-3000:]}")
    finally:
        process.kill()
        reporting.join(LIFE_S)
        life.socket.close()
    outcome.seconds = time.monotonic() - begun
    return life.judged(outcome, before=1 if life.phase == "recovery" else 0)
