"""A disk that fails or is slow: nothing acknowledged is lost, and what cannot be trusted is left to a new process."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.traffic import KEY, Place, Supervised, Traffic, placed
from tests.journeys.daemon import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
BODY = b'{"slug":"job","status":"success","durationMs":0}'
CLIENTS = 400


@pytest.fixture(autouse=True)
def strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is missing, no disk fails: apt-get install strace")


def under(call: str, fault: str) -> tuple[str, ...]:
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}")


@pytest.mark.parametrize("error", ["EIO", "EROFS", "ENOSPC"])
def test_writes_that_fail_are_answered_503_until_they_do_not(tmp_path: Path, error: str, figure: Figure) -> None:
    with placed(tmp_path) as place:
        daemon = place.start(*under("pwrite64", f"error={error}:when=60..90"))
        with Traffic(place, clients=2) as traffic:
            wait_for(lambda: traffic.statuses.get(503), 20, "a ping to be answered 503")
            traffic.more(50)
        assert not daemon.ended
        daemon.kill()
        lost = set(traffic.acknowledged) - place.stored()
        figure(f"writes fail with {error}", f"{traffic.statuses.get(503)} answered 503, {len(lost)} acknowledged lost")
        assert lost == set()
        assert place.sound()


def test_after_a_failed_sync_it_ends_at_once_and_another_serves(tmp_path: Path, figure: Figure) -> None:
    with (
        placed(tmp_path) as place,
        Supervised(place, *under("fdatasync", "error=EIO:when=40"), "--") as supervised,
        Traffic(place, clients=2) as traffic,
    ):
        wait_for(lambda: traffic.acknowledged, 20, "the first ping")
        last_ack = time.monotonic()
        count = 0
        until = time.monotonic() + 30
        while not supervised.ends and time.monotonic() < until:
            if len(traffic.acknowledged) > count:
                count, last_ack = len(traffic.acknowledged), time.monotonic()
            time.sleep(0.002)
        ended_at, status = supervised.ends[0]
        before = len(traffic.acknowledged)
        wait_for(lambda: len(traffic.acknowledged) > before, 20, "another process to serve")
        serving_s = time.monotonic() - ended_at
        lost = set(traffic.acknowledged) - place.stored()
    figure("a sync fails", f"ends {ended_at - last_ack:.2f} s after, serves {serving_s:.1f} s later, {len(lost)} lost")
    assert status == 70
    assert ended_at - last_ack <= 1
    assert serving_s <= 5
    assert lost == set()


async def test_a_slow_disk_takes_five_hundred_pings_a_second(tmp_path: Path, figure: Figure) -> None:
    with placed(tmp_path) as place:
        place.start(*under("fdatasync", "delay_enter=200000"))
        await asyncio.to_thread(wait_for, lambda: place.report("first")[0] == 202, 20, "the first ping")
        begun = time.monotonic()
        counts = await asyncio.gather(*(_send_for(place, begun + 5) for _ in range(CLIENTS)))
        per_second = sum(counts) / (time.monotonic() - begun)
    figure("syncs that take 200 ms", f"{per_second:,.0f} heartbeats/s")
    assert per_second >= 500


async def _send_for(place: Place, until: float) -> int:
    reader, writer = await asyncio.open_connection(*place.address)
    head = (
        f"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {KEY}\r\nContent-Type: application/json\r\n"
    )
    request = f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    count = 0
    while time.monotonic() < until:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 202")
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.partition(b":")[2]))
        count += 1
    writer.close()
    return count
