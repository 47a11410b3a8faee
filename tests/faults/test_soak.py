"""Half an hour of mixed traffic: memory does not grow."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.scale import times
from tests.faults.traffic import KEY, Place, Supervised, placed
from tests.journeys.daemon import Webhook, wait_for
from tests.supply import locked

MINUTES = times(1, 2, 30)
PER_SECOND = 200
WARM_UP_S = 30 if MINUTES < 10 else 300
CLIENTS = 8
GROWTH_MIB, RESIDENT_MIB = 2.0, 80.0


def resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def without_what_tools_bring(folder: Path) -> str:
    """Hide chardet and uvloop, which are used where they are found (2 MiB each): a deployment has neither."""
    folder.mkdir()
    for package in ("chardet", "uvloop"):
        (folder / f"{package}.py").write_text('raise ImportError("no part of a deployment")\n')
        assert package not in locked()
    return str(folder)


@pytest.mark.long
@pytest.mark.timeout(60 * MINUTES + 300)
async def test_memory_does_not_grow_under_mixed_traffic(tmp_path: Path, figure: Figure) -> None:
    as_deployed = without_what_tools_bring(tmp_path / "without")
    with Webhook() as hook:
        settings = f'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:{hook.port}/"\n'
        with placed(tmp_path, settings=settings) as place, Supervised(place, PYTHONPATH=as_deployed) as supervised:
            await asyncio.to_thread(wait_for, lambda: place.report("first")[0] == 202, 20, "the first ping")
            assert supervised.process is not None
            begun, warm, samples = time.monotonic(), 0.0, [0.0]
            clients = [asyncio.create_task(_client(place, n, begun + 60 * MINUTES)) for n in range(CLIENTS)]
            while not all(client.done() for client in clients):
                await asyncio.sleep(5)
                samples.append(resident_mib(supervised.process.pid))
                if not warm and time.monotonic() - begun >= WARM_UP_S:
                    warm = samples[-1]
            sent = sum(await asyncio.gather(*clients))
    growth = sorted(samples[-12:])[len(samples[-12:]) // 2] - warm
    figure(
        f"{MINUTES} min of traffic",
        f"{sent / 60 / MINUTES:.0f}/s, {max(samples):.1f} MiB at most, grown {growth:.1f} MiB",
    )
    assert sent >= 0.9 * PER_SECOND * 60 * MINUTES
    assert growth <= GROWTH_MIB
    assert max(samples) <= RESIDENT_MIB


async def _client(place: Place, number: int, until: float) -> int:
    """Send heartbeats, failures, requests, replays, bad keys and bad bodies at a steady pace."""
    count, pause = 0, CLIENTS / PER_SECOND
    reader, writer = await asyncio.open_connection(*place.address)
    due = time.monotonic()
    while time.monotonic() < until:
        path, body, key = _request(count * CLIENTS + number)
        wanted = {"{no json": b"400", "{}": b"401"}.get(body.decode(), b"202")
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {key}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in answer.split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.partition(b":")[2]))
        assert answer.startswith(b"http/1.1 " + wanted), answer
        count += 1
        due += pause
        if b"connection: close" in answer:
            writer.close()
            reader, writer = await asyncio.open_connection(*place.address)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    writer.close()
    return count


def _request(number: int) -> tuple[str, bytes, str]:
    kind = number % 20
    if kind == 0:
        return "/ingest/v1/heartbeat", b"{no json", KEY
    if kind == 1:
        return "/ingest/v1/heartbeat", b"{}", "ssk_nobody"
    if kind in (2, 3):
        request = {
            "timestamp": datetime.now(UTC).isoformat(), "traceId": f"{number}", "direction": "inbound", "method": "GET",
            "host": "shop.example", "path": f"/cart/{number % 50}", "statusCode": 200, "durationMs": 12,
        }  # fmt: skip
        return "/ingest/v1/http-requests", json.dumps({"requests": [request] * 5}).encode(), KEY
    if kind == 4:
        event = {"timestampMillis": int(time.time() * 1000), "eventType": "click", "eventData": f'{{"x":{number}}}'}
        batch = {"fingerprint": f"f{number % 9}", "sessionId": f"s{number % 9}", "events": [event] * 10}
        return "/ingest/v1/replay", json.dumps(batch).encode(), KEY
    slug, status = ("other", "failed") if kind == 5 and number % 400 == 5 else ("job", "success")
    return (
        "/ingest/v1/heartbeat",
        json.dumps({"slug": slug, "status": status, "durationMs": number % 900}).encode(),
        KEY,
    )
