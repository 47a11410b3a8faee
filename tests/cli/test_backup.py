"""Backups are whole, taken while others write, and come back without old alerts."""

import json
import os
import signal
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.store.sqlite.backup import back_up, verify
from tests.cli.conftest import Bench, Result

CHANNELS = """
default_channels = ["ops"]
[channels.ops]
url = "json://127.0.0.1:9/"
[channels.team]
url = "json://127.0.0.1:9/"
"""


@pytest.fixture
def kept(bench: Bench) -> Bench:
    """A bench whose database watches one job."""
    bench.configure(CHANNELS)
    assert bench.run("monitor", "add", "nightly", "--schedule", "1d").returncode == 0
    return bench


def slugs(done: Result) -> list[str]:
    return [row["slug"] for row in json.loads(done.stdout)["monitors"]]


def database(bench: Bench) -> Path:
    return bench.data / "seestackd.db"


def asked(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()


def test_a_backup_is_whole_and_for_its_owner_alone(kept: Bench, tmp_path: Path) -> None:
    done = kept.run("backup", str(tmp_path / "b.db"))

    assert (done.returncode, done.stderr) == (0, "")
    assert "1 monitors and 0 pings, verified" in done.stdout
    assert stat.S_IMODE((tmp_path / "b.db").stat().st_mode) == 0o600
    assert verify(tmp_path / "b.db").monitors == 1
    assert {path.name for path in tmp_path.iterdir()} == {"b.db", "data", "seestackd.toml"}


def test_it_does_not_replace_a_file_unless_told(kept: Bench, tmp_path: Path) -> None:
    target = tmp_path / "b.db"
    target.write_text("precious")

    done = kept.run("backup", str(target))

    assert done.returncode == 1
    assert "exists already; choose another name, or add --force" in done.stderr
    assert target.read_text() == "precious"
    assert json.loads(kept.run("backup", str(target), "--force", "--json").stdout)["monitors"] == 1
    assert verify(target).monitors == 1


@pytest.mark.parametrize(
    ("where", "says"),
    [("", "is a folder"), ("data/seestackd.db", "is the database itself"), ("nowhere/b.db", "No such file")],
)
def test_it_does_not_write_where_it_must_not(kept: Bench, tmp_path: Path, where: str, says: str) -> None:
    done = kept.run("backup", str(tmp_path / where), "--force")

    assert (done.returncode, says in done.stderr) == (1, True), done.stderr
    assert verify(database(kept)).monitors == 1


def test_without_a_database_there_is_nothing_to_copy(bench: Bench, tmp_path: Path) -> None:
    done = bench.run("backup", str(tmp_path / "b.db"))

    assert done.returncode == 1
    assert "there is no database" in done.stderr
    assert not (tmp_path / "b.db").exists()


def test_a_backup_beside_a_writer_is_one_instant(kept: Bench, tmp_path: Path) -> None:
    writing, stop = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database(kept), isolation_level=None)) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                connection.execute("BEGIN IMMEDIATE")
                for key in ("left", "right"):
                    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(number)))
                connection.execute("COMMIT")
                writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert writing.wait(5)
        for number in range(5):
            back_up(database(kept), tmp_path / f"{number}.db")
    finally:
        stop.set()
        writer.join(10)

    copies = [dict(asked(tmp_path / f"{n}.db", "SELECT key, value FROM meta")) for n in range(5)]
    assert all(copy["left"] == copy["right"] for copy in copies)


def test_a_backup_of_a_running_daemon_goes_anywhere(shared: Bench, tmp_path: Path) -> None:
    shared.run("monitor", "add", "heard", "--schedule", "1d")

    done = shared.run("backup", str(tmp_path / "b.db"), "--json")

    assert json.loads(done.stdout)["monitors"] == 1
    assert asked(tmp_path / "b.db", "SELECT slug FROM monitors") == [("heard",)]


def test_a_restore_brings_back_what_was_and_keeps_what_is(kept: Bench, tmp_path: Path) -> None:
    kept.run("backup", str(tmp_path / "b.db"))
    kept.run("monitor", "add", "later", "--schedule", "1d")

    answer = json.loads(kept.run("restore", str(tmp_path / "b.db"), "--json").stdout)

    assert slugs(kept.run("monitor", "ls", "--json")) == ["nightly"]
    assert asked(Path(answer["kept"]), "SELECT slug FROM monitors ORDER BY slug") == [("later",), ("nightly",)]
    assert stat.S_IMODE(database(kept).stat().st_mode) == 0o600
    assert (tmp_path / "b.db").exists()


def test_a_restore_onto_an_empty_machine(kept: Bench, tmp_path: Path) -> None:
    kept.run("backup", str(tmp_path / "b.db"))
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")

    answer = json.loads(other.run("restore", str(tmp_path / "b.db"), "--json").stdout)

    assert answer["kept"] is None
    assert slugs(other.run("monitor", "ls", "--json")) == ["nightly"]


