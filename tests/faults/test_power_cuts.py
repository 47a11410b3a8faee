"""Power cuts on a real file system: what was acknowledged is on the disk, and `synchronous=NORMAL` would not do."""

import random
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Figure
from tests.faults.disks import disk
from tests.faults.scale import times
from tests.faults.traffic import Traffic, placed

CUTS = times(5, 50, 1_000)
CUTS_OF_THE_CONTROL = times(1, 3, 10)


def cut_again_and_again(folder: Path, cuts: int, synchronous: str, batches: int) -> tuple[int, int, bool]:
    """Return how many reports were acknowledged, how many of them are lost, and whether the database is sound."""
    chance, acknowledged = random.Random(7), 0
    lost: set[str] = set()
    sound = True
    with disk(folder) as drive, placed(folder, drive.at / "data") as place:
        for number in range(cuts):
            before = place.stored()
            daemon = place.start(synchronous=synchronous)
            # The syncs of pings keep batches too: every other time these are alone, and have to see to it themselves.
            with Traffic(place, clients=0 if batches and number % 2 else 4, batches=batches) as traffic:
                traffic.more(20)
                time.sleep(chance.uniform(0, 0.2))
                # Taken before: a machine without power answers nobody, whatever became of a sync that was on its way.
                confirmed = set(traffic.acknowledged)
                drive.cut()
                daemon.kill()
                place.renew()
            drive.unmount()
            drive.mount()
            sound = sound and place.sound()
            stored = place.stored()
            lost |= (confirmed | before) - stored
            acknowledged += len(confirmed)
            place.forget()
    return acknowledged, len(lost), sound


@pytest.mark.timeout(60 + 5 * CUTS)
def test_no_acknowledged_report_is_lost_by_a_power_cut(tmp_path: Path, figure: Figure) -> None:
    acknowledged, lost, sound = cut_again_and_again(tmp_path, CUTS, "FULL", 2)

    figure(f"{CUTS} power cuts", f"{lost} of {acknowledged:,} acknowledged reports lost")
    assert acknowledged >= 20 * CUTS
    assert lost == 0
    assert sound


def test_the_bench_of_power_cuts_finds_a_daemon_that_does_not_sync(tmp_path: Path, figure: Figure) -> None:
    acknowledged, lost, _ = cut_again_and_again(tmp_path, CUTS_OF_THE_CONTROL, "NORMAL", 0)

    figure(f"{CUTS_OF_THE_CONTROL} power cuts, synchronous=NORMAL", f"{lost} of {acknowledged:,} lost, as it must be")
    assert lost > 0
