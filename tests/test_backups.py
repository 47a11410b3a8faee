"""Scheduled backups: taken when they are due, whole, and no more than are to be kept."""

import asyncio
from pathlib import Path

import pytest

from seestackd.backups import AGAIN_AFTER_MS, Backups
from seestackd.settings.upkeep import Backup as BackupSettings
from seestackd.store.sqlite.backups import listed, newest_verified, take
from seestackd.store.sqlite.connection import SqliteStore
from tests.clocks import SetClock

NOW = 1_775_000_000_000
DAY_MS = 86_400_000


class Steady(SetClock):
    """A clock whose monotonic time a test sets too."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def database(tmp_path: Path) -> Path:
    SqliteStore.open(tmp_path / "seestackd.db").close()
    return tmp_path / "seestackd.db"


def backups(database: Path, clock: SetClock, **settings: object) -> Backups:
    said = BackupSettings.model_validate({"directory": database.parent / "kept", **settings})
    return Backups(database, clock, lambda: said)


def ages(folder: Path) -> list[int]:
    return [round((NOW - each.at) / DAY_MS) for each in listed(folder)]


async def test_one_is_taken_at_once_and_the_next_when_it_is_due(database: Path) -> None:
    clock = SetClock(NOW)
    scheduled = backups(database, clock)
    for at in (NOW, NOW + 60_000, NOW + DAY_MS - 1000, NOW + DAY_MS, NOW + DAY_MS + 60_000):
        clock.at = at
        await scheduled.due()

    assert [each.at for each in listed(database.parent / "kept")] == [NOW + DAY_MS, NOW]
    assert (scheduled.state.newest_at, scheduled.state.trouble) == (NOW + DAY_MS, None)


async def test_the_oldest_go_and_other_files_stay(database: Path) -> None:
    clock, folder = SetClock(NOW), database.parent / "kept"
    scheduled = backups(database, clock, keep=2)
    folder.mkdir()
    (folder / "mine.db").write_text("precious")
    (folder / ".seestackd-20260101T000000Z.db.99.part").write_text("left by a process that was killed")
    for days in range(4):
        clock.at = NOW - (3 - days) * DAY_MS
        await scheduled.due()

    assert ages(folder) == [0, 1]
    assert (folder / "mine.db").read_text() == "precious"
    assert len(list(folder.iterdir())) == 3


async def test_without_a_folder_none_is_taken(database: Path) -> None:
    clock = SetClock(NOW)
    scheduled = Backups(database, clock, BackupSettings)
    await scheduled.due()

    assert [path.name for path in database.parent.iterdir()] == ["seestackd.db"]


async def test_what_fails_is_told_and_tried_again_later_and_nothing_old_is_lost(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, folder = Steady(NOW), database.parent / "kept"
    scheduled = backups(database, clock, keep=1)
    await scheduled.due()
    whole = database.read_bytes()
    database.write_bytes(b"no database at all" * 100)
    clock.at += DAY_MS
    await scheduled.due()
    assert "no backup could be taken" in caplog.text
    assert "not a database" in str(scheduled.state.trouble)
    assert ages(folder) == [0]

    database.write_bytes(whole)
    await scheduled.due()
    assert len(listed(folder)) == 1
    assert scheduled.state.trouble

    clock.seconds += AGAIN_AFTER_MS / 1000
    await scheduled.due()
    assert scheduled.state.trouble is None
    assert [each.at for each in listed(folder)] == [NOW + DAY_MS]


async def test_one_of_the_future_holds_nothing_up(database: Path) -> None:
    take(database, database.parent / "kept", NOW + 900 * DAY_MS, 7)
    scheduled = backups(database, SetClock(NOW))
    await scheduled.due()

    assert len(listed(database.parent / "kept")) == 2


async def test_two_at_a_time_are_one(database: Path) -> None:
    scheduled = backups(database, SetClock(NOW))
    await asyncio.gather(scheduled.due(), scheduled.due())

    assert len(listed(database.parent / "kept")) == 1


def test_the_newest_that_is_still_whole_is_found_past_damaged_ones(database: Path) -> None:
    folder = database.parent / "kept"
    for days in (2, 1, 0):
        take(database, folder, NOW - days * DAY_MS, 7)
    newest = listed(folder)[0].file
    newest.write_bytes(newest.read_bytes()[:5000])
    found = newest_verified(folder)

    assert found is not None
    assert round((NOW - found[0].at) / DAY_MS) == 1
    assert newest_verified(database.parent / "elsewhere") is None
