"""What open pages cost: the list of 1,000 monitors x 30 slots, and heartbeats beside 200 pages that are live.

`python -m bench.pages`. The pages are held open by real streams, and shown anew by real heartbeats.
"""

import socket
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench import wrk
from bench.fleet import Fleet, build, daemon
from seestackd.clock import Clock
from seestackd.core.monitor import Outcome, SlotEntry
from seestackd.feed import Feed
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore

MONITORS, SLOTS, PAGES = 1_000, 30, 200
SHOWN, ROUNDS, SECONDS, CONNECTIONS = 21, 3, 4, 4
MAX_MS, MAX_KB, MAX_RISE_MS = 100.0, 100.0, 5.0
_HOUR_MS = 3_600_000
_OUTCOMES = (Outcome.ON_TIME,) * 27 + (Outcome.LATE, Outcome.MISSED, Outcome.FAILED)


def measure() -> int:
    """Print the figures; returns 1 when one is beyond its limit."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS)
        _fill(fleet)
        with daemon(fleet) as (url, _):
            times, size = _show(url)
            quiet, loaded, told = _beside_pages(fleet, url)
    print(f"list of {MONITORS:,} x {SLOTS}: {median(times):.0f} ms median of {len(times)}, {size / 1000:.0f} kB (gzip)")
    rise = loaded - quiet
    print(f"heartbeat p99 {quiet:.2f} ms alone, {loaded:.2f} ms beside {PAGES} live pages ({told / 1e6:.1f} MB told)")
    return 0 if median(times) <= MAX_MS and size <= MAX_KB * 1000 and rise <= MAX_RISE_MS and told else 1


def _fill(fleet: Fleet) -> None:
    store = SqliteStore.open(fleet.folder / "data" / "seestackd.db")

    def fill(tx: Transaction, command: None, at: int) -> None:
        for project in tx.projects.all():
            for monitor in tx.monitors.in_project(project.id):
                for slot in range(SLOTS):
                    first = at - (slot + 1) * _HOUR_MS
                    outcome = _OUTCOMES[(monitor.id * 7 + slot * slot) % len(_OUTCOMES)]
                    tx.slots.put(monitor.id, SlotEntry(first, first, 1, outcome, "bench"))

    try:
        Runner(store, Clock(), Feed(), lambda: None).call(fill, None)
    finally:
        store.close()


def _show(url: str) -> tuple[list[float], int]:
    """Return how long the list takes (ms, from request to last byte), and its size on the wire."""
    times, size = [], 0
    for _ in range(SHOWN):
        asked = urllib.request.Request(f"{url}/", headers={"Accept-Encoding": "gzip"})
        began = time.perf_counter()
        with urllib.request.urlopen(asked, timeout=30) as answer:
            size = len(answer.read())
        times.append((time.perf_counter() - began) * 1000)
    return times, size


def _beside_pages(fleet: Fleet, url: str) -> tuple[float, float, int]:
    quiet, loaded, told = [], [], 0
    for _ in range(ROUNDS):
        quiet.append(_heartbeats(fleet, url))
        with _pages(url) as received:
            loaded.append(_heartbeats(fleet, url))
        told += sum(received)
    return median(quiet), median(loaded), told


def _heartbeats(fleet: Fleet, url: str) -> float:
    load = wrk.drive(url, fleet.key, connections=CONNECTIONS, monitors=MONITORS, seconds=SECONDS, keep_alive=True)
    if load.bad:
        raise RuntimeError(f"{load.bad} heartbeats were refused")
    return load.p99_ms


@contextmanager
def _pages(url: str) -> Iterator[list[int]]:
    """Hold pages open and read what they are told; gives the bytes that each has received."""
    host = urlsplit(url).netloc
    asked = f"GET /live?rows=1 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    received = [0] * PAGES
    connections = [socket.create_connection(host.split(":")) for _ in range(PAGES)]  # type: ignore[arg-type]
    for connection in connections:
        connection.sendall(asked)

    def read(index: int) -> None:
        try:
            while piece := connections[index].recv(65536):
                received[index] += len(piece)
        except OSError:
            pass

    readers = [threading.Thread(target=read, args=(index,), daemon=True) for index in range(PAGES)]
    for reader in readers:
        reader.start()
    try:
        yield received
    finally:
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for reader in readers:
            reader.join(5)


if __name__ == "__main__":
    sys.exit(measure())
