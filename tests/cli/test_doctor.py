"""Faults are planted one by one, and found; on a well-kept bench nothing is broken."""

import json
import os
import resource
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seestackd.cli.checkup import Mark, machine
from seestackd.cli.checkup.files import _kind_of
from tests.cli.conftest import Bench, bench_in

SETTINGS = """
default_channels = ["ops"]
[server]
listen = "{listen}"
public_url = "https://mon.example"
[deadman]
url = "http://127.0.0.1:9/"
[channels.ops]
url = "json://127.0.0.1:9/"
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench in good order but for the daemon, which does not run; nobody changes it."""
    with bench_in(tmp_path_factory.mktemp("template")) as bench:
        bench.configure(SETTINGS.format(listen="127.0.0.1:1")).chmod(0o600)
        bench.data.mkdir(mode=0o700)
        assert bench.run("monitor", "add", "nightly", "--schedule", "1d").returncode == 0
        assert bench.run("key", "create", "cron").returncode == 0
        yield bench


@pytest.fixture(scope="module")
def before(template: Bench) -> list[Any]:
    """What doctor finds on it."""
    checks: list[Any] = json.loads(template.run("doctor", "--json").stdout)["checks"]
    return checks


@pytest.fixture
def kept(bench: Bench, template: Bench) -> Bench:
    """A copy of that bench."""
    shutil.copytree(template.folder, bench.folder, dirs_exist_ok=True)
    return bench


def found(bench: Bench, result: str = "broken") -> dict[str, str]:
    """check -> what doctor says, of the checks with a result."""
    done = bench.run("doctor", "--json")
    checks = json.loads(done.stdout)["checks"]
    assert all(bool(check["fix"]) == (check["result"] != "ok") for check in checks)
    assert done.returncode == (5 if any(check["result"] == "broken" for check in checks) else 0)
    return {check["check"]: check["says"] for check in checks if check["result"] == result}


def test_in_good_order_nothing_is_broken_but_the_daemon_that_does_not_run(kept: Bench) -> None:
    assert found(kept) == {"daemon": "none runs: nothing is heard or judged"}
    assert len(found(kept, "ok")) >= 20


def test_with_the_daemon_at_work_all_is_well_until_it_hides(tmp_path: Path) -> None:
    with bench_in(tmp_path) as bench:
        bench.configure(SETTINGS.format(listen="127.0.0.1:0")).chmod(0o600)
        bench.data.mkdir(mode=0o700)
        bench.run("monitor", "add", "nightly", "--schedule", "1d")
        bench.run("key", "create", "cron")
        daemon = bench.serve()
        bench.configure(SETTINGS.format(listen=daemon.url.removeprefix("http://")))

        well = found(bench, "ok")

        assert found(bench) == {}
        assert well["daemon"].startswith(f"process {daemon.process.pid} answers")
        assert well["readiness"] == "it judges, sends and stores"

        (bench.data / "seestackd.db.ballast").unlink(missing_ok=True)
        assert "given up" in found(bench, "note")["ballast"]
        bench.configure(SETTINGS.format(listen="127.0.0.1:1"))
        assert "no answer from 127.0.0.1:1" in found(bench, "note")["readiness"]
        (bench.data / "seestackd.sock").unlink()
        assert f"process {daemon.process.pid} has the database, and nobody answers" in found(bench)["daemon"]


def sql(statement: str) -> Callable[[Bench], None]:
    def plant(bench: Bench) -> None:
        with closing(sqlite3.connect(bench.data / "seestackd.db", isolation_level=None)) as connection:
            connection.execute(statement)

    return plant


def settings(old: str, new: str) -> Callable[[Bench], None]:
    def plant(bench: Bench) -> None:
        file = bench.folder / "seestackd.toml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return plant


def spoilt(bench: Bench) -> None:
    with (bench.data / "seestackd.db").open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(40_000))


