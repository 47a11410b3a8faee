"""Heartbeats per second and their latency, beside aiohttp's own ceiling in the same run."""

import sys
import tempfile
from pathlib import Path

from bench import wrk
from bench.fleet import Fleet, build, cpu_seconds, daemon, free_port, resident_mb, running

MONITORS = 1000
SECONDS = 5
CLIENTS = (1, 16, 64, 256)
ROW = "{:<22}{:>8}{:>12}{:>10}{:>10}{:>12}{:>9}{:>6}"


def compare() -> int:
    """Print the table; returns 1 when a run had bad answers."""
    print(ROW.format("", "clients", "requests/s", "p50 ms", "p99 ms", "CPU us/req", "RSS MB", "bad"))
    bad = 0
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS)
        for keep_alive in (True, False):
            ceiling = _constant(Path(folder), keep_alive)
            ours, failed = _daemon(fleet, keep_alive)
            bad += failed
            kind = "keep-alive" if keep_alive else "one connection each"
            print(f"share of aiohttp's ceiling at 64 clients, {kind}: {ours / ceiling:.0%}\n")
    return 1 if bad else 0


def _constant(folder: Path, keep_alive: bool) -> float:
    port = free_port()
    with running([sys.executable, "-m", "bench.constant", str(port)], port, folder / "constant.log") as process:
        return _measure("aiohttp constant 202", f"http://127.0.0.1:{port}", process.pid, "key", (64,), keep_alive)[0]


def _daemon(fleet: Fleet, keep_alive: bool) -> tuple[float, int]:
    with daemon(fleet) as (url, pid):
        return _measure("seestackd, durable", url, pid, fleet.key, CLIENTS, keep_alive)


def _measure(name: str, url: str, pid: int, key: str, clients: tuple[int, ...], keep_alive: bool) -> tuple[float, int]:
    rate_at_64, bad = 0.0, 0
    wrk.drive(url, key, connections=16, monitors=MONITORS, seconds=1, keep_alive=keep_alive)
    for connections in clients:
        before = cpu_seconds(pid)
        load = wrk.drive(url, key, connections=connections, monitors=MONITORS, seconds=SECONDS, keep_alive=keep_alive)
        cpu_us = (cpu_seconds(pid) - before) / max(1.0, load.rate * SECONDS) * 1e6
        print(
            ROW.format(
                name if keep_alive else f"{name}, close", connections, f"{load.rate:,.0f}", f"{load.p50_ms:.2f}",
                f"{load.p99_ms:.2f}", f"{cpu_us:.0f}", f"{resident_mb(pid):.0f}", load.bad,
            )
        )  # fmt: skip
        bad += load.bad
        if connections == 64:
            rate_at_64 = load.rate
    return rate_at_64, bad
