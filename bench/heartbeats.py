"""Heartbeats and ping URLs per second and their latency, beside references of the same run: ratios first.

`python -m bench.heartbeats [--quick] [--write]`: two seconds a figure; docs/performance.md anew.
"""

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench import performance, references, wrk
from bench.fleet import Fleet, build, cpu_seconds, daemon, resident_mb

MONITORS = 1000
SECONDS, QUICK_SECONDS = 5, 2
ROUNDS = 3
CLIENTS, QUICK_CLIENTS = (1, 16, 64, 256), (64,)
HEARTBEAT, PING_URL, AIOHTTP, NGINX, PUSHGATEWAY = "heartbeat", "ping URL", "aiohttp 202", "nginx 202", "Pushgateway"
HEADER = "{:<14}{:<12}{:>8}{:>12}{:>10}{:>10}{:>12}{:>9}{:>6}"
_Served = Callable[[], AbstractContextManager[tuple[str, int]]]


@dataclass(frozen=True)
class Figure:
    """One row: requests a second, latencies (ms), processor time (us a request) and resident memory (MB)."""

    name: str
    keep_alive: bool
    clients: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    rss_mb: float
    bad: int


def compare(arguments: Sequence[str] = ()) -> int:
    """Print ratios and the table; returns 1 when a run had bad answers."""
    quick = "--quick" in arguments
    machine = _machine()
    print(machine)
    seconds, clients = (QUICK_SECONDS, QUICK_CLIENTS) if quick else (SECONDS, CLIENTS)
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as name:
        folder = Path(name)
        fleet = build(folder / "fleet", MONITORS)
        rounds = [_all(folder, fleet, seconds, clients) for _ in range(ROUNDS)]
        commits = references.group_commit(folder, seconds)
    figures = [_middle(each) for each in zip(*rounds, strict=True)]
    result = {
        "machine": machine,
        "ratios": _medians([ratios(each, commits) for each in rounds]),
        "group_commit": commits,
        "figures": [asdict(figure) for figure in figures],
    }
    for what, ratio in result["ratios"].items():  # type: ignore[attr-defined]
        print(f"{what}: {ratio:.2f}")
    if "--write" in arguments:
        performance.write(result)
    return 1 if any(figure.bad for figure in figures if figure.name in (HEARTBEAT, PING_URL)) else 0


def _all(folder: Path, fleet: Fleet, seconds: int, clients: Sequence[int]) -> list[Figure]:
    print(HEADER.format("", "", "clients", "requests/s", "p50 ms", "p99 ms", "CPU us/req", "RSS MB", "bad"))
    servers: list[tuple[str, _Served, str, str, Sequence[int]]] = [
        (AIOHTTP, lambda: references.constant(folder), fleet.key, "heartbeat.lua", (64,)),
        (HEARTBEAT, lambda: daemon(fleet), fleet.key, "heartbeat.lua", clients),
        (PING_URL, lambda: daemon(fleet), fleet.ping_key, "ping.lua", clients),
    ]
    if references.installed("nginx"):
        servers.append((NGINX, lambda: references.nginx(folder), fleet.key, "heartbeat.lua", (64,)))
    if references.installed("prometheus-pushgateway"):
        servers.append((PUSHGATEWAY, lambda: references.pushgateway(folder), fleet.key, "push.lua", (64,)))
    found: list[Figure] = []
    for keep_alive in (True, False):
        for name, served, key, script, counts in servers:
            with served() as (url, pid):
                wrk.drive(url, key, connections=16, monitors=MONITORS, seconds=1, keep_alive=keep_alive, script=script)
                found += [_measure(name, url, pid, key, script, count, keep_alive, seconds) for count in counts]
    return found


def _measure(
    name: str, url: str, pid: int, key: str, script: str, clients: int, keep_alive: bool, seconds: int
) -> Figure:
    before = cpu_seconds(pid)
    load = wrk.drive(
        url, key, connections=clients, monitors=MONITORS, seconds=seconds, keep_alive=keep_alive, script=script
    )
    cpu_us = (cpu_seconds(pid) - before) / max(1.0, load.rate * seconds) * 1e6
    figure = Figure(name, keep_alive, clients, load.rate, load.p50_ms, load.p99_ms, cpu_us, resident_mb(pid), load.bad)
    print(
        HEADER.format(
            name, "keep-alive" if keep_alive else "close", clients, f"{load.rate:,.0f}", f"{load.p50_ms:.2f}",
            f"{load.p99_ms:.2f}", f"{cpu_us:.0f}", f"{figure.rss_mb:.0f}", load.bad,
        ), flush=True,
    )  # fmt: skip
    return figure


def _middle(measured: Sequence[Figure]) -> Figure:
    """Return the figure of the round in the middle."""
    return sorted(measured, key=lambda figure: figure.rate)[len(measured) // 2]


def _medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {what: median(each[what] for each in rounds) for what in rounds[0]}


def ratios(figures: Sequence[Figure], commits: float) -> dict[str, float]:
    """Return what heartbeats at 64 clients are to each reference."""
    rates = {(figure.name, figure.keep_alive): figure.rate for figure in figures if figure.clients == 64}
    found = {}
    for keep_alive, kind in ((True, "keep-alive"), (False, "one connection each")):
        ours = rates[HEARTBEAT, keep_alive]
        for name in (AIOHTTP, NGINX, PUSHGATEWAY):
            if rates.get((name, keep_alive)):
                found[f"heartbeats against {name}, {kind}"] = ours / rates[name, keep_alive]
    found["heartbeats against SQLite's group commit alone"] = rates[HEARTBEAT, True] / commits
    return found


def _machine() -> str:
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    named = model[0].partition(":")[2].strip() if model else platform.machine()
    load = f"load average {os.getloadavg()[0]:.1f} before the run"
    return f"{os.cpu_count()} x {named}, {load}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1:]))
