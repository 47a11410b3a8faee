"""What 50 channels that hang do to heartbeats and to the alerts of other channels: nothing, within the limits below."""

import json
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from bench import wrk
from bench.fleet import Fleet, build, daemon
from seestackd.core.monitor import new_monitor

MONITORS = 1000
HANGING = 50
OTHERS = 10
ROUNDS = 3
SECONDS = 3
CONNECTIONS = 4
MAX_RISE_MS = 5.0
MAX_LEAVING_S = 2.0
HANG_WITHIN_S = 10.0


def measure() -> int:
    """Print both figures; returns 1 when one is beyond its limit or not all channels hang."""
    arrivals: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder,
        _never_answering() as (dead, hung),
        _receiver(arrivals) as alive,
    ):
        hanging = [f"hanging-{number}" for number in range(HANGING)]
        others = [f"other-{number}" for number in range(OTHERS)]
        broken = [new_monitor("broken", "1d", channels=tuple(hanging))]
        broken += [new_monitor(f"{name}-job", "1d", channels=(name,)) for name in others]
        fleet = build(Path(folder) / "fleet", MONITORS, extra=broken)
        ports = dict.fromkeys(hanging, dead) | dict.fromkeys(others, alive)
        channels = (f'[channels.{name}]\nurl = "json://127.0.0.1:{port}/{name}"\n' for name, port in ports.items())
        with daemon(fleet, "".join(channels)) as (url, _):
            _heartbeats(fleet, url)
            quiet = median(_heartbeats(fleet, url) for _ in range(ROUNDS))
            _fail(fleet, url, "broken")
            until = time.monotonic() + HANG_WITHIN_S
            while len(hung) < HANGING and time.monotonic() < until:
                time.sleep(0.05)
            sent = {name: _fail(fleet, url, f"{name}-job") for name in others}
            loaded = median(_heartbeats(fleet, url) for _ in range(ROUNDS))
    late = max(arrivals.get(name, float("inf")) - at for name, at in sent.items())
    print(f"{len(hung)} hanging sends: heartbeat p99 {quiet:.2f} ms before, {loaded:.2f} ms beside them;", end=" ")
    print(f"{len(arrivals)} of {OTHERS} other channels got their alert, the slowest after {late * 1000:.0f} ms")
    return 0 if len(hung) >= HANGING and loaded - quiet <= MAX_RISE_MS and late <= MAX_LEAVING_S else 1


def _heartbeats(fleet: Fleet, url: str) -> float:
    """Return the p99 of heartbeats in milliseconds."""
    load = wrk.drive(url, fleet.key, connections=CONNECTIONS, monitors=MONITORS, seconds=SECONDS, keep_alive=True)
    if load.bad:
        raise RuntimeError(f"{load.bad} heartbeats were refused")
    return load.p99_ms


def _fail(fleet: Fleet, url: str, slug: str) -> float:
    """Report a failed run and return when it was acknowledged (seconds of `time.time`)."""
    body = json.dumps({"slug": slug, "status": "failed", "durationMs": 1}).encode()
    headers = {"X-SeeStack-Key": fleet.key, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{url}/ingest/v1/heartbeat", body, headers), timeout=10).close()
    return time.time()


@contextmanager
def _never_answering() -> Iterator[tuple[int, list[socket.socket]]]:
    """Run a server that takes connections and says nothing; gives its port and the connections."""
    held: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def hold() -> None:
        while True:
            try:
                held.append(listener.accept()[0])
            except OSError:
                return

    threading.Thread(target=hold, daemon=True).start()
    yield listener.getsockname()[1], held
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in held:
        connection.close()


@contextmanager
def _receiver(arrivals: dict[str, float]) -> Iterator[int]:
    """Run a webhook that notes when each path was first asked for; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            arrivals.setdefault(self.path.strip("/"), time.time())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
