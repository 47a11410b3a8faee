"""Making and revoking keys, in a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seestackd.core.keys import Scope, digest, make_secret
from seestackd.errors import Conflict, Invalid, NotFound
from seestackd.operations.keys import (
    CreateKey,
    EnsureProject,
    RevokeKey,
    TouchKeys,
    all_keys,
    create,
    ensure_project,
    revoke,
    touch,
)
from seestackd.store.interface import Key, Transaction
from tests.stores import new_store

AT = 1_775_000_000_000
SECRET = make_secret(b"s" * 32)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = new_store(tmp_path / "seestackd.db")
    numbers = iter(range(1, 1000))
    session = store.writer(lambda: f"id-{next(numbers)}")
    session.begin()
    yield session.transaction
    session.commit()
    store.close()


def a_key(tx: Transaction, name: str = "cron", secret: str = SECRET, scope: str = Scope.INGEST) -> Key:
    project = ensure_project(tx, EnsureProject(), AT)
    return create(tx, CreateKey(project.id, name, scope, secret), AT)


def test_a_project_is_made_once(tx: Transaction) -> None:
    first = ensure_project(tx, EnsureProject(), AT)

    assert ensure_project(tx, EnsureProject(), AT + 1) == first
    assert (first.slug, first.created_at) == ("default", AT)


def test_a_key_is_kept_as_a_digest_and_a_preview(tx: Transaction) -> None:
    key = a_key(tx)

    assert all_keys(tx, None, AT) == [key]
    assert (key.hash, key.prefix, key.secret) == (digest(SECRET), SECRET[:8], None)
    assert SECRET not in repr(key)


def test_a_ping_key_stays_readable_for_it_is_part_of_addresses(tx: Transaction) -> None:
    assert a_key(tx, scope=Scope.PING).secret == SECRET


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "n" * 201])
def test_a_bad_name_is_refused(tx: Transaction, name: str) -> None:
    with pytest.raises(Invalid, match="for example: cron") as error:
        a_key(tx, name)
    assert error.value.field == "name"


def test_an_unknown_scope_is_refused_with_the_known_ones(tx: Transaction) -> None:
    with pytest.raises(Invalid, match="ping, ingest, read, admin") as error:
        a_key(tx, scope="root")
    assert error.value.field == "scope"


@pytest.mark.parametrize("which", ["cron", "id-2", SECRET, SECRET[:8]])
def test_a_key_is_revoked_by_name_id_key_or_first_characters(tx: Transaction, which: str) -> None:
    key = a_key(tx)

    assert revoke(tx, RevokeKey(key.project_id, which), AT + 1) == key
    assert all_keys(tx, None, AT)[0].revoked_at == AT + 1


def test_an_unknown_key_is_not_found_and_not_repeated(tx: Transaction) -> None:
    key = a_key(tx)

    with pytest.raises(NotFound) as error:
        revoke(tx, RevokeKey(key.project_id, SECRET[:-1]), AT)
    assert SECRET[:-1] not in error.value.message


def test_a_revoked_key_or_one_of_another_project_is_not_found(tx: Transaction) -> None:
    key = a_key(tx)
    with pytest.raises(NotFound):
        revoke(tx, RevokeKey(key.project_id + 1, "cron"), AT)

    revoke(tx, RevokeKey(key.project_id, "cron"), AT)
    with pytest.raises(NotFound):
        revoke(tx, RevokeKey(key.project_id, "cron"), AT)


def test_of_two_keys_with_one_name_none_is_revoked_by_chance(tx: Transaction) -> None:
    first, second = a_key(tx), a_key(tx, secret=make_secret(b"t" * 32))

    with pytest.raises(Conflict, match=f"{first.uid}, {second.uid}"):
        revoke(tx, RevokeKey(first.project_id, "cron"), AT)
    assert all(key.revoked_at is None for key in all_keys(tx, None, AT))


def test_uses_are_recorded(tx: Transaction) -> None:
    key = a_key(tx)

    touch(tx, TouchKeys(((key.id, AT + 60, "192.0.2.1"), (999, AT, None))), AT + 99)

    (found,) = all_keys(tx, None, AT)
    assert (found.last_used_at, found.last_used_from) == (AT + 60, "192.0.2.1")
