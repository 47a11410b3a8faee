"""Clients as they are published, those of the ping protocol and SeeStack's own, against the real daemon."""

import gzip
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import published
from tests.journeys.daemon import Daemon, curl

DOCUMENTED = ("curl", "-fsS", "-m", "10", "--retry", "5", "-o", "/dev/null")

BORGMATIC = """
import logging, sys
from borgmatic.hooks.monitoring import healthchecks, monitor

def tell(state):
    healthchecks.ping_monitor(hook, {}, "config.yaml", state, logging.INFO, False)

logging.getLogger().addHandler(logging.NullHandler())
hook = {"ping_url": sys.argv[1], "create_slug": True, "send_logs": True}
healthchecks.initialize_monitor(hook, {}, "config.yaml", logging.INFO, False)
tell(monitor.State.START)
logging.getLogger("borg").info("Creating archive at backup.borg::host-1")
tell(monitor.State.LOG)
tell(monitor.State.FINISH)
logging.getLogger("borg").error("Repository backup.borg does not exist.")
tell(monitor.State.FAIL)
healthchecks.destroy_monitor(hook, {}, logging.INFO, False)
"""

DECORATOR = """
import sys
from healthchecks_decorator import healthcheck

@healthcheck(url=sys.argv[1], send_start=True, send_diagnostics=True)
def report():
    return {"copied": 12, "failed": 0}

@healthcheck(url=sys.argv[1])
def fail():
    raise RuntimeError("on purpose")

report()
try:
    fail()
except RuntimeError:
    pass
"""


HEARTBEATS = """
assert allstak.cron.ping("nightly", "success", 1200, message="all 3 files")
try:
    with allstak.cron.job("nightly"):
        raise RuntimeError("disk full")
except RuntimeError:
    pass
assert not allstak.cron.ping("nobody", "success", 1)
"""
REQUESTS = """
for status in (200, 503):
    allstak.http.record(
        direction="inbound", method="GET", host="shop.example", path="/pay?token=hunter2-canary", status_code=status,
        duration_ms=40, trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    )
with allstak.http.track_outbound("POST", "https://psp.example/charge") as call:
    call.set_response(201, 17)
"""
REPLAY = """
with allstak.replay.start_session("s_1", "fp-client") as session:
    for number in range(3):
        session.record("click", {"selector": "#buy", "password": "hunter2-canary", "n": number}, url="https://shop.example/")
"""