def no_database(bench: Bench) -> None:
    (bench.data / "seestackd.db").write_bytes(b"no database" * 1000)


def old_backup(bench: Bench) -> None:
    no_backup(bench)
    (bench.folder / "copies" / "seestackd-20200101T000000Z.db").touch()


def backups_in(bench: Bench, folder: Path) -> None:
    file = bench.folder / "seestackd.toml"
    file.write_text(f'{file.read_text()}\n[backup]\ndirectory = "{folder}"\n')


def no_backup(bench: Bench) -> None:
    (bench.folder / "copies").mkdir()
    backups_in(bench, bench.folder / "copies")


def no_place(bench: Bench) -> None:
    (bench.folder / "copies").touch()
    backups_in(bench, bench.folder / "copies")


def long_log(bench: Bench) -> None:
    log = bench.data / "seestackd.db-wal"
    log.touch(mode=0o600)
    os.truncate(log, 600 * 2**20)


def few_files(bench: Bench) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, most))


def strange_owner(bench: Bench) -> None:
    os.chown(bench.data / "seestackd.db", 65534, 65534)


NOT_PLANTED = {
    "daemon": "tests of their own: none runs, one is stuck",
    "readiness": "a test of its own, with a daemon",
    "ballast": "a test of its own, with a daemon",
    "file system": "takes a network disk; how it is told is tested",
    "disk": "takes a disk that is mounted read-only",
    "space": "takes a full disk; make faults has one",
    "inodes": "takes a full disk",
    "SQLite": "is a fact and no fault",
    "HTTP parser": "takes another build of aiohttp",
    "time zones": "a test of its own",
    "clock": "takes the kernel's",
    "systemd unit": "takes systemd; tests of the unit boot it",
}
DEAD = (
    "INSERT INTO outbox (alert_id, channel, kind, severity, created_at, attempts, state, facts)"
    " VALUES ('a', 'ops', 'missed', 'critical', 1, 3, 'dead', '{}')"
)
BLIND = (
    "INSERT INTO blind_windows (started_at, ended_at, cause, unknown, slugs)"
    " VALUES (unixepoch() * 1000 - 600000, unixepoch() * 1000, 'not running', 0, '[]')"
)
FAULTS: dict[str, tuple[Callable[[Bench], None], str, str, str]] = {
    "no channel": (
        settings(SETTINGS.format(listen="127.0.0.1:1"), "[server]\n"),
        "note",
        "channels",
        "none: nobody is told",
    ),
    "a wrong channel": (settings("json://127", "nosuch://127"), "broken", "channel ops", "is not supported"),
    "no default channel": (settings('["ops"]', "[]"), "note", "default channels", "only monitors that name"),
    "no public url": (settings("https://mon.example", ""), "note", "public_url", "not set"),
    "no dead man": (settings("http://127.0.0.1:9/", ""), "note", "dead man", "nobody notices"),
    "open to the network": (settings("127.0.0.1:1", "0.0.0.0:1"), "note", "listen", "unencrypted"),
    "secrets in sight": (
        lambda bench: (bench.folder / "seestackd.toml").chmod(0o644),
        "broken",
        "settings file",
        "others may read",
    ),
    "an open folder": (lambda bench: bench.data.chmod(0o755), "broken", "data folder", "others may look"),
    "an open file": (lambda bench: (bench.data / "seestackd.db").chmod(0o644), "broken", "file modes", "seestackd.db"),
    "a damaged database": (spoilt, "broken", "database", ""),
    "no database at all": (no_database, "broken", "database", "it cannot be read"),
    "no file": (lambda bench: (bench.data / "seestackd.db").unlink(), "broken", "database", "is not there"),
    "another journal": (sql("PRAGMA journal_mode = DELETE"), "note", "journal", "mode delete"),
    "no monitor": (sql("UPDATE monitors SET archived_at = 1"), "note", "monitors", "none"),
    "no key": (sql("UPDATE keys SET revoked_at = 1"), "note", "keys", "nobody may send"),
    "a channel that is gone": (
        sql("UPDATE monitors SET channels = '[\"gone\"]'"),
        "broken",
        "monitors' channels",
        "not defined: gone",
    ),
    "a dead letter": (sql(DEAD), "broken", "dead letters", "1 alerts were given up"),
    "a schedule nobody can read": (
        sql("UPDATE monitors SET schedule = 'every blue moon'"),
        "broken",
        "schedules",
        "cannot be read: nightly",
    ),
    "a damaged file set aside": (
        lambda bench: (bench.data / "seestackd.db.damaged-20260101T000000.000000Z").touch(),
        "note",
        "damaged files",
        "was set aside",
    ),
    "a doubted database": (
        lambda bench: (bench.data / "seestackd.db.suspect").touch(),
        "note",
        "suspicion",
        "doubted the database",
    ),
    "no backup for days": (old_backup, "broken", "backups", "hours old"),
    "a place for backups that is none": (no_place, "broken", "backups", "Not a directory"),
    "no backup yet": (no_backup, "note", "backups", "yet"),
    "time not heard": (sql(BLIND), "note", "blind time", "600 s"),
    "no data folder": (lambda bench: shutil.rmtree(bench.data), "broken", "data folder", "is not there"),
    "a long log": (long_log, "note", "log", "600 MiB wait"),
    "few files": (few_files, "note", "open files", "at most 1000"),
}
if os.geteuid() == 0:
    FAULTS["another owner's file"] = (strange_owner, "broken", "file owners", "not the folder's owner's")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_named(kept: Bench, before: list[Any], fault: str) -> None:
    plant, result, check, says = FAULTS[fault]
    few = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert not any(each["check"] == check and each["result"] == result and says in each["says"] for each in before)
    try:
        plant(kept)
        assert says in found(kept, result)[check]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, few)


