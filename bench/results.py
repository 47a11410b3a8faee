"""The figures that are promised, with floor and goal; what was measured is kept in dist/bench.json for the page."""

import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from bench.fleet import ROOT

KEPT = ROOT / "dist" / "bench.json"
_SPIN_S, _SYNCS = 0.5, 200
_SPIN = (
    f"import time\nw = time.perf_counter()\nwhile time.perf_counter() < w + {_SPIN_S}: pass\nprint(time.process_time())"
)


@dataclass(frozen=True)
class Promise:
    """What is measured and how it is written; a floor or a goal may be missing. `at_most`: less is better."""

    what: str
    form: str
    floor: float | None
    goal: float | None
    command: str
    at_most: bool = False

    def meets(self, value: float, limit: float | None) -> bool:
        return limit is not None and (value <= limit if self.at_most else value >= limit)

    def verdict(self, value: float) -> str:
        """Return which of floor and goal a value meets."""
        if self.meets(value, self.goal):
            return "goal reached"
        if self.floor is None:
            return "goal missed"
        if not self.meets(value, self.floor):
            return "FLOOR MISSED"
        return "reached" if self.goal is None else "floor reached"

    def limits(self) -> tuple[str, str]:
        """Return floor and goal as they are written."""
        floor, goal = ("" if limit is None else self.form.format(limit) for limit in (self.floor, self.goal))
        return floor, goal


def _less(what: str, form: str, floor: float | None, goal: float | None, command: str) -> Promise:
    return Promise(what, form, floor, goal, command, at_most=True)


_TABLE, _BESIDE, _SCALE, _SMALL, _OVERLOAD = (
    f"make bench{part}" for part in ("", "-batches", "-scale", "-idle", "-overload")
)
PROMISES: Mapping[str, Promise] = {
    "healthchecks_kept": Promise("heartbeats against Healthchecks, 64 keep-alive clients", "{:.0f}x", 40, 100, _TABLE),
    "healthchecks_closed": Promise("the same, one connection per ping", "{:.0f}x", 15, 50, _TABLE),
    "share": Promise("share of aiohttp's constant 202, 64 keep-alive clients", "{:.0%}", 0.5, 0.9, _TABLE),
    "p99": _less("heartbeat p99, 64 keep-alive clients", "{:.1f} ms", 25, 10, _TABLE),
    "memory_1000": _less("resident memory under load, 1,000 monitors", "{:.0f} MB", 90, 60, _TABLE),
    "requests": Promise("HTTP requests in batches of 100, items/s", "{:,.0f}", 40_000, 80_000, _TABLE),
    "replay": Promise("replay, MB/s", "{:.0f}", 100, 200, _TABLE),
    "replay_stored": _less("replay, bytes stored per byte received", "{:.3f}", 0.35, 0.27, _TABLE),
    "beside_both": _less(
        "heartbeat p99 beside 10 replay batches and 20 batches of requests/s, against idle", "{:.1f}x", 2, None, _BESIDE
    ),
    "beside_replay": _less("heartbeat p99 beside 200 replay batches/s, against idle", "{:.1f}x", 5, 2, _BESIDE),
    "million_rate": Promise("heartbeats/s, 1,000,000 monitors against 1,000", "{:.2f}x", 0.5, 0.8, _SCALE),
    "million_ready": _less("ready after start, 1,000,000 monitors", "{:.2f} s", 10, 2, _SCALE),
    "million_memory": _less("resident memory under load, 1,000,000 monitors", "{:.0f} MB", 700, 400, _SCALE),
    "alert_p99": _less(
        "alert row after its deadline, p99, 100,000 monitors, 5,000 pings/s", "{:.0f} ms", 1000, 50, _SCALE
    ),
    "storm_done": _less("100,000 monitors missed at once: all rows committed", "{:.1f} s", 20, 5, _SCALE),
    "storm_p99": _less("the same: heartbeat p99 meanwhile", "{:.0f} ms", None, 50, _SCALE),
    "idle_cpu": _less("100 monitors, idle: share of a core", "{:.2%}", 0.005, None, _SMALL),
    "idle_pages": _less("100 monitors, idle: pages written in 10 s", "{:.2f}", 1, None, _SMALL),
    "slow_disk": Promise("heartbeats/s, 200 ms per fsync", "{:,.0f}", 500, None, _OVERLOAD),
    **{
        f"{kind}_{name}": _less(f"{what}: {figure}", form, floor, None, _OVERLOAD)
        for kind, what in (("twice", "twice what a disk of 100 ms lets through"), ("crowd", "16,000 clients at once"))
        for name, figure, form, floor in (
            ("refused", "slowest refusal, after it was sent", "{:.2f} s", 1),
            ("bare", "refusals without Retry-After", "{:.0f}", 0),
            ("lost", "acknowledged and not stored", "{:.0f}", 0),
            ("memory", "most memory", "{:.0f} MB", 256),
            ("alerts", "slowest alert row after its deadline", "{:.0f} ms", 1000),
        )
    },
}


def tell(name: str, value: float) -> bool:
    """Print a promised figure beside its floor and goal, keep it, and say whether it is good enough."""
    promise = PROMISES[name]
    floor, goal = promise.limits()
    limits = ", ".join(part for part in (f"floor {floor}" if floor else "", f"goal {goal}" if goal else "") if part)
    print(f"  = {promise.what}: {promise.form.format(value)} ({limits}: {promise.verdict(value)})", flush=True)
    _merge("figures", {name: {"value": value, "free": free(), "sync_ms": sync_ms()}})
    return promise.meets(value, promise.floor if promise.floor is not None else promise.goal)


def keep(part: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the rows of a part of the page."""
    _merge(part, {"free": free(), "sync_ms": sync_ms(), "rows": rows})


def load(file: Path = KEPT) -> dict[str, Any]:
    """Return what is kept; nothing before the first measurement."""
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _merge(part: str, found: Mapping[str, Any]) -> None:
    kept = load() | {"machine": machine()}
    kept[part] = {**kept.get(part, {}), **found}
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def machine() -> str:
    """Name the machine."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    named = model[0].partition(":")[2].strip() if model else platform.machine()
    return f"{os.cpu_count()} x {named}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


@cache
def free() -> float:
    """Return which share of a core each of as many busy processes gets as there are cores: 1 on a quiet machine.

    It is looked at once, half a second long, before this process measures anything.
    """
    spinning = [
        subprocess.Popen([sys.executable, "-c", _SPIN], stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return min(float(process.communicate()[0]) / _SPIN_S for process in spinning)


@cache
def sync_ms() -> float:
    """Return how long the disk takes to keep a page (ms, median): others that write at the same time make it longer."""
    times = []
    with tempfile.TemporaryFile(prefix="seestackd-bench-") as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return median(times)
