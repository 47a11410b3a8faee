"""The thread that writes dies: the process ends and says so, and the next one serves."""

import ctypes
import threading
import time
from pathlib import Path

import pytest

from seestackd.opening import BROKEN_EXIT
from tests.faults.forked import Forked
from tests.faults.traffic import placed
from tests.journeys.daemon import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]


class Planted(BaseException):
    """What nobody expects."""


def death_of_the_writer() -> None:
    """Have the writer raise at its first step once it has work."""

    def strike() -> None:
        while not (found := [thread for thread in threading.enumerate() if thread.name == "writer"]):
            time.sleep(0.001)
        time.sleep(0.5)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(found[0].ident or 0), ctypes.py_object(Planted))

    threading.Thread(target=strike, daemon=True).start()


def test_a_daemon_whose_writer_dies_ends_and_the_next_one_serves(tmp_path: Path) -> None:
    with placed(tmp_path) as place:
        dying = Forked(place.config, place.socket, plant=death_of_the_writer)
        try:
            assert dying.end(20) == BROKEN_EXIT, "systemd replaces it"
        finally:
            dying.kill()
        told = place.log.read_text()
        assert "the writer has died" in told
        assert "Planted" in told

        place.start()
        wait_for(lambda: place.report("after")[0] == 202, 20, "another process to serve")
        assert "after" in place.stored()
