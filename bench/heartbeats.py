"""Heartbeats and ping URLs per second and their latency, beside references of the same run: ratios first.

All servers run at the same time and are asked in turn, a round after the other: what disturbs the machine for a while
disturbs all of them.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench import healthchecks, references, results, wrk
from bench.fleet import LOOP, build, cpu_seconds, daemon, memory_mb

MONITORS = 1000
ROUNDS, SECONDS = 7, 2
QUICK_ROUNDS, QUICK_SECONDS = 3, 1
WARM_UP_S, OWN_WARM_UP_S = 1, 6
MANY = 64
CLIENTS = (MANY, 1, 16, 256)
HEARTBEAT, PING_URL, AIOHTTP, NGINX, PUSHGATEWAY = "heartbeat", "ping URL", "aiohttp 202", "nginx 202", "Pushgateway"
HEALTHCHECKS, COMMITS = "Healthchecks", "SQLite alone"
KINDS = {True: "keep-alive", False: "one connection each"}
HEADER = "{:<14}{:<20}{:>8}{:>12}{:>8}{:>10}{:>10}{:>12}{:>11}{:>6}"


@dataclass(frozen=True)
class Served:
    """A server, and how it is asked."""

    name: str
    url: str
    pid: int
    key: str
    script: str
    clients: Sequence[int] = (MANY,)


@dataclass(frozen=True)
class Figure:
    """A row: requests a second, latencies (ms), processor time (us a request), memory (MB); all medians but `bad`.

    `spread` is by how much the fastest round was faster than the slowest, of the median.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    memory_mb: float
    bad: int
    spread: float = 0.0


Row = tuple[str, bool, int]
ROW = ("name", "keep_alive", "clients")


def compare(quick: bool = False, checkout: Path | None = None) -> int:
    """Print the table and the ratios; returns 1 when the daemon had bad answers or a floor is missed."""
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        servers = _started(stack, folder, (MANY,) if quick else CLIENTS, checkout)
        commits = references.group_commit(folder)
        for server in servers:
            _warm_up(server)
        measured = [_round(servers, commits, seconds) for _ in range(rounds)]
    rows = {row: _median([each[row] for each in measured]) for row in measured[0]}
    print(HEADER.format("", "", "clients", "requests/s", "+-", "p50 ms", "p99 ms", "CPU us/req", "memory MB", "bad"))
    for row, figure in rows.items():
        _print(row, figure)
    results.keep("pings", [dict(zip(ROW, row, strict=True)) | asdict(figure) for row, figure in rows.items()])
    return _judge(rows, [ratios(each) for each in measured])


def _started(stack: ExitStack, folder: Path, clients: Sequence[int], checkout: Path | None) -> list[Served]:
    fleet = build(folder / "fleet", MONITORS)
    start = stack.enter_context
    url, pid = start(daemon(fleet))
    found = [
        Served(AIOHTTP, *start(references.constant(folder, LOOP)), fleet.key, "heartbeat.lua"),
        Served(HEARTBEAT, url, pid, fleet.key, "heartbeat.lua", clients),
        Served(PING_URL, url, pid, fleet.ping_key, "ping.lua", clients),
    ]
    if references.installed("nginx"):
        found.append(Served(NGINX, *start(references.nginx(folder)), fleet.key, "heartbeat.lua"))
    if references.installed("prometheus-pushgateway"):
        found.append(Served(PUSHGATEWAY, *start(references.pushgateway(folder)), fleet.key, "push.lua"))
    if checkout is not None:
        server = start(healthchecks.healthchecks(checkout, folder, MONITORS))
        found.append(Served(HEALTHCHECKS, *server, healthchecks.KEY, "ping.lua"))
    return found


def _warm_up(server: Served) -> None:
    """Have a server answer for a while: on a database that is all new ours is a quarter faster than ever after."""
    clients, seconds = (MANY, OWN_WARM_UP_S) if server.name == HEARTBEAT else (16, WARM_UP_S)
    for keep_alive in KINDS:
        _measure(server, clients, keep_alive, seconds)


