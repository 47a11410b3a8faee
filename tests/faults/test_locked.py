"""Another process holds the database: pings wait, then hear an honest 503, and /readyz says why."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.traffic import placed
from tests.journeys.daemon import wait_for


@pytest.mark.faults
def test_a_lock_is_waited_for_and_then_named(tmp_path: Path, figure: Figure) -> None:
    with placed(tmp_path) as place:
        place.start()
        wait_for(lambda: place.report("first")[0] == 202, 20, "the first ping")
        answers: list[tuple[int, str | None]] = []
        with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = threading.Thread(target=lambda: answers.append(place.report("short")))
            waiting.start()
            time.sleep(1.5)
            other.execute("ROLLBACK")
            waiting.join(20)
            assert answers == [(202, None)]

            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            refused = threading.Thread(target=lambda: answers.append(place.report("long")))
            refused.start()
            reason = wait_for(lambda: place.ready()[1].get("database"), 10, "the lock to be named")
            named_s = time.monotonic() - begun
            refused.join(20)
            refused_s = time.monotonic() - begun
            other.execute("ROLLBACK")
        figure("locked database", f"named after {named_s:.1f} s, 503 after {refused_s:.1f} s")
        assert reason.startswith("another process has kept it locked for")
        assert answers[1][0] == 503
        assert answers[1][1] == "5"
        assert wait_for(lambda: place.report("after")[0] == 202, 10, "a ping to be taken")
