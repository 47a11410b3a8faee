"""The reserve beside the database: taken when there is plenty, given up at once, never in the way."""

import shutil
from pathlib import Path

import pytest

from seestackd.store.sqlite.ballast import ROOM, SIZE, Ballast


def test_it_is_made_once_and_really_takes_its_room(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < ROOM:
        pytest.skip("the disk of the tests has no room for a reserve: 256 MiB must be free")
    ballast = Ballast(tmp_path / "seestackd.db")

    assert ballast.make()
    assert ballast.make()

    file = tmp_path / "seestackd.db.ballast"
    assert file.stat().st_blocks * 512 >= SIZE
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    assert ballast.give_up()
    assert not ballast.there


def test_nothing_is_given_up_that_is_not_there(tmp_path: Path) -> None:
    assert not Ballast(tmp_path / "seestackd.db").give_up()
    assert not Ballast(tmp_path / "gone" / "seestackd.db").open_the_door()


def test_a_disk_with_room_keeps_its_reserve_at_a_start(tmp_path: Path) -> None:
    (tmp_path / "seestackd.db.ballast").write_bytes(b"x")

    assert not Ballast(tmp_path / "seestackd.db").open_the_door()
    assert Ballast(tmp_path / "seestackd.db").there
