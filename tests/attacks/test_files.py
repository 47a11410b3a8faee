"""Nobody else on the machine reads what is stored, and no second writer or foreign disk spoils it."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from seestackd.errors import Forbidden
from seestackd.store.sqlite.lock import opened
from seestackd.store.sqlite.place import file_system, network_name
from tests.forked import run_forked
from tests.journeys.daemon import Daemon, free_port

HELD = "[channels.ops]\nurl = 'jsons://hooks.example/canary'\n"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user of the machine can enter."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEESTACKD_")}
    return run_forked(arguments, environment, 20)


def test_a_running_daemon_has_no_file_that_others_may_read(tmp_path: Path) -> None:
    os.umask(0o022)
    with Daemon(tmp_path) as daemon:
        daemon.cli("key", "create", "cron")
        daemon.cli("backup", str(tmp_path / "data" / "copy.db"))
        places = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
        modes = {place.name: stat.S_IMODE(place.stat().st_mode) for place in places}

    assert {"seestackd.db", "seestackd.db-wal", "seestackd.db-shm", "seestackd.sock", "copy.db"} <= modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_it_opens_nothing_that_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(0o700)
    (folder / "seestackd.db").symlink_to("/dev/null")

    with pytest.raises(Forbidden, match="/dev/null is there and is no file"), opened(folder / "seestackd.db", 0):
        pass


@pytest.mark.parametrize("name", ["seestackd.db", "seestackd.db-wal", "seestackd.db-shm", "seestackd.db.lock"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_it_does_not_open_a_database_that_others_may_use(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "data"
    with opened(folder / "seestackd.db", 0):
        pass
    (folder / name).touch()
    (folder / name).chmod(mode)

    with pytest.raises(Forbidden, match=f"close with: chmod 600 {folder / name}"), opened(folder / "seestackd.db", 0):
        pass


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_it_does_not_start_in_a_folder_that_is_open_to_others(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)

    ended = refused("--data", str(folder), "serve", "--listen", f"127.0.0.1:{free_port()}")

    assert ended.returncode == 1
    assert f"chmod 700 {folder}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(folder.iterdir()) == []


def test_it_does_not_start_with_secrets_that_every_user_can_read(shared: Path) -> None:
    file, data = shared / "seestackd.toml", shared / "data"
    file.write_text(HELD)
    file.chmod(0o644)

    ended = refused("--config", str(file), "--data", str(data), "serve")

    assert ended.returncode == 3
    assert f"chmod 600 {file}" in ended.stderr
    assert "canary" not in ended.stderr + ended.stdout
    assert not data.exists()


@pytest.mark.parametrize(
    ("mode", "held"),
    [(0o600, HELD), (0o640, HELD), (0o644, HELD.replace("jsons://hooks.example/canary", "${HOOK}")), (0o644, "")],
)
def test_what_shows_no_secret_is_no_reason(shared: Path, mode: int, held: str) -> None:
    from seestackd.settings.exposure import exposed

    (shared / "seestackd.toml").write_text(held)
    (shared / "seestackd.toml").chmod(mode)

    assert exposed(shared / "seestackd.toml", shared / "none.toml") == []


def test_network_file_systems_are_known_and_local_ones_let_pass(tmp_path: Path) -> None:
    assert [network_name(kind) for kind in (0x6969, -0x00ACB2BE, 0x01021997)] == ["NFS", "CIFS", "9P"]
    assert [network_name(kind) for kind in (0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0x794C7630)] == [None] * 5
    assert file_system(Path("/proc")) == 0x9FA0
    assert network_name(file_system(tmp_path)) is None


def test_two_daemons_do_not_share_a_database(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        database = str(tmp_path / "data" / "seestackd.db")
        with pytest.raises(Exception, match=f"held by process {daemon.process.pid}"), opened(Path(database), 0):  # type: ignore[union-attr]
            pass
