"""100,000 and 1,000,000 monitors: start, memory, heartbeats, and alerts on time. `python -m bench.scale [start|...]`.

Databases are made by SQL (`crowded.py`); whatever is measured is the daemon's, over HTTP and in its database. With
`keep=DIR` those for `start` and `rate` stay there and are used again.
"""

import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench import results, wrk
from bench.crowded import build_crowded, fall_due, open_database
from bench.fleet import Fleet, cpu_seconds, daemon, resident_mb

FEW, MANY, MILLION = 1_000, 100_000, 1_000_000
SECONDS, ROUNDS, CLIENTS = 10, 3, 64
DUE, SPREAD_S, BEGIN_S = 2_000, 20, 15
PACE_MS = 10
WAIT_S = 120
_kept: list[str] = []
_CHANNEL = 'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:9/"\n'


def start() -> int:
    """Ready after start and resident memory, 1,000,000 monitors and 1,000."""
    slowest = 0.0
    with _fleets() as fleets:
        for monitors, fleet in fleets.items():
            for number in range(ROUNDS):
                began = time.monotonic()
                with daemon(fleet) as (_, pid):
                    ready = time.monotonic() - began
                    print(f"{monitors:>9,} monitors, start {number + 1}: ready in {ready:.2f} s", end=", ")
                    print(f"{cpu_seconds(pid):.2f} s of CPU, {resident_mb(pid):.0f} MB")
                slowest = max(slowest, ready) if monitors == MILLION else 0.0
    return 0 if results.tell("million_ready", slowest) else 1


