"""How long after its deadline an alert arrives at its receiver, with 1,000 monitors."""

import json
import sqlite3
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.fleet import Fleet, build, daemon

MONITORS = 1000
SILENT = 20


def measure() -> int:
    """Print the lateness; returns 1 when an alert did not come."""
    arrivals: dict[str, float] = {}
    server = _receiver(arrivals)
    try:
        with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
            fleet = build(Path(folder) / "fleet", MONITORS)
            deadlines = _arm(fleet)
            port = server.server_address[1]
            # Each on its own: in a digest an alert would wait for the others.
            channel = f'[channels.hook]\nurl = "json://127.0.0.1:{port}/"\ndigest = {SILENT}\n'
            settings = f'default_channels = ["hook"]\n{channel}'
            with daemon(fleet, settings):
                until = time.monotonic() + 60
                while time.monotonic() < until and not all(_named(slug, arrivals) for slug in deadlines):
                    time.sleep(0.1)
    finally:
        server.shutdown()
        server.server_close()
    late = sorted(_named(slug, arrivals) - at / 1000 for slug, at in deadlines.items() if _named(slug, arrivals))
    print(f"alerts received {len(late)} of {SILENT}, {MONITORS} monitors; after the deadline:", end=" ")
    if late:
        print(f"median {late[len(late) // 2] * 1000:.0f} ms, worst {late[-1] * 1000:.0f} ms")
    return 0 if len(late) == SILENT else 1


def _arm(fleet: Fleet) -> dict[str, int]:
    """Give some monitors a deadline of their own, one second apart; returns slug -> deadline (ms UTC)."""
    now = int(time.time() * 1000)
    deadlines = {f"job-{number:06d}": now + 5000 + 1000 * number for number in range(SILENT)}
    database = sqlite3.connect(fleet.folder / "data" / "seestackd.db")
    for slug, at in deadlines.items():
        database.execute(
            "UPDATE monitor_state SET expected_at = ? - 300000, deadline_at = ?, wake_at = ?"
            " WHERE monitor_id = (SELECT id FROM monitors WHERE slug = ?)",
            (at, at, at, slug),
        )
    database.commit()
    database.close()
    return deadlines


def _named(slug: str, arrivals: dict[str, float]) -> float:
    return next((at for text, at in arrivals.items() if slug in text), 0.0)


def _receiver(arrivals: dict[str, float]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            arrivals.setdefault(body["title"] + body["message"], time.time())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
