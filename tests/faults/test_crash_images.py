"""Thousands of disks as they may be after a crash in the middle of a write, from one daemon's system calls."""

import http.client
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.images import STRACE, Event, Replay, read_trace
from tests.faults.scale import times
from tests.faults.traffic import Place, placed, send
from tests.journeys.daemon import wait_for

IMAGES = times(1_500, 10_000, 100_000)
IMAGES_OF_THE_CONTROL = times(100, 1_000, 3_000)
PINGS = times(60, 400, 2_000)


@dataclass
class Found:
    """What crash images have shown."""

    images: int = 0
    losing: int = 0
    damaged: int = 0


def crash(folder: Path, images: int, synchronous: str) -> Found:
    """Trace a daemon that takes pings one by one, and look at `images` crashes of it."""
    if shutil.which("strace") is None:
        pytest.skip("strace is missing, no system calls can be replayed: apt-get install strace")
    with placed(folder) as place:
        before = {str(file): file.read_bytes() for file in place.data.iterdir() if file.is_file()}
        _take_pings(place, folder / "trace", synchronous)
        events = read_trace(folder / "trace", place.data)
    return _crash(events, before, images)


def _take_pings(place: Place, trace: Path, synchronous: str) -> None:
    daemon = place.start(*STRACE, "-o", str(trace), synchronous=synchronous)
    try:
        with closing(http.client.HTTPConnection(*place.address, timeout=20)) as connection:
            for number in range(PINGS):
                wait_for(lambda number=number: send(connection, str(number))[0] == 202, 20, "a ping to be taken")
    finally:
        daemon.kill()


def _crash(events: list[Event], before: dict[str, bytes], images: int) -> Found:
    chance, found, replay = random.Random(7), Found(), Replay(before)
    first = next(index for index, event in enumerate(events) if event.kind == "accepted")
    each = max(1, images // (len(events) - first))
    share = min(1.0, images / (len(events) - first))
    for index, event in enumerate(events):
        replay.step(event)
        if index >= first and chance.random() < share:
            for _ in range(each):
                with _disk() as disk:
                    replay.crash(disk, chance)
                    _look(disk, replay.accepted, found)
    return found


@contextmanager
def _disk() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def _look(disk: Path, accepted: int, found: Found) -> None:
    found.images += 1
    try:
        with closing(sqlite3.connect(disk / "seestackd.db")) as database:
            stored = {int(row[0]) for row in database.execute("SELECT message FROM pings")}
            sound = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        stored, sound = set(), False
    found.losing += not set(range(accepted)) <= stored
    found.damaged += not sound


@pytest.mark.timeout(120 + IMAGES // 20)
def test_no_crash_image_lacks_an_acknowledged_ping(tmp_path: Path, figure: Figure) -> None:
    found = crash(tmp_path, IMAGES, "FULL")

    figure(f"{found.images:,} crash images", f"{found.losing} lack acknowledged pings, {found.damaged} are damaged")
    assert found.images >= IMAGES // 2
    assert (found.losing, found.damaged) == (0, 0)


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
@pytest.mark.faults
@pytest.mark.timeout(300)
def test_crash_images_find_a_daemon_that_does_not_sync(tmp_path: Path, synchronous: str, figure: Figure) -> None:
    found = crash(tmp_path, IMAGES_OF_THE_CONTROL, synchronous)

    figure(f"{found.images:,} crash images, synchronous={synchronous}", f"{found.losing} lose, {found.damaged} damaged")
    assert found.losing > 0
