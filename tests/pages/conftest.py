"""The real web edge with the dashboard, on a fresh database, and a client that keeps cookies like a browser."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from seestackd.core.monitor import NewMonitor, new_monitor
from seestackd.feed import Feed
from seestackd.operations import keys, logins, monitors
from seestackd.runner import Runner
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.web.auth import KeyTable
from seestackd.web.pages.site import Dashboard
from seestackd.web.server import WebSettings, bind, create_app, start_sites
from tests.clocks import SetClock
from tests.stores import new_store

NOW = 1_775_000_000_000
PASSWORD = "three words long"


@dataclass
class Shown:
    """A page as a browser gets it, redirects not followed."""

    status: int
    headers: Any
    text: str

    @property
    def token(self) -> str:
        """The CSRF token of the page's first form."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.text)
        assert found, self.text[:500]
        return found[1]


@dataclass
class House:
    """A running web edge and a browser without scripts."""

    url: str
    runner: Runner
    clock: SetClock
    feed: Feed
    project_id: int
    session: aiohttp.ClientSession
    paths: list[tuple[str, str]]

    async def get(self, path: str, **headers: str) -> Shown:
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, fields: dict[str, str], origin: str | None = "", **headers: str) -> Shown:
        """Send a form; `origin` empty means our own."""
        if origin is not None:
            headers["Origin"] = origin or self.url
        return await self._ask("POST", path, fields, headers)

    async def log_in(self, password: str = PASSWORD) -> Shown:
        page = await self.get("/login")
        return await self.post("/login", {"csrf": page.token, "password": password, "next": "/"})

    def cookie(self, name: str) -> str:
        """A cookie that the browser holds."""
        return next(morsel.value for morsel in self.session.cookie_jar if morsel.key == name)

    def add(self, new: NewMonitor) -> Any:
        return self.runner.run(monitors.add, monitors.AddMonitor(self.project_id, new, (new.slug * 22)[:22]))

    async def _ask(self, method: str, path: str, data: Any, headers: dict[str, str]) -> Shown:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.url + path
        async with self.session.request(method, url, data=data, headers=sent, allow_redirects=False) as answer:
            return Shown(answer.status, answer.headers, await answer.text())


def cheaply_hashed(password: str) -> str:
    """What is stored of a password, at costs that are no protection and keep no test waiting."""
    found = hashlib.scrypt(password.encode(), salt=b"salt", n=2, r=1, p=1, dklen=32)
    return f"scrypt$2$1$1${base64.b64encode(b'salt').decode()}${base64.b64encode(found).decode()}"


@asynccontextmanager
async def house(
    folder: Path,
    web: WebSettings | None = None,
    *,
    password: str | None = None,
    kind: type[SqliteStore] = SqliteStore,
    **options: Any,
) -> AsyncIterator[House]:
    """Run the web edge on a store of a kind; `options` are those of Dashboard."""
    clock, feed = SetClock(NOW), Feed()
    store = new_store(folder / "seestackd.db", kind)
    runner = Runner(store, clock, feed, on_broken=lambda: None)
    project = runner.call(keys.ensure_project, keys.EnsureProject())
    runner.call(monitors.add, monitors.AddMonitor(project.id, new_monitor("nightly", "1d"), "p" * 22))
    if password is not None:
        runner.call(logins.set_password, cheaply_hashed(password))
    runner.start()
    table = KeyTable(runner, feed, clock)
    await table.load()
    settings = replace(web or WebSettings(), shutdown_timeout=1)
    dashboard = Dashboard(feed, **{"local_only": True, **options})
    edge = create_app(runner, table, clock, settings, dashboard=dashboard)
    await edge.setup()
    listener = bind("127.0.0.1", 0)
    await start_sites(edge, [listener])
    routes = [(route.method, route.resource.canonical) for route in edge.app.router.routes() if route.resource]
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield House(url, runner, clock, feed, project.id, session, routes)
    finally:
        await edge.cleanup()
        await table.close()
        await runner.stop()
        store.close()


@pytest.fixture
async def open_house(tmp_path: Path) -> AsyncIterator[House]:
    """Without a password, on loopback."""
    async with house(tmp_path) as running:
        yield running


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[House]:
    """With a password."""
    async with house(tmp_path, password=PASSWORD) as running:
        yield running