def test_thirty_things_are_looked_at_and_each_has_a_planted_fault_or_a_reason(before: list[Any]) -> None:
    checks = [check["check"] for check in before]

    assert len(checks) >= 30
    assert len(set(checks)) == len(checks)
    planted = {check for _, _, check, _ in FAULTS.values()}
    assert set(checks) - planted <= NOT_PLANTED.keys()


def test_a_beginner_without_settings_has_nothing_that_is_broken_but_the_daemon(bench: Bench) -> None:
    assert found(bench).keys() == {"daemon", "data folder", "database"}
    bench.run("monitor", "add", "nightly", "--schedule", "1d")

    assert found(bench).keys() == {"daemon"}


def test_looking_changes_nothing(kept: Bench) -> None:
    database = kept.data / "seestackd.db"
    before = database.read_bytes(), stat.S_IMODE(database.stat().st_mode)

    kept.run("doctor")

    assert (database.read_bytes(), stat.S_IMODE(database.stat().st_mode)) == before


def test_it_reads_like_a_list_with_a_fix_below_each_fault(kept: Bench) -> None:
    done = kept.run("doctor")

    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ daemon"))
    assert lines[at + 1].strip() == "fix: systemctl start seestackd"
    assert lines[-1].endswith("1 broken")
    assert done.returncode == 5


def test_a_network_disk_is_known_by_the_mount_that_is_nearest(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda1 / ext4 rw 0 0\nhost:/x /srv/with\\040space nfs4 rw 0 0\ntmpfs /srv tmpfs rw 0 0\n")

    assert _kind_of(Path("/srv/with space/data"), mounts) == "nfs4"
    assert _kind_of(Path("/srv/withspace"), mounts) == "tmpfs"
    assert _kind_of(Path("/var/lib"), mounts) == "ext4"


def test_old_zones_are_worth_a_thought() -> None:
    year_of_data = machine._zones(2000)
    later = machine._zones(2100)

    assert year_of_data.mark is Mark.FINE
    assert later.mark is Mark.NOTE