def rate() -> int:
    """Heartbeats/s of 1,000,000 monitors chosen at random, against 1,000; hardly any of the million reports twice."""
    with _fleets() as fleets:
        rates: dict[int, list[float]] = {monitors: [] for monitors in fleets}
        memory = 0.0
        for number in range(ROUNDS):
            for monitors, fleet in fleets.items():
                with daemon(fleet) as (url, pid):
                    cpu, wrote = cpu_seconds(pid), _written(pid)
                    load = _heartbeats(fleet, url, monitors, SECONDS, seed=time.time_ns() % 1_000_000)
                    rates[monitors].append(load.rate)
                    memory = max(memory, resident_mb(pid))
                    pings = load.rate * (SECONDS + 1)
                    print(
                        f"{monitors:>9,} monitors, round {number + 1}: {load.rate:,.0f}/s, p50 {load.p50_ms:.1f} ms,"
                        f" p99 {load.p99_ms:.1f} ms; {(cpu_seconds(pid) - cpu) / pings * 1e6:.0f} us of CPU and"
                        f" {(_written(pid) - wrote) / pings / 1024:.1f} KiB written each; {resident_mb(pid):.0f} MB,"
                        f" {load.bad} bad"
                    )
    ratios = sorted(million / few for few, million in zip(rates[FEW], rates[MILLION], strict=True))
    print(f"heartbeats/s with 1,000,000 monitors against 1,000: {ratios[ROUNDS // 2]:.2f}x, median of {ROUNDS} rounds")
    good = (results.tell("million_rate", ratios[ROUNDS // 2]), results.tell("million_memory", memory))
    return 0 if all(good) else 1


@contextmanager
def _fleets() -> Iterator[dict[int, Fleet]]:
    """Make the two databases, or take those that were kept."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as passing:
        folder = Path(_kept[-1] if _kept else passing)
        yield {monitors: _fleet(folder / str(monitors), monitors) for monitors in (FEW, MILLION)}


def _fleet(folder: Path, monitors: int) -> Fleet:
    key = folder / "key"
    if not key.exists():
        key.write_text(build_crowded(folder, monitors).key)
    return Fleet(folder, key.read_text())


def _written(pid: int) -> int:
    """Return how many bytes a process has written to files and sockets."""
    return int(Path(f"/proc/{pid}/io").read_text().split("wchar:")[1].split()[0])


def on_time() -> int:
    """How long after its deadline an alert's row is committed, with 100,000 monitors at about 5,000 pings/s.

    It is the daemon's first start: a later one judges nobody for 20 s, and calls unknown what it could not have heard.
    """
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build_crowded(Path(folder) / "fleet", MANY)
        at = (time.time_ns() // 1_000_000) + BEGIN_S * 1000
        fall_due(fleet, at, SPREAD_S * 1000, DUE)
        with daemon(fleet, _CHANNEL) as (url, pid), _watching(fleet) as (committed, _):
            load = wrk.drive(
                url, fleet.key, connections=CLIENTS, monitors=MANY // 2, seconds=BEGIN_S + SPREAD_S, keep_alive=True,
                first=MANY // 2, at_random=True, delay_ms=PACE_MS,
            )  # fmt: skip
            _until(lambda: len(committed) >= DUE)
            memory = resident_mb(pid)
        late = sorted(committed[monitor] - deadline for monitor, deadline in _deadlines(fleet).items())
    print(
        f"{len(late):,} alerts of {MANY:,} monitors at {load.rate:,.0f} pings/s: row committed after its deadline p50"
        f" {late[len(late) // 2]:.0f} ms, p99 {late[int(len(late) * 0.99)]:.0f} ms, worst {late[-1]:.0f} ms;"
        f" heartbeat p99 {load.p99_ms:.1f} ms, {memory:.0f} MB"
    )
    good = results.tell("alert_p99", late[int(len(late) * 0.99)])
    return 0 if good and len(late) == DUE and not load.bad else 1


def all_at_once() -> int:
    """100,000 monitors missed at once, and heartbeats of others meanwhile."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build_crowded(Path(folder) / "fleet", int(MANY / 0.7) + 10 * FEW)
        at = (time.time_ns() // 1_000_000) + BEGIN_S * 1000
        fall_due(fleet, at, 0, MANY)
        with daemon(fleet, _CHANNEL) as (url, pid), _watching(fleet) as (seen, counts):
            time.sleep(max(0.0, at / 1000 - 1 - time.time()))
            loads: list[wrk.Load] = []
            while len(seen) < MANY and time.time() < at / 1000 + WAIT_S:
                loads.append(_heartbeats(fleet, url, 5 * FEW, 4, first=int(MANY / 0.7) + 4 * FEW, clients=16))
            _until(lambda: counts[0] >= MANY)
            memory = resident_mb(pid)
    done = (max(seen.values()) - at) / 1000 if seen else float("inf")
    print(
        f"{len(seen):,} of {MANY:,} monitors missed at once: {len(seen):,} incidents and {counts[0]:,} outbox rows"
        f" committed after {done:.1f} s; heartbeat p99 meanwhile {max(load.p99_ms for load in loads):.1f} ms at"
        f" {min(load.rate for load in loads):,.0f}/s, {memory:.0f} MB"
    )
    good = (results.tell("storm_done", done), results.tell("storm_p99", max(load.p99_ms for load in loads)))
    return 0 if len(seen) >= MANY and all(good) else 1


def _heartbeats(
    fleet: Fleet, url: str, monitors: int, seconds: int, first: int = 0, clients: int = CLIENTS, seed: int = 4711
) -> wrk.Load:
    wrk.drive(
        url, fleet.key, connections=16, monitors=monitors, seconds=1, keep_alive=True, first=first, at_random=True,
        seed=seed,
    )  # fmt: skip
    return wrk.drive(
        url, fleet.key, connections=clients, monitors=monitors, seconds=seconds, keep_alive=True, first=first,
        at_random=True, seed=seed + 1,
    )  # fmt: skip


def _deadlines(fleet: Fleet) -> dict[int, int]:
    """Return the deadline of each monitor that has an incident: its slot and five minutes."""
    with closing(open_database(fleet)) as db:
        return dict(
            db.execute(
                "SELECT i.monitor_id, max(s.first_at) + 300000 FROM incidents i JOIN slots s USING (monitor_id)"
                " WHERE s.outcome = 'missed' GROUP BY i.monitor_id"
            )
        )


def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until and not done():
        time.sleep(0.05)


@contextmanager
def _watching(fleet: Fleet) -> Iterator[tuple[dict[int, float], list[int]]]:
    """Look into the database every 2 ms; gives when each incident was first seen there (ms UTC), and counts alerts."""
    seen: dict[int, float] = {}
    alerts, ended = [0], threading.Event()

    def watch() -> None:
        with closing(open_database(fleet)) as db:
            last = last_alert = 0
            while not ended.wait(0.002):
                rows = db.execute("SELECT id, monitor_id FROM incidents WHERE id > ? ORDER BY id", (last,)).fetchall()
                now = time.time() * 1000
                seen.update((monitor, now) for _, monitor in rows)
                last = rows[-1][0] if rows else last
                found = db.execute("SELECT max(id), count(*) FROM outbox WHERE id > ?", (last_alert,)).fetchone()
                last_alert, alerts[0] = found[0] or last_alert, alerts[0] + found[1]

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen, alerts
    finally:
        ended.set()
        watcher.join()


PARTS: dict[str, Callable[[], int]] = {"start": start, "rate": rate, "ontime": on_time, "storm": all_at_once}


def measure(names: list[str]) -> int:
    """Measure the named parts, or all."""
    _kept.extend(name.removeprefix("keep=") for name in names if name.startswith("keep="))
    names = [name for name in names if not name.startswith("keep=")]
    return max(PARTS[name]() for name in names or PARTS)


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")
    sys.exit(measure(sys.argv[1:]))
