"""Erasing leaves no byte: not in the database, not in its log, not after a restore."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.clock import Clock
from seestackd.core.replay import ReplayEvent, pack
from seestackd.core.telemetry import HttpRequest
from seestackd.feed import Feed
from seestackd.operations import keys, replay, telemetry
from seestackd.runner import Runner
from seestackd.store.sqlite.connection import SqliteStore
from tests.cli.conftest import Bench

CANARY = b"canary-7c1f"
AT = 1_775_000_000_000


def request(user: str) -> HttpRequest:
    return HttpRequest(AT, "0" * 32, False, "GET", "shop.example", "/", 200, 5, 0, 0, False, user, None)


def looked_at(user: str) -> list[HttpRequest]:
    """Return what an administrator asked for about a user."""
    paths = (
        f"/users/{user}",
        f"/users/{user}/orders/17?of={user}",
        f"/mails/a%20{user}%40b.example",
        f"/a-{user}.json",
    )
    return [request("admin")._replace(path=path) for path in paths]


def fill(database: Path) -> None:
    """Store sessions and requests of several people, so that pages split and move."""
    store = SqliteStore.open(database)
    runner = Runner(store, Clock(), Feed(), on_broken=lambda: None)
    project = runner.call(keys.ensure_project, keys.EnsureProject())
    for number in range(60):
        user = f"user-{CANARY.decode()}" if number % 3 == 0 else f"user-{number}"
        # Noise that zstd cannot shrink: the canary stays readable in the blob.
        data = json.dumps({"userId": user, "noise": bytes(range(number, number + 120)).hex() * 30})
        batch = pack([ReplayEvent(AT + number, "click", data, f"https://shop.example/{user}")])
        runner.call(replay.store, replay.StoreReplay(project.id, f"fp-{user}", f"s-{number}", batch))
        runner.call(telemetry.store, telemetry.StoreRequests(project.id, (request(user),) * 20))
        runner.call(telemetry.store, telemetry.StoreRequests(project.id, tuple(looked_at(user))))
    store.close()


def places(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and CANARY in path.read_bytes()]


@pytest.fixture
def filled(bench: Bench) -> Bench:
    bench.run("monitor", "add", "nightly", "--schedule", "1d")
    fill(bench.data / "seestackd.db")
    assert places(bench.data)
    return bench


def count(bench: Bench, table: str) -> int:
    with closing(sqlite3.connect(bench.data / "seestackd.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_no_byte_of_a_user_stays(filled: Bench) -> None:
    done = filled.run("erase", "user", f"user-{CANARY.decode()}", "--yes", "--json")

    requests, endpoints = 20 * 20, 4
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, 20 + 1 + requests + 20 + endpoints), done.stderr
    assert places(filled.data) == []
    assert (count(filled, "sessions"), count(filled, "http_requests")) == (40, 800 + 60 * 4)


def test_no_byte_of_a_session_stays(filled: Bench) -> None:
    before = count(filled, "replay_batches")

    assert filled.run("erase", "session", f"fp-user-{CANARY.decode()}", "--yes").returncode == 0

    with closing(sqlite3.connect(filled.data / "seestackd.db")) as connection:
        left = connection.execute("SELECT fingerprint FROM sessions UNION SELECT urls FROM sessions").fetchall()
    assert before - count(filled, "replay_batches") == 20
    assert not [name for (name,) in left if CANARY.decode() in name]


def test_what_was_pruned_before_leaves_nothing_either(filled: Bench) -> None:
    with closing(sqlite3.connect(filled.data / "seestackd.db")) as connection:
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute("DELETE FROM replay_batches WHERE id > 5")
        connection.execute("DELETE FROM http_requests WHERE id > 50")
        connection.commit()
    assert places(filled.data)

    filled.run("erase", "user", f"user-{CANARY.decode()}", "--yes")

    assert places(filled.data) == []


def test_a_restored_backup_is_erased_anew(filled: Bench, tmp_path: Path) -> None:
    filled.run("backup", str(tmp_path / "b.db"))
    filled.run("erase", "user", f"user-{CANARY.decode()}", "--yes")

    done = filled.run("restore", str(tmp_path / "b.db"), "--json")

    assert json.loads(done.stdout)["erased_again"] == 1
    assert places(filled.data) == []
    assert count(filled, "sessions") == 40


def test_it_asks_before_it_erases(filled: Bench) -> None:
    done = filled.run("erase", "user", "u1")

    assert done.returncode == 2
    assert "--yes" in done.stderr


def test_a_name_that_stands_for_many_is_refused(filled: Bench) -> None:
    done = filled.run("erase", "session", "[REDACTED]", "--yes")

    assert done.returncode == 2
    assert "name the fingerprint" in done.stderr


def test_the_log_of_erasures_names_nobody(filled: Bench) -> None:
    filled.run("erase", "user", f"user-{CANARY.decode()}", "--yes")

    with closing(sqlite3.connect(filled.data / "seestackd.db")) as connection:
        rows = connection.execute("SELECT subject, value, length(mark), erased_at > 0 FROM erasures").fetchall()
    assert rows == [("user", None, 64, 1)]
