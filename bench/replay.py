"""`python -m bench.replay`: what replays cost on disk, how fast they are taken, and what heartbeats feel of them."""

import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.fleet import Fleet, build, daemon
from bench.masking import MB, session

SECONDS = 5.0
BATCHES_PER_S = 200
HEARTBEATS_PER_S = 100
SENDERS = 8


def bodies(count: int = 24) -> list[bytes]:
    """Return batches of about 500 kB each."""
    texts, dice, made = session(4 * MB), random.Random(9), []
    for number in range(count):
        events, size = [], 0
        while size < MB // 2:
            text = dice.choice(texts)
            events.append({"eventType": "mutation", "eventData": text, "url": "https://shop.example/cart",
                           "timestampMillis": 1_775_000_000_000 + len(events) * 40})  # fmt: skip
            size += len(text)
        document = {"fingerprint": f"fp-{number}", "sessionId": "[REDACTED]", "events": events}
        made.append(json.dumps(document).encode())
    return made


async def _send(http: aiohttp.ClientSession, url: str, body: bytes) -> None:
    async with http.post(url, data=body) as answer:
        await answer.read()
        if answer.status != 202:
            raise RuntimeError(f"answered {answer.status}")


async def _flood(http: aiohttp.ClientSession, url: str, made: list[bytes], per_s: float) -> tuple[int, float]:
    """Send batches, as fast as can be or at a rate; returns bytes sent and seconds."""
    began, sent, number = time.perf_counter(), 0, 0

    async def sender() -> None:
        nonlocal sent, number
        while time.perf_counter() - began < SECONDS:
            body, wait = made[number % len(made)], number / per_s - (time.perf_counter() - began) if per_s else 0.0
            number += 1
            await asyncio.sleep(max(0.0, wait))
            await _send(http, f"{url}/ingest/v1/replay", body)
            sent += len(body)

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return sent, time.perf_counter() - began


async def _heartbeats(http: aiohttp.ClientSession, url: str) -> float:
    """Return the p99 of heartbeats at a steady rate, in ms."""
    times: list[float] = []
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < SECONDS:
        await asyncio.sleep(max(0.0, len(times) / HEARTBEATS_PER_S - elapsed))
        body = b'{"slug":"job-000001","status":"success","durationMs":5}'
        sent = time.perf_counter()
        await _send(http, f"{url}/ingest/v1/heartbeat", body)
        times.append((time.perf_counter() - sent) * 1000)
    return sorted(times)[int(len(times) * 0.99)]


def _size(fleet: Fleet) -> int:
    return sum(path.stat().st_size for path in (fleet.folder / "data").glob("seestackd.db*"))


async def _measure(fleet: Fleet, url: str, made: list[bytes]) -> None:
    headers = {"X-SeeStack-Key": fleet.key, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as http, aiohttp.ClientSession(headers=headers) as other:
        idle = await _heartbeats(http, url)
        (sent, seconds), beside = await asyncio.gather(_flood(other, url, made, BATCHES_PER_S), _heartbeats(http, url))
        rate = sent / len(made[0]) / seconds
        print(f"heartbeat p99    {idle:.1f} ms idle, {beside:.1f} ms beside {rate:.0f} batches/s"
              f" (x{beside / idle:.1f}; goal x2, limit x5)")  # fmt: skip
        sent, seconds = await _flood(other, url, made, 0)
        print(f"replays taken    {sent / seconds / MB:.0f} MB/s, {sent / len(made[0]) / seconds:.0f} batches/s"
              " (goal 200 MB/s, floor 100)")  # fmt: skip


def measure() -> int:
    """Print the figures."""
    made = bodies()
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "stored", 10)
        before = _size(fleet)
        with daemon(fleet) as (url, _):
            asyncio.run(_store(fleet, url, made))
        print(
            f"stored           {(_size(fleet) - before) / sum(map(len, made)):.3f} bytes per byte received (goal 0.27)"
        )
        fleet = build(Path(folder) / "speed", 10)
        with daemon(fleet) as (url, _):
            asyncio.run(_measure(fleet, url, made))
    return 0


async def _store(fleet: Fleet, url: str, made: list[bytes]) -> None:
    headers = {"X-SeeStack-Key": fleet.key, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for body in made:
            await _send(http, f"{url}/ingest/v1/replay", body)


if __name__ == "__main__":
    sys.exit(measure())
