"""`python -m bench.beside [20+50 ...]`: what heartbeats feel of batches that come at a steady rate, against none.

Replays and batches of requests per second stand on either side of a plus; without any it is the whole table.
"""

import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import results
from bench.batches import a_batch, as_body
from bench.fleet import Fleet, build, cpu_seconds, daemon, resident_mb
from bench.masking import MB, session
from bench.senders import Client, request, sending, write_bodies

SECONDS = 5.0
ROUNDS = 5
HEARTBEATS_PER_S = 200
EVENTS = 200
POINTS = ((10, 0), (10, 20), (20, 50), (50, 0), (100, 0), (200, 0), (0, 5), (0, 20), (0, 50))
"""Replay batches and batches of 100 requests, each per second."""
PROMISED = {"beside_both": (10, 20), "beside_replay": (200, 0)}
"""Which points have a promise, and its name among those of `results`."""

ROW = "{:>9}{:>10}{:>9}{:>9}{:>9}{:>9}{:>8}{:>10}{:>9}{:>5}"
HEADER = ROW.format("replays/s", "requests/s", "p50 ms", "p99 ms", "max ms", "x idle", "MB/s", "CPU", "RSS MB", "bad")


@dataclass(frozen=True)
class Beside:
    """What heartbeats felt beside `replays` and `requests` batches a second; latencies in ms. `bad` were not taken."""

    replays: float
    requests: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    ratio: float
    replay_mb_s: float
    cpu: float
    resident_mb: float
    bad: float


def heartbeats(url: str, key: str, seconds: float) -> list[float]:
    """Send heartbeats at a steady rate and return how long each took, in ms, sorted."""
    client, dice = Client(url), random.Random(5)
    asked = request("/ingest/v1/heartbeat", key, b'{"slug":"job-000001","status":"success","durationMs":5}')
    times: list[float] = []
    began = time.perf_counter()
    while (now := time.perf_counter()) < began + seconds:
        due = began + (len(times) + dice.random() / 2) / HEARTBEATS_PER_S
        time.sleep(max(0.0, due - now))
        sent = time.perf_counter()
        if client.ask(asked) != 202:
            raise RuntimeError("a heartbeat was not taken")
        times.append((time.perf_counter() - sent) * 1000)
    client.close()
    return sorted(times)


def replays(count: int = 24) -> list[bytes]:
    """Return batches of 200 events, 550 kB each."""
    texts, dice, made = session(4 * MB), random.Random(9), []
    for number in range(count):
        events = []
        for place in range(EVENTS):
            text = dice.choice(texts)
            while len(text) < 2_200:
                text += dice.choice(texts)
            at = 1_775_000_000_000 + place * 40
            events.append({"eventType": "mutation", "eventData": text[:2_300], "url": "https://shop.example/cart",
                           "timestampMillis": at})  # fmt: skip
        made.append(json.dumps({"fingerprint": f"fp-{number}", "sessionId": "[REDACTED]", "events": events}).encode())
    return made


def _percentile(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def _point(url: str, key: str, files: dict[str, Path], rates: dict[str, float], seconds: float) -> tuple[Any, ...]:
    with ExitStack() as stack:
        found = {
            path: stack.enter_context(sending(url, key, path, files[path], rate, seconds + 0.5))
            for path, rate in rates.items()
            if rate
        }
        time.sleep(0.5)
        times = heartbeats(url, key, seconds)
    return times, found


def measure(points: tuple[tuple[float, float], ...] = POINTS, seconds: float = SECONDS) -> list[Beside]:
    """Print the table of every round and that of their medians; return the latter, the first for no batches at all."""
    rng, now = random.Random(4711), int(time.time() * 1000)
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        files = {
            "/ingest/v1/replay": write_bodies(Path(folder) / "replay", replays()),
            "/ingest/v1/http-requests": write_bodies(
                Path(folder) / "requests", [as_body(a_batch(rng, now)).encode() for _ in range(40)]
            ),
        }
        fleet = build(Path(folder) / "fleet", 100)
        with daemon(fleet) as (url, pid):
            # The first batch starts the process that reads them.
            _point(url, fleet.key, files, dict.fromkeys(files, 5.0), 2)
            print(HEADER)
            rounds = [_round(url, pid, fleet, files, points, seconds) for _ in range(ROUNDS)]
    rows = [Beside(*map(median, zip(*map(astuple, each), strict=True))) for each in zip(*rounds, strict=True)]
    print(f"\nMedians of {ROUNDS} rounds\n{HEADER}")
    for row in rows:
        print(_line(row))
    for name, point in PROMISED.items():
        if point in points:
            results.tell(name, rows[1 + points.index(point)].ratio)
    return rows


def _round(
    url: str, pid: int, fleet: Fleet, files: dict[str, Path], points: tuple[tuple[float, float], ...], seconds: float
) -> list[Beside]:
    """Measure at rest and then at each point; ratios are to the rest of this round, for a machine has its moods."""
    rows: list[Beside] = []
    for replays, requests in ((0.0, 0.0), *points):
        before, began = cpu_seconds(pid), time.perf_counter()
        rates = dict(zip(files, (replays, requests), strict=True))
        times, found = _point(url, fleet.key, files, rates, seconds)
        share = (cpu_seconds(pid) - before) / (time.perf_counter() - began)
        taken = {path: figures[0] / figures[3] for path, figures in found.items()}
        size, p99 = found.get("/ingest/v1/replay", [0, 0, 0, 1]), _percentile(times, 0.99)
        row = Beside(
            *(taken.get(path, 0.0) for path in files), _percentile(times, 0.5), p99, times[-1],
            p99 / (rows[0].p99_ms if rows else p99), size[2] / size[3] / MB, share, resident_mb(pid),
            int(sum(figures[1] for figures in found.values())),
        )  # fmt: skip
        rows.append(row)
        print(_line(row), flush=True)
        time.sleep(1)
    return rows


def _line(row: Beside) -> str:
    return ROW.format(
        f"{row.replays:.0f}", f"{row.requests:.0f}", f"{row.p50_ms:.2f}", f"{row.p99_ms:.2f}", f"{row.worst_ms:.1f}",
        f"{row.ratio:.1f}", f"{row.replay_mb_s:.0f}", f"{row.cpu:.0%}", f"{row.resident_mb:.0f}", f"{row.bad:.0f}",
    )  # fmt: skip


if __name__ == "__main__":
    given = tuple(tuple(map(float, each.split("+"))) for each in sys.argv[1:])
    measure(given or POINTS)  # type: ignore[arg-type]
