"""A listening daemon without its scheduler: the real web edge, runner and SQLite file."""

import asyncio
import gzip
import io
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import new_monitor
from seestackd.core.replay import ReplayEvent
from seestackd.core.telemetry import HttpRequest
from seestackd.delivery.rule_channels import RulePolicy, rule_channels
from seestackd.feed import Feed
from seestackd.operations import keys, monitors, replay, telemetry
from seestackd.runner import Runner
from seestackd.store.interface import StoredPing, Transaction
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.web.api.service import Channels
from seestackd.web.auth import KeyTable
from seestackd.web.server import WebSettings, bind, create_app, start_sites
from tests.clocks import SetClock

NOW = 1_775_000_000_000
MAILED = RulePolicy(mail="mailtos://daemon:pw@mail.example?from=daemon@mail.example&to=ops@mail.example")
SECRET = make_secret(b"\x01" * 32)


@dataclass
class Answer:
    """A response as a client sees it."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Daemon:
    """What a test may do to the daemon, and look up behind its back."""

    port: int
    runner: Runner
    keys: KeyTable
    clock: SetClock
    project_id: int
    monitor_uid: str
    session: aiohttp.ClientSession
    app: web.Application

    async def send(
        self,
        path: str,
        body: Any = b"",
        *,
        method: str = "POST",
        key: str | None = SECRET,
        headers: dict[str, str] | None = None,
        zipped: bool = False,
    ) -> Answer:
        """Send a document (bytes go as they are) and return the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        if key is not None:
            sent.setdefault("X-SeeStack-Key", key)
        if zipped:
            data, sent["Content-Encoding"] = gzip.compress(data), "gzip"
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(
            method, url, data=io.BytesIO(data), headers=sent, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def talk(self, *pieces: bytes) -> bytes:
        """Send raw bytes on a connection of their own and return all that comes back until the daemon closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            async with asyncio.timeout(20):
                return await reader.read()
        finally:
            writer.close()

    async def pings(self) -> list[StoredPing]:
        def latest(tx: Transaction, command: None, at: int) -> list[StoredPing]:
            monitor = tx.monitors.by_slug(self.project_id, "nightly")
            return tx.pings.latest(monitor.id, 100) if monitor else []

        return await self.runner.read(latest, None)

    async def requests(self) -> list[HttpRequest]:
        query = telemetry.RequestsBetween(self.project_id, -(2**62), 2**62)
        return await self.runner.read(telemetry.requests_between, query)

    async def events(self, fingerprint: str) -> list[ReplayEvent]:
        return await self.runner.read(replay.events_of, replay.EventsOf(self.project_id, fingerprint))

    async def nothing_stored(self) -> bool:
        def counts(tx: Any, command: None, at: int) -> list[int]:
            tables = ("pings", "runs", "http_requests", "replay_batches")
            return [tx.behind.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]

        return not any(await self.runner.read(counts, None))


@dataclass(frozen=True)
class Prepared:
    """A database with one project, one ingest key and one monitor `nightly`, for every test to copy."""

    path: Path
    project_id: int
    monitor_uid: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    path = tmp_path_factory.mktemp("prepared") / "seestackd.db"
    store = SqliteStore.open(path)
    runner = Runner(store, SetClock(NOW), Feed(), on_broken=lambda: None)
    project = runner.call(keys.ensure_project, keys.EnsureProject())
    runner.call(keys.create, keys.CreateKey(project.id, "cron", Scope.INGEST, SECRET))
    new = new_monitor("nightly", "1d")
    monitor = runner.call(monitors.add, monitors.AddMonitor(project.id, new, "p" * 22))
    store.close()
    return Prepared(path, project.id, monitor.uid)


@asynccontextmanager
async def listening(prepared: Prepared, folder: Path, settings: WebSettings) -> AsyncIterator[Daemon]:
    """Run a daemon on a copy of the prepared database."""
    clock, feed = SetClock(NOW), Feed()
    store = SqliteStore.open(shutil.copy(prepared.path, folder / "seestackd.db"))
    runner = Runner(store, clock, feed, on_broken=lambda: None)
    runner.start()
    table = KeyTable(runner, feed, clock)
    await table.load()
    channels = Channels(of_rule=lambda uid, sent: rule_channels(uid, sent, MAILED))
    edge = create_app(runner, table, clock, settings, channels=channels, feed=feed)
    await edge.setup()
    listener = bind("127.0.0.1", 0)
    await start_sites(edge, [listener])
    async with aiohttp.ClientSession() as session:
        port = listener.getsockname()[1]
        yield Daemon(port, runner, table, clock, prepared.project_id, prepared.monitor_uid, session, edge.app)
    await edge.cleanup()
    await table.close()
    await runner.stop()
    store.close()


@pytest.fixture
async def daemon(prepared: Prepared, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with listening(prepared, tmp_path, WebSettings(max_body_bytes=1024 * 1024, shutdown_timeout=1)) as running:
        yield running


@pytest.fixture
async def impatient(prepared: Prepared, tmp_path: Path) -> AsyncIterator[Daemon]:
    """A daemon whose deadlines pass at once."""
    hurried = WebSettings(head_timeout=0.1, body_timeout=0.1, shutdown_timeout=1)
    async with listening(prepared, tmp_path, hurried) as running:
        yield running


@pytest.fixture
async def open_to_browsers(prepared: Prepared, tmp_path: Path) -> AsyncIterator[Daemon]:
    settings = WebSettings(cors_origins=("https://shop.example",), shutdown_timeout=1)
    async with listening(prepared, tmp_path, settings) as running:
        yield running
