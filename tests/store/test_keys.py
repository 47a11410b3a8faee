"""Projects and keys in a real SQLite file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seestackd.core.events import KeysChanged
from seestackd.errors import Conflict
from seestackd.store.interface import Key
from seestackd.store.sqlite.connection import SqliteSession
from seestackd.store.sqlite.transaction import SqliteTransaction
from tests.stores import new_store

AT = 1_775_000_000_000


@pytest.fixture
def session(tmp_path: Path) -> Iterator[SqliteSession]:
    store = new_store(tmp_path / "seestackd.db")
    session = store.writer(lambda: "id")
    session.begin()
    yield session
    session.commit()
    store.close()


@pytest.fixture
def tx(session: SqliteSession) -> SqliteTransaction:
    return session.transaction


def a_key(tx: SqliteTransaction, name: str = "cron", **changes: object) -> Key:
    project = tx.projects.by_slug("default") or tx.projects.create("default", "Default", "p-1", AT)
    return replace(Key(0, f"uid-{name}", project.id, name, "ingest", f"hash-{name}", "ssk_abcd", AT), **changes)


def test_a_project_is_found_by_its_slug(tx: SqliteTransaction) -> None:
    made = tx.projects.create("shop", "The Shop", "p-1", AT)

    assert tx.projects.by_slug("shop") == made
    assert tx.projects.by_slug("other") is None
    assert tx.projects.all() == [made]


def test_a_projects_slug_is_taken_once(tx: SqliteTransaction) -> None:
    tx.projects.create("shop", "a", "p-1", AT)

    with pytest.raises(Conflict, match="'shop' already exists"):
        tx.projects.create("shop", "b", "p-2", AT)


def test_keys_come_back_as_they_were_stored(tx: SqliteTransaction) -> None:
    first = tx.keys.create(a_key(tx, environment="test"))
    second = tx.keys.create(a_key(tx, "ping", scope="ping", secret="ssk_readable"))

    assert tx.keys.all() == [first, second]
    assert first.id != second.id
    assert first.environment == "test"
    assert second.secret == "ssk_readable"


def test_the_same_key_is_stored_once(tx: SqliteTransaction) -> None:
    tx.keys.create(a_key(tx))

    with pytest.raises(Conflict):
        tx.keys.create(a_key(tx, uid="uid-2"))


def test_a_key_revoked_twice_keeps_the_first_instant(tx: SqliteTransaction) -> None:
    key = tx.keys.create(a_key(tx))

    tx.keys.revoke(key.id, AT + 5)
    tx.keys.revoke(key.id, AT + 9)

    assert tx.keys.all()[0].revoked_at == AT + 5


def test_a_use_never_moves_back(tx: SqliteTransaction) -> None:
    key = tx.keys.create(a_key(tx))

    tx.keys.touch([(key.id, AT + 60, "192.0.2.1")])
    tx.keys.touch([(key.id, AT + 30, "192.0.2.2")])

    (found,) = tx.keys.all()
    assert (found.last_used_at, found.last_used_from) == (AT + 60, "192.0.2.1")


def test_new_and_revoked_keys_are_announced_and_uses_are_not(session: SqliteSession, tx: SqliteTransaction) -> None:
    key = tx.keys.create(a_key(tx))
    assert tx.take_announced() == [KeysChanged()]

    tx.keys.touch([(key.id, AT, None)])
    assert tx.take_announced() == []

    tx.keys.revoke(key.id, AT)
    assert tx.take_announced() == [KeysChanged()]
