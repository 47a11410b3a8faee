"""Killed at any moment under traffic: what was acknowledged is there."""

import random
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.scale import times
from tests.faults.traffic import Traffic, placed

KILLS = times(20, 200, 10_000)


@pytest.mark.timeout(60 + 3 * KILLS)
def test_every_acknowledged_report_survives_kills_under_traffic(tmp_path: Path, figure: Figure) -> None:
    chance = random.Random(7)
    with placed(tmp_path) as place, Traffic(place, batches=2) as traffic:
        for _ in range(KILLS):
            daemon = place.start()
            traffic.more(20)
            time.sleep(chance.uniform(0, 0.1))
            daemon.kill()
        daemon = place.start()
        traffic.more(20)
        daemon.kill()

    lost = set(traffic.acknowledged) - place.stored()
    figure(f"{KILLS} kills", f"{len(lost)} of {len(traffic.acknowledged):,} acknowledged reports lost")
    assert lost == set()
    assert place.sound()