class Pinged:
    """A running daemon, the key that it made for ping URLs, and what it has stored."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self._database = daemon.folder / "data" / "seestackd.db"
        ((self.key,),) = self.rows("SELECT secret FROM keys WHERE scope = 'ping'")

    def rows(self, statement: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def url(self, slug: str, end: str = "") -> str:
        return f"{self.daemon.url}/ping/{self.key}/{slug}{end}"

    def kinds(self, slug: str) -> list[str]:
        query = "SELECT p.kind FROM pings p JOIN monitors m ON m.id = p.monitor_id WHERE m.slug = ? ORDER BY p.id"
        return [kind for (kind,) in self.rows(query, slug)]

    def sizes(self, slug: str) -> list[int]:
        query = (
            "SELECT o.size FROM outputs o JOIN pings p ON p.id = o.ping_id JOIN monitors m ON m.id = p.monitor_id"
            " WHERE m.slug = ? ORDER BY p.id"
        )
        return [size for (size,) in self.rows(query, slug)]

    def peak_memory_kb(self) -> int:
        assert self.daemon.process is not None
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])


@pytest.fixture(scope="module")
def pinged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pinged]:
    with Daemon(tmp_path_factory.mktemp("clients")) as daemon:
        yield Pinged(daemon)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_documented_curl_line_works_and_says_nothing(pinged: Pinged) -> None:
    for end in ("?create=1", "/start", "/0", "/137"):
        done = run(*DOCUMENTED, pinged.url("curl", end))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    assert pinged.kinds("curl") == ["success", "start", "success", "failed"]


def test_curl_fails_aloud_when_the_monitor_is_unknown(pinged: Pinged) -> None:
    done = run(*DOCUMENTED, pinged.url("unknown"))

    assert done.returncode == 22
    assert "404" in done.stderr


def test_curl_sends_a_file_of_fifty_megabytes(pinged: Pinged, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"a line of the log, and another one\n" * (50 * 1024 * 1024 // 35))
    run(*DOCUMENTED, "--data-binary", "warm", pinged.url("large", "?create=1"))
    before = pinged.peak_memory_kb()

    done = run(*DOCUMENTED, "--data-binary", f"@{log}", pinged.url("large", "/1"))

    assert (done.returncode, done.stderr) == (0, "")
    assert pinged.sizes("large")[-1] == log.stat().st_size
    assert pinged.peak_memory_kb() - before < 8 * 1024


def test_a_bomb_of_gzip_is_defused(pinged: Pinged, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(1024 * 1024), 9) * 4_000)
    run(*DOCUMENTED, "--data-binary", "warm", pinged.url("bomb", "?create=1"))
    before = pinged.peak_memory_kb()

    done = run(
        *DOCUMENTED, "-H", "Content-Encoding: gzip", "--data-binary", f"@{bomb}", pinged.url("bomb", "/1")
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert pinged.kinds("bomb") == ["success", "failed"]
    assert pinged.peak_memory_kb() - before < 8 * 1024


def test_borgmatic_reports_its_runs(pinged: Pinged) -> None:
    done = run(sys.executable, "-c", BORGMATIC, pinged.url("borgmatic"))

    assert (done.returncode, done.stderr) == (0, "")
    assert pinged.kinds("borgmatic") == ["start", "log", "success", "failed"]
    archive, both = len("Creating archive at backup.borg::host-1\n"), "Repository backup.borg does not exist."
    assert pinged.sizes("borgmatic")[0] >= archive
    assert pinged.sizes("borgmatic")[-1] >= archive + len(both)


def test_a_decorated_function_reports_its_runs(pinged: Pinged) -> None:
    run(*DOCUMENTED, pinged.url("decorated", "/log?create=1"))
    ((ping_id,),) = pinged.rows("SELECT ping_id FROM monitors WHERE slug = 'decorated'")

    done = run(sys.executable, "-c", DECORATOR, f"{pinged.daemon.url}/ping/{ping_id}")

    assert (done.returncode, done.stderr) == (0, "")
    assert pinged.kinds("decorated") == ["log", "start", "success", "failed"]
    assert pinged.sizes("decorated") == [len("copied=12&failed=0")]


def test_the_client_of_seestack_sends_heartbeats_requests_and_replays_by_its_host_setting(pinged: Pinged) -> None:
    daemon = pinged.daemon
    daemon.cli("monitor", "add", "nightly", "--schedule", "1h")
    key = daemon.cli("key", "create", "sdk", "--scope", "admin").split()[0]

    done = run(*published.program(HEARTBEATS + REQUESTS + REPLAY, key, daemon.url))

    assert done.returncode == 0, done.stderr
    heard = pinged.rows("SELECT p.kind, p.message FROM pings p JOIN monitors m ON m.id = p.monitor_id"
                        " WHERE m.slug = 'nightly' ORDER BY p.id")  # fmt: skip
    assert heard == [("success", "all 3 files"), ("failed", "disk full")]
    assert json.loads(daemon.cli("monitor", "show", "nightly", "--json"))["status"] == "failed"
    requests = asked(daemon, key, "/http-requests")["items"]
    assert sorted((one["direction"], one["host"], one["path"], one["statusCode"]) for one in requests) == [
        ("inbound", "shop.example", "/pay", 200),
        ("inbound", "shop.example", "/pay", 503),
        ("outbound", "psp.example", "/charge", 201),
    ]
    # The client's scrubber masks the session's id, so the fingerprint finds a session.
    found = asked(daemon, key, "/replay/fp-client")
    assert (found["sessionId"], found["totalEvents"]) == ("[REDACTED]", 3)
    assert asked(daemon, key, "/sessions")["items"][0]["clicks"] == 3
    assert "hunter2" not in f"{requests}{found}"


def asked(daemon: Daemon, key: str, path: str) -> Any:
    """Return what the management API answers."""
    done = curl("-fsS", "-H", f"Authorization: Bearer {key}", f"{daemon.url}/api/v1{path}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["data"]
