"""A disk without room: an honest 503, the operator told, and work again as soon as there is room."""

import time
from pathlib import Path

import pytest

from seestackd.store.sqlite.ballast import SIZE, Ballast
from tests.faults.conftest import Figure
from tests.faults.disks import Disk, disk
from tests.faults.traffic import Place, Traffic, placed
from tests.journeys.daemon import Webhook, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


def settings(hook: Webhook) -> str:
    return f'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:{hook.port}/"\n'


def fill_up(drive: Disk, place: Place) -> Path:
    """Fill the disk until a ping is refused; returns the file that takes the room."""
    filler = drive.fill()
    padding = "x" * 900

    def refused() -> bool:
        status, retry_after = place.report(padding)
        assert status in (202, 503)
        return status == 503 and int(retry_after or 0) > 0

    wait_for(refused, 60, "a ping to be answered 503")
    return filler


def test_a_full_disk_is_told_and_forgotten_without_a_restart(tmp_path: Path, figure: Figure) -> None:
    with (
        Webhook() as hook,
        disk(tmp_path, 256) as drive,
        placed(tmp_path, drive.at / "data", settings(hook)) as place,
    ):
        daemon = place.start()
        with Traffic(place, clients=1, pause_s=0.01) as traffic:
            traffic.more(20)
            filler = fill_up(drive, place)
            full_at = time.monotonic()
            wait_for(lambda: any("cannot store" in title for title in hook.titles()), 60, "the operator to be told")
            told_s = time.monotonic() - full_at
            assert wait_for(lambda: place.ready()[1], 10, "it to be not ready")["database"]
            filler.unlink()
            room_at = time.monotonic()
            traffic.more(1)
            back_s = time.monotonic() - room_at
            wait_for(lambda: place.ready()[1].get("database") is None, 10, "it to be ready")
        assert not daemon.ended
        daemon.kill()
        lost = set(traffic.acknowledged) - place.stored()
        figure("full disk", f"told after {told_s:.1f} s, stores {back_s:.1f} s after there is room, {len(lost)} lost")
        assert not lost
        assert back_s <= 5
        assert told_s <= 60
        assert [title for title in hook.titles() if "MISSED" in title] == []


def test_the_ballast_carries_on_and_the_operator_is_told_at_once(tmp_path: Path, figure: Figure) -> None:
    with (
        Webhook() as hook,
        disk(tmp_path, 256) as drive,
        placed(tmp_path, drive.at / "data", settings(hook)) as place,
    ):
        with Path(f"{place.database}.ballast").open("wb") as file:
            file.write(bytes(SIZE))
        place.start()
        with Traffic(place, clients=1, pause_s=0.01) as traffic:
            traffic.more(20)
            fill_up(drive, place)
            begun = time.monotonic()
            wait_for(lambda: any("cannot store" in title for title in hook.titles()), 60, "the operator to be told")
            told_s = time.monotonic() - begun
            assert not Ballast(place.database).there
            traffic.more(20)
            stores_s = time.monotonic() - begun
        figure("full disk, with ballast", f"told after {told_s:.1f} s, stores again after {stores_s:.1f} s")


def test_a_full_disk_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    with disk(tmp_path, 128) as drive, placed(tmp_path, drive.at / "data") as place:
        with Path(f"{place.database}.ballast").open("wb") as file:
            file.write(bytes(SIZE))
        drive.fill()
        place.start()
        assert wait_for(lambda: place.report("first")[0] == 202, 20, "a ping to be taken")
        assert not Ballast(place.database).there
