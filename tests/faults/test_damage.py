"""A database that is damaged when the daemon starts: found, set aside, and a backup takes its place."""

import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seestackd.clock import Clock
from seestackd.feed import Feed
from seestackd.operations.blind import Hear, hear
from seestackd.runner import Runner
from seestackd.store.sqlite.backups import take
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.store.sqlite.damage import Damaged, Suspicion, damage_of
from tests.faults.conftest import Figure
from tests.faults.scale import times
from tests.faults.traffic import Place, Supervised, placed
from tests.journeys.daemon import Webhook, wait_for

OFFSETS = times(20, 200, 1_000)


def with_rows(place: Place, count: int = 3_000) -> None:
    """Fill the database by hand to some hundred pages, and close it as a clean stop does."""
    with closing(sqlite3.connect(place.database)) as database, database:
        (monitor,) = database.execute("SELECT id FROM monitors WHERE slug = 'job'").fetchone()
        database.executemany(
            "INSERT INTO pings (monitor_id, at, arrived_at, kind, message) VALUES (?, ?, ?, 'success', ?)",
            [(monitor, 1_000 + number, 1_000 + number, f"{number} " + "m" * 100) for number in range(count)],
        )


def use(database: Path) -> int:
    """Read every row as the daemon does, and write; raises what the store raises when that cannot be."""
    store = SqliteStore.open(database)
    try:
        Runner(store, Clock(), Feed(), lambda: pytest.fail("broken")).call(hear, Hear("local", 1, "boot"))
        return int(store.read(lambda tx: read_all(tx.behind)))
    finally:
        store.close()


def read_all(transaction: Any) -> int:
    tables = [row[0] for row in transaction.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    return sum(len(transaction.execute(f'SELECT * FROM "{table}"').fetchall()) for table in tables)


def test_a_flipped_byte_is_found_or_does_no_harm(tmp_path: Path, figure: Figure) -> None:
    chance, found, harmless = random.Random(7), 0, 0
    with placed(tmp_path) as place:
        with_rows(place)
        whole = place.database.read_bytes()
    damaged = tmp_path / "damaged.db"
    for _ in range(OFFSETS):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(content)
        if damage_of(damaged) is not None:
            found += 1
            continue
        use(damaged)
        harmless += 1

    figure(f"{OFFSETS} flipped bits", f"{found} found at the start, {harmless} harmless")
    assert found + harmless == OFFSETS
    assert found > 0


def test_a_schema_whose_text_is_damaged_is_found(tmp_path: Path) -> None:
    with placed(tmp_path) as place:
        content = bytearray(place.database.read_bytes())
        at = content.index(b"CREATE TABLE monitors")
        for shift, byte in ((0, 0xC5), (7, 0xC5), (14, 0xFF)):
            damaged = tmp_path / f"damaged-{shift}.db"
            damaged.write_bytes(content[: at + shift] + bytes([byte]) + content[at + shift + 1 :])
            assert damage_of(damaged) is not None, shift


def test_a_damaged_page_is_found_wherever_it_lies(tmp_path: Path) -> None:
    chance = random.Random(7)
    with placed(tmp_path) as place:
        with_rows(place, 500)
        whole = place.database.read_bytes()
    damaged = tmp_path / "damaged.db"
    for page in range(0, len(whole), 4096 * 5):
        damaged.write_bytes(whole[:page] + chance.randbytes(4096) + whole[page + 4096 :])
        if damage_of(damaged) is None:
            use(damaged)


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_a_damaged_database_is_set_aside_for_the_newest_whole_backup(tmp_path: Path, figure: Figure) -> None:
    backups = tmp_path / "backups"
    with Webhook() as hook:
        settings = (
            f'default_channels = ["hook"]\n[backup]\ndirectory = "{backups}"\n'
            f'[channels.hook]\nurl = "json://127.0.0.1:{hook.port}/"\n'
        )
        with placed(tmp_path, settings=settings) as place:
            with_rows(place)
            now = int(time.time() * 1000)
            take(place.database, backups, now - 120_000, 7)
            take(place.database, backups, now - 60_000, 7)
            newest = max(backups.iterdir())
            newest.write_bytes(newest.read_bytes()[:-50_000])
            content = place.database.read_bytes()
            place.database.write_bytes(content[:8_192] + bytes(40_960) + content[49_152:])
            begun = time.monotonic()
            place.start()
            assert wait_for(lambda: place.report("after")[0] == 202, 30, "a ping to be taken")
            serving_s = time.monotonic() - begun
            wait_for(lambda: any("damaged" in title for title in hook.titles()), 30, "the operator to be told")
            kept = [file.name for file in place.data.iterdir() if ".damaged-" in file.name]
            figure("damaged database", f"a backup serves after {serving_s:.1f} s")
            assert len(kept) == 1
            assert serving_s <= 30


def test_a_damaged_schema_is_set_aside_too_and_so_is_a_backup_of_it(tmp_path: Path) -> None:
    from seestackd.monitors_file import load
    from seestackd.restoring import mend

    backups = tmp_path / "backups"
    with placed(tmp_path, settings=f'[backup]\ndirectory = "{backups}"\n') as place:
        take(place.database, backups, 10**12, 7)
        take(place.database, backups, 10**12 + 60_000, 7)
        for file in (max(backups.iterdir()), place.database):
            file.write_bytes(file.read_bytes().replace(b"CREATE TABLE monitors", b"CR\xc5ATE TABLE monitors"))
        mend(load(place.config).settings, Clock())

        assert use(place.database) > 0
        assert [file.name for file in place.data.iterdir() if ".damaged-" in file.name]


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_damage_that_is_met_at_work_is_mended_by_the_next_start(tmp_path: Path, figure: Figure) -> None:
    backups = tmp_path / "backups"
    with placed(tmp_path, settings=f'[backup]\ndirectory = "{backups}"\n') as place:
        with_rows(place)
        take(place.database, backups, int(time.time() * 1000) - 60_000, 7)
        with Supervised(place) as supervised:
            wait_for(lambda: place.report("before")[0] == 202, 20, "a ping to be taken")
            with place.database.open("r+b") as file:
                file.seek(4_096)
                file.write(b"\xff" * (place.database.stat().st_size - 4_096))
            assert supervised.process is not None
            supervised.process.send_signal(signal.SIGKILL)
            begun = time.monotonic()
            wait_for(lambda: place.report("after")[0] == 202, 30, "a ping to be taken")
            figure("damage met at work", f"serves {time.monotonic() - begun:.1f} s after")
        assert [file.name for file in place.data.iterdir() if ".damaged-" in file.name]


def test_without_a_backup_it_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    from seestackd.monitors_file import load
    from seestackd.restoring import mend

    with placed(tmp_path) as place:
        place.database.write_bytes(b"SQLite format 3\0" + bytes(5_000))
        settings = load(place.config).settings

        with pytest.raises(Damaged, match="seestackd restore FILE"):
            mend(settings, Clock())

        assert Suspicion(place.database).may_tell(10**12)
        assert not Suspicion(place.database).may_tell(10**12 + 60_000), "at most once an hour"
        assert Suspicion(place.database).may_tell(10**12 + 3_600_000)
        shutil.copy(place.config, tmp_path / "kept")
