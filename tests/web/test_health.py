"""What a load balancer or container is told."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from seestackd.feed import Feed
from seestackd.runner import Runner
from seestackd.web.auth import KeyTable
from seestackd.web.server import WebSettings, bind, create_app, start_sites
from tests.clocks import SetClock
from tests.stores import new_store
from tests.web.conftest import NOW, Daemon


class Troubled:
    """A self-check that finds what the test says."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.hangs = False

    def stuck(self, seconds: float) -> bool:
        return self.hangs

    async def troubles(self) -> Mapping[str, str]:
        return self.found


@pytest.fixture
def check() -> Troubled:
    return Troubled()


@asynccontextmanager
async def edge(folder: Path, check: Troubled) -> AsyncIterator[str]:
    clock, feed = SetClock(NOW), Feed()
    store = new_store(folder / "seestackd.db")
    runner = Runner(store, clock, feed, on_broken=lambda: None)
    runner.start()
    keys = KeyTable(runner, feed, clock)
    web = create_app(runner, keys, clock, WebSettings(shutdown_timeout=1), check)
    await web.setup()
    listener = bind("127.0.0.1", 0)
    await start_sites(web, [listener])
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await web.cleanup()
    await keys.close()
    await runner.stop()
    store.close()


async def test_it_is_ready_while_nothing_is_wrong(tmp_path: Path, check: Troubled) -> None:
    async with edge(tmp_path, check) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.text()) == (200, '{"status":"ready"}')
            assert answer.headers["Cache-Control"] == "no-store"
        async with session.head(f"{url}/readyz") as answer:
            assert (answer.status, await answer.text()) == (200, "")


async def test_it_says_why_it_is_not_ready_and_is_alive_all_the_same(tmp_path: Path, check: Troubled) -> None:
    check.found = {"disk": "3 MiB are free, 0.1%", "judge": "no judging pass has ended for 12 s"}

    async with edge(tmp_path, check) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 503
            assert answer.content_type == "application/json"
            assert await answer.json() == {"status": "not ready", "reasons": check.found}
            assert answer.headers["Retry-After"] == "10"
        async with session.get(f"{url}/livez") as answer:
            assert answer.status == 200
        check.found = {}
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 200


async def test_it_is_not_alive_when_only_a_new_process_helps(tmp_path: Path, check: Troubled) -> None:
    check.hangs = True

    async with edge(tmp_path, check) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/livez") as answer:
            assert (answer.status, await answer.text()) == (503, '{"status":"stuck"}')
        check.hangs = False
        async with session.get(f"{url}/livez") as answer:
            assert (answer.status, await answer.text()) == (200, '{"status":"ok"}')


async def test_without_a_self_check_there_is_nothing_to_be_ready(daemon: Daemon) -> None:
    assert (await daemon.send("/livez", method="GET", key=None)).status == 200
    assert (await daemon.send("/readyz", method="GET", key=None)).status == 404


async def test_only_reading_is_allowed(tmp_path: Path, check: Troubled) -> None:
    async with edge(tmp_path, check) as url, aiohttp.ClientSession() as session, session.post(f"{url}/readyz") as no:
        assert no.status == 405
        assert "GET" in no.headers["Allow"]
