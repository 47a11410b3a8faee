"""A wall clock that is set while the daemon runs: no false alarm, and silence is still found."""

import http.client
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from seestackd.clock import Clock
from seestackd.core.monitor import Rules, new_monitor
from seestackd.feed import Feed
from seestackd.operations.monitors import AddMonitor, add
from seestackd.runner import Runner
from seestackd.store.sqlite.connection import SqliteStore
from tests.faults.conftest import Figure
from tests.faults.disks import needs_root
from tests.faults.traffic import Place, Supervised, placed, send
from tests.journeys.daemon import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
STEPS = ("+1s", "-1s", "+70s", "-70s", "+3h", "-3h", "+3d", "-3d", "+3650d", "-3650d")
INTERVAL_S, GRACE_S = 2, 4
# A busy machine may hold everybody up, which is no matter of clocks.
SETTLE = "10s"


def watched(place: Place) -> None:
    """Add the monitor `beat`, due every 2 s with a grace of 4 s."""
    store = SqliteStore.open(place.database)
    try:
        with closing(sqlite3.connect(place.database)) as database:
            (project,) = database.execute("SELECT id FROM projects").fetchone()
        beat = new_monitor("beat", f"{INTERVAL_S}s", rules=Rules(grace_ms=GRACE_S * 1000, watch_from_creation=False))
        Runner(store, Clock(), Feed(), lambda: None).call(add, AddMonitor(project, beat, "beat-beat"))
    finally:
        store.close()


@contextmanager
def beating(place: Place) -> Iterator[None]:
    """Report to `beat` three times a second."""
    over = threading.Event()

    def beat() -> None:
        with closing(http.client.HTTPConnection(*place.address, timeout=20)) as connection:
            while not over.wait(0.3):
                send(connection, "beat", slug="beat")

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(25)


def incidents(place: Place) -> list[str]:
    with closing(sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)) as database:
        return [row[0] for row in database.execute("SELECT kind FROM incidents")]


def test_steps_of_the_clock_raise_no_alarm_and_hide_none(tmp_path: Path, figure: Figure) -> None:
    if not FAKETIME.exists():
        pytest.skip("libfaketime is missing, no clock is set: apt-get install libfaketime")
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with placed(tmp_path, settle=SETTLE) as place:
        watched(place)
        with Supervised(place, **faked) as supervised:
            with beating(place):
                wait_for(lambda: place.report("first")[0] == 202, 20, "the first ping")
                for step in STEPS:
                    time.sleep(2.5)
                    offset.write_text(f"{step}\n")
                    time.sleep(2.5)
                    offset.write_text("+0\n")
                time.sleep(2.5)
                assert incidents(place) == []
            offset.write_text("-3h\n")
            begun = time.monotonic()
            wait_for(lambda: incidents(place) == ["missed"], 30, "silence to be found after a step back")
            found_s = time.monotonic() - begun
            assert supervised.ends == []
    figure(f"{2 * len(STEPS)} clock steps", f"0 false alarms; silence after a step found after {found_s:.1f} s")
    assert found_s <= INTERVAL_S + GRACE_S + 5
    assert "the wall clock moved by" in place.log.read_text()


def test_a_machine_that_slept_raises_no_alarm(tmp_path: Path) -> None:
    needs_root("unshare")
    with placed(tmp_path, settle=SETTLE) as place:
        watched(place)
        with Supervised(place), beating(place):
            wait_for(lambda: place.report("first")[0] == 202, 20, "the first ping")
            time.sleep(1)
        # A boot time an hour ahead of the wall clock: as if the machine had slept, and its clock too.
        with (
            Supervised(place, always=("unshare", "-T", "--boottime", "3600", "--fork", "--kill-child")),
            beating(place),
        ):
            wait_for(lambda: place.report("second")[0] == 202, 20, "a ping to be taken")
            time.sleep(3 * INTERVAL_S)
            assert incidents(place) == []
