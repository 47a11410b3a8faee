"""10,000 monitors that fall silent at once: how soon one channel hears of it, in how many messages, and of all."""

import json
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.fleet import Fleet, build, daemon

MONITORS = 10_000
SILENT_FROM_MS = 30_000
WATCHED_S = 100.0
MINUTE_S = 60.0
MAX_FIRST_S = 10.0
MAX_PER_MINUTE = 3
_MORE = re.compile(r"^\.\.\. and ([\d,]+) more", re.MULTILINE)


def measure() -> int:
    """Print what one webhook got; returns 1 when it came late, too often, or did not account for every monitor."""
    got: list[tuple[float, str]] = []
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder, _receiver(got) as port:
        fleet = build(Path(folder) / "fleet", MONITORS)
        deadline = _arm(fleet)
        settings = f'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:{port}/"\n'
        with daemon(fleet, settings):
            time.sleep(max(0.0, deadline + WATCHED_S - time.time()))
            incidents, waiting = _stored(fleet)
    first = got[0][0] - deadline if got else float("inf")
    most = max((sum(0 <= later - at < MINUTE_S for later, _ in got) for at, _ in got), default=0)
    accounted = sum(_accounted(text) for _, text in got)
    print(f"{MONITORS:,} monitors missed at once: first message after {first:.1f} s,", end=" ")
    print(
        f"{len(got)} messages in {WATCHED_S:g} s, {most} in the busiest minute, naming or counting {accounted:,};",
        end=" ",
    )
    print(f"{incidents:,} incidents stored, {waiting:,} alerts left waiting")
    told = accounted == incidents == MONITORS and waiting == 0
    return 0 if told and first <= MAX_FIRST_S and most <= MAX_PER_MINUTE else 1


def _arm(fleet: Fleet) -> float:
    """Give all monitors one deadline; returns it in seconds of `time.time`."""
    at = int(time.time() * 1000) + SILENT_FROM_MS
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as database, database:
        database.execute(
            "UPDATE monitor_state SET expected_at = :at - 300000, deadline_at = :at, wake_at = :at", {"at": at}
        )
    return at / 1000


def _stored(fleet: Fleet) -> tuple[int, int]:
    """Return how many incidents are open and how many alerts wait."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as database:
        (incidents,) = database.execute("SELECT count(*) FROM incidents WHERE closed_at IS NULL").fetchone()
        (waiting,) = database.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()
    return incidents, waiting


def _accounted(text: str) -> int:
    """Return how many monitors a message names or counts."""
    named = sum(line.startswith("MISSED ") for line in text.splitlines())
    return named + sum(int(more.replace(",", "")) for more in _MORE.findall(text)) or 1


@contextmanager
def _receiver(got: list[tuple[float, str]]) -> Iterator[int]:
    """Run a webhook that keeps when each message came and what it said; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((time.time(), json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
