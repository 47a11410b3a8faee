"""What the documents say about HTTP is tried on the real web edge, curl lines as they stand."""

import asyncio
import re
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from seestackd.clock import Clock
from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import new_monitor
from seestackd.feed import Feed
from seestackd.operations import keys, monitors
from seestackd.runner import Runner
from seestackd.web.auth import KeyTable
from seestackd.web.openapi import document
from seestackd.web.pages.site import Dashboard
from seestackd.web.server import WebSettings, bind, create_app, start_sites
from tests.documents import shell_lines, text
from tests.source import ROOT
from tests.stores import new_store

KEY, PING_KEY, ADMIN_KEY = (make_secret(bytes([number]) * 32) for number in (1, 2, 3))


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[str, set[str]]]:
    """The real web edge on a fresh database with the documents' keys and monitors: its address and its paths."""
    clock, feed = Clock(), Feed()
    store = new_store(folder / "seestackd.db")
    runner = Runner(store, clock, feed, on_broken=lambda: None)
    project = runner.call(keys.ensure_project, keys.EnsureProject())
    runner.call(keys.create, keys.CreateKey(project.id, "cron", Scope.INGEST, KEY))
    runner.call(keys.create, keys.CreateKey(project.id, "crontab", Scope.PING, PING_KEY))
    runner.call(keys.create, keys.CreateKey(project.id, "admin", Scope.ADMIN, ADMIN_KEY))
    runner.call(monitors.add, monitors.AddMonitor(project.id, new_monitor("nightly-backup", "1d"), "p" * 22))
    runner.start()
    table = KeyTable(runner, feed, clock)
    await table.load()
    dashboard = Dashboard(feed, local_only=True)
    edge = create_app(runner, table, clock, WebSettings(shutdown_timeout=1), _NothingWrong(), dashboard=dashboard)
    await edge.setup()
    listener = bind("127.0.0.1", 0)
    await start_sites(edge, [listener])
    paths = {resource.canonical for resource in edge.app.router.resources()}
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", paths
    finally:
        await edge.cleanup()
        await table.close()
        await runner.stop()
        store.close()


class _NothingWrong:
    async def troubles(self) -> dict[str, str]:
        return {}

    def stuck(self, seconds: float) -> bool:
        return False


async def test_the_urls_described_are_those_that_exist(tmp_path: Path) -> None:
    first_table = text(ROOT / "docs" / "http.md").partition("\n## ")[0]
    rows = re.findall(r"^\| (`/[^|]*`) \|", first_table, re.MULTILINE)
    described = {path for row in rows for path in re.findall(r"`([^`]+)`", row)}

    async with listening(tmp_path) as (_, paths):
        paths = {re.sub(r"\{(rest|name)[^}]*\}", "…", path) for path in paths}
        shown = {re.sub(r"^/(api/v1|badge|m|monitors)/.*", r"/\1/…", path) for path in paths}
        assert shown == described


def test_the_management_calls_described_are_those_of_the_openapi_document() -> None:
    calls = {
        f"{method.upper()} {path}": operation["summary"]
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }
    rows = re.findall(r"^\| `([A-Z]+ /api/[^`]+)` \| (.*) \|$", text(ROOT / "docs" / "http.md"), re.MULTILINE)

    assert dict(rows) == calls


def curls() -> list[tuple[str, str]]:
    """Every documented line that calls curl, as typed into a shell: without the five fields of a crontab."""
    found = []
    for page, line in shell_lines():
        command = re.sub(r"^(?:[\d*/]+ ){5}", "", line)
        if "curl " in command:
            found.append((page, command))
    return found


async def test_documented_curl_lines_work_as_they_stand(tmp_path: Path) -> None:
    backup = tmp_path / "backup.sh"
    backup.write_text("#!/bin/sh\necho 3 files copied\n")
    backup.chmod(0o700)
    seen: dict[str, int] = {}
    async with listening(tmp_path) as (url, _):
        for page, line in curls():
            typed = line.replace("http://127.0.0.1:8080", url).replace("/ping/KEY/", f"/ping/{PING_KEY}/")
            typed = typed.replace("ADMINKEY", ADMIN_KEY).replace("PINGKEY", PING_KEY).replace("Key: KEY", f"Key: {KEY}")
            # A crontab's path holds the job; -fsS make curl's exit status the answer's.
            script = f'PATH="{tmp_path}:$PATH"; set -e; {typed}'
            done = await asyncio.to_thread(
                subprocess.run, ["sh", "-c", script], capture_output=True, text=True, timeout=20, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), f"{page}: {line}"
            seen[page] = seen.get(page, 0) + 1
        stored = await _heard(tmp_path)
    assert set(seen) == {"README.md", "docs/manual.md", "docs/http.md", "docs/api.md"}
    assert seen["README.md"] == 2
    assert stored >= sum(seen.values()) - 8, "all but http-requests, replay, livez and the five of the API are pings"


async def _heard(folder: Path) -> int:
    with sqlite3.connect(folder / "seestackd.db") as reader:
        return int(reader.execute("SELECT count(*) FROM pings").fetchone()[0])


async def test_a_documented_answer_is_the_answer(tmp_path: Path) -> None:
    described = text(ROOT / "docs" / "http.md")
    async with listening(tmp_path) as (url, _):
        answers = {
            "/livez": '{"status":"ok"}',
            "/readyz": '{"status":"ready"}',
            f"/ping/{PING_KEY}/nightly-backup": "OK",
        }
        for path, answer in answers.items():
            done = await asyncio.to_thread(
                subprocess.run, ["curl", "-fsS", f"{url}{path}"], capture_output=True, text=True, check=True, timeout=20
            )
            assert done.stdout == answer
            assert answer in described