def _round(servers: Sequence[Served], commits: references.Alone, seconds: int) -> dict[Row, Figure]:
    found: dict[Row, Figure] = {}
    for keep_alive in KINDS:
        for count in CLIENTS:
            for server in servers:
                if count in server.clients:
                    found[server.name, keep_alive, count] = _measure(server, count, keep_alive, seconds)
                    print(".", end="", flush=True)
    rate, cpu_us = commits.run(1)
    found[COMMITS, True, references.BATCH] = Figure(rate, 0, 0, cpu_us, 0, 0)
    print(flush=True)
    return found


def _measure(server: Served, clients: int, keep_alive: bool, seconds: int) -> Figure:
    before = cpu_seconds(server.pid)
    load = wrk.drive(
        server.url, server.key, connections=clients, monitors=MONITORS, seconds=seconds, keep_alive=keep_alive,
        script=server.script,
    )  # fmt: skip
    cpu_us = (cpu_seconds(server.pid) - before) / max(1.0, load.rate * seconds) * 1e6
    return Figure(load.rate, load.p50_ms, load.p99_ms, cpu_us, memory_mb(server.pid), load.bad)


def _median(measured: Sequence[Figure]) -> Figure:
    rates = [figure.rate for figure in measured]
    middle = {
        name: median(getattr(figure, name) for figure in measured)
        for name in ("rate", "p50_ms", "p99_ms", "cpu_us", "memory_mb")
    }
    spread = (max(rates) - min(rates)) / max(1.0, middle["rate"])
    return Figure(**middle, bad=sum(figure.bad for figure in measured), spread=spread)


def _print(row: Row, figure: Figure) -> None:
    name, keep_alive, clients = row
    print(
        HEADER.format(
            name, KINDS[keep_alive], clients, f"{figure.rate:,.0f}", f"{figure.spread / 2:.0%}", f"{figure.p50_ms:.2f}",
            f"{figure.p99_ms:.2f}", f"{figure.cpu_us:.0f}", f"{figure.memory_mb:.0f}", figure.bad,
        ), flush=True,
    )  # fmt: skip


def ratios(rows: Mapping[Row, Figure]) -> dict[str, float]:
    """Return what heartbeats at 64 clients are to each reference."""
    return {
        f"heartbeats against {name}, {kind}": rows[HEARTBEAT, keep_alive, MANY].rate
        / max(1.0, rows[name, keep_alive, MANY].rate)
        for keep_alive, kind in KINDS.items()
        for name in (HEALTHCHECKS, PUSHGATEWAY, AIOHTTP, NGINX, COMMITS)
        if (name, keep_alive, MANY) in rows
    }


def _judge(rows: Mapping[Row, Figure], rounds: Sequence[Mapping[str, float]]) -> int:
    middle = {what: median(each[what] for each in rounds) for what in rounds[0]}
    results.keep("ratios", [{"name": what, "ratio": ratio} for what, ratio in middle.items()])
    for what, ratio in middle.items():
        print(f"{what}: {ratio:.2f}")
    ours = rows[HEARTBEAT, True, MANY]
    figures = {
        "healthchecks_kept": middle.get(f"heartbeats against {HEALTHCHECKS}, {KINDS[True]}"),
        "healthchecks_closed": middle.get(f"heartbeats against {HEALTHCHECKS}, {KINDS[False]}"),
        "share": middle[f"heartbeats against {AIOHTTP}, {KINDS[True]}"],
        "p99": ours.p99_ms,
        "memory_1000": ours.memory_mb,
    }
    good = [results.tell(name, value) for name, value in figures.items() if value is not None]
    bad = sum(figure.bad for (name, _, _), figure in rows.items() if name in (HEARTBEAT, PING_URL))
    return 0 if all(good) and not bad else 1
