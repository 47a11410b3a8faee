"""`python -m bench.askers`: many patient clients, each of whose pings is told apart and timed.

They are a process of their own, which writes a line of JSON for each answer: what the ping called itself, its status,
the seconds since it was sent, and whether Retry-After came with it.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.fleet import ROOT
from bench.senders import request

CLIENTS, PAUSE_S = 1_000, 1.0


@dataclass(frozen=True)
class Answer:
    """How one ping was answered, after how many seconds."""

    name: str
    status: int
    seconds: float
    says_when: bool


@contextmanager
def asking(url: str, key: str, monitors: int, seconds: float) -> Iterator[list[Answer]]:
    """Have a thousand clients report beside the block; fills the list it gives at the end."""
    command = [sys.executable, "-m", "bench.askers", url, key, str(monitors), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    found: list[Answer] = []
    try:
        yield found
        found += [Answer(*json.loads(line)) for line in process.communicate(timeout=seconds + 120)[0].splitlines()]
    finally:
        process.kill()
        process.wait()


async def _ask(place: tuple[str, int], key: str, number: int, monitors: int, until: float, found: list[Answer]) -> None:
    dice, count = random.Random(number), 0
    await asyncio.sleep(dice.random() * PAUSE_S)
    reader, writer = await asyncio.open_connection(*place)
    while time.perf_counter() < until:
        name = f"asker {number}, ping {count}"
        count += 1
        body = {"slug": f"job-{number % monitors:06d}", "status": "success", "durationMs": 1, "message": name}
        sent = time.perf_counter()
        writer.write(request("/ingest/v1/heartbeat", key, json.dumps(body).encode()))
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(size)
        except (OSError, EOFError, asyncio.IncompleteReadError):
            found.append(Answer(name, 0, time.perf_counter() - sent, False))
            reader, writer = await asyncio.open_connection(*place)
            continue
        found.append(Answer(name, int(head[9:12]), time.perf_counter() - sent, b"\r\nretry-after: " in head))
        await asyncio.sleep(dice.random() * PAUSE_S)
    writer.close()


async def main(url: str, key: str, monitors: str, seconds: str) -> None:
    parts, found = urlsplit(url), []
    place = (parts.hostname or "", parts.port or 80)
    until = time.perf_counter() + float(seconds)
    await asyncio.gather(*(_ask(place, key, number, int(monitors), until, found) for number in range(CLIENTS)))
    for answer in found:
        print(json.dumps([answer.name, answer.status, answer.seconds, answer.says_when]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