def test_a_restore_drops_unsent_alerts_and_names_them_in_one_notice(kept: Bench, tmp_path: Path) -> None:
    put = (
        "INSERT INTO outbox (alert_id, channel, kind, severity, created_at, next_attempt_at, attempts, state, facts)"
        " VALUES (?, ?, 'missed', 'critical', 1700000000000, 1700000000000, 0, 'pending', ?)"
    )
    with closing(sqlite3.connect(database(kept), isolation_level=None)) as connection:
        for number, (channel, slug) in enumerate([("ops", "nightly"), ("team", "nightly"), ("ops", "other")]):
            connection.execute(put, (f"a{number}", channel, json.dumps({"slug": slug})))
    kept.run("backup", str(tmp_path / "b.db"))

    answer = json.loads(kept.run("restore", str(tmp_path / "b.db"), "--json").stdout)

    assert (answer["dropped"], answer["told"]) == (3, ["ops", "team"])
    rows = asked(database(kept), "SELECT channel, kind, state, facts FROM outbox ORDER BY id")
    assert [row[:3] for row in rows[:3]] == [(channel, "missed", "superseded") for channel in ("ops", "team", "ops")]
    notices = {str(row[0]): json.loads(str(row[3])) for row in rows[3:]}
    assert {row[1:3] for row in rows[3:]} == {("restored", "pending")}
    assert [one["slug"] for one in notices["ops"]["dropped"]] == ["nightly", "other"]
    assert [one["slug"] for one in notices["team"]["dropped"]] == ["nightly"]


def test_a_restore_refuses_while_a_daemon_runs(shared: Bench, tmp_path: Path) -> None:
    shared.run("backup", str(tmp_path / "b.db"))

    done = shared.run("restore", str(tmp_path / "b.db"))

    assert done.returncode == 1
    assert "stop the daemon first" in done.stderr
    assert shared.run("monitor", "ls").returncode == 0


def damaged(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(os.urandom(os.path.getsize(file) - 8192))


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('seestackd', 'm999_later', '')"
        )


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE other (id INTEGER)")


SPOILT = {
    "damaged": (damaged, "take another"),
    "newer": (newer, "a newer seestackd wrote it (schema m999_later)"),
    "foreign": (foreign, "it is not a database of seestackd"),
    "text": (lambda file: file.write_text("hello" * 500), "it cannot be read as a database"),
    "empty": (lambda file: file.write_bytes(b""), "it is not a database of seestackd"),
    "absent": (lambda file: file.unlink(), "there is no such file"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_no_whole_backup_is_refused_and_changes_nothing(kept: Bench, tmp_path: Path, how: str) -> None:
    file = tmp_path / "b.db"
    kept.run("backup", str(file))
    spoil, says = SPOILT[how]
    spoil(file)
    before = sorted(path.name for path in kept.data.iterdir())

    done = kept.run("restore", str(file))

    assert (done.returncode, says in done.stderr) == (1, True), done.stderr
    assert sorted(path.name for path in kept.data.iterdir()) == before
    assert slugs(kept.run("monitor", "ls", "--json")) == ["nightly"]


def test_a_damaged_database_is_kept_as_it_is_when_a_backup_takes_its_place(kept: Bench, tmp_path: Path) -> None:
    kept.run("backup", str(tmp_path / "b.db"))
    damaged(database(kept))
    was = database(kept).read_bytes()

    answer = json.loads(kept.run("restore", str(tmp_path / "b.db"), "--json").stdout)

    assert Path(answer["kept"]).read_bytes() == was
    assert slugs(kept.run("monitor", "ls", "--json")) == ["nightly"]


def test_what_a_killed_daemon_left_in_its_log_is_kept_too(kept: Bench, tmp_path: Path) -> None:
    kept.run("backup", str(tmp_path / "b.db"))
    daemon = kept.serve()
    kept.run("monitor", "add", "later", "--schedule", "1d")
    daemon.stop(signal.SIGKILL)

    answer = json.loads(kept.run("restore", str(tmp_path / "b.db"), "--json").stdout)

    assert asked(Path(answer["kept"]), "SELECT count(*) FROM monitors") == [(2,)]
    assert [path.name for path in kept.data.iterdir() if path.name.endswith(".part")] == []


def test_without_a_name_it_goes_to_the_folder_of_the_settings_and_is_listed(kept: Bench, tmp_path: Path) -> None:
    kept.configure(f"{CHANNELS}\n[backup]\ndirectory = 'copies'\nkeep = 1\n")
    taken = json.loads(kept.run("backup", "--json").stdout)
    listed = json.loads(kept.run("backup", "--list", "--json").stdout)["backups"]

    assert Path(taken["file"]).parent == tmp_path / "copies"
    assert [each["file"] for each in listed] == [taken["file"]]
    assert taken["file"] in kept.run("backup", "--list").stdout


@pytest.mark.parametrize("arguments", [[], ["--list"], ["x.db", "--list"]])
def test_without_a_folder_in_the_settings_it_needs_a_name(kept: Bench, arguments: list[str]) -> None:
    done = kept.run("backup", *arguments)

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "backup.directory" in done.stderr


def test_a_running_daemon_takes_one_by_itself(kept: Bench, tmp_path: Path) -> None:
    kept.configure(f"{CHANNELS}\n[backup]\ndirectory = '{tmp_path / 'copies'}'\n")
    daemon = kept.serve()
    daemon.until("verified")

    (copy,) = (tmp_path / "copies").iterdir()
    assert verify(copy).monitors == 1
