"""Keys and the projects they belong to: made, revoked, used."""

from dataclasses import dataclass

from seestackd.core.keys import PREVIEW_LENGTH, Scope, digest, same
from seestackd.errors import Conflict, Invalid, NotFound
from seestackd.store.interface import Key, Project, Transaction

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class EnsureProject:
    """There shall be a project with this slug."""

    slug: str = "default"
    name: str = "default"


@dataclass(frozen=True, slots=True)
class CreateKey:
    """Make a key out of `secret`, which is shown to the caller and kept as a digest only (scope ping: readable)."""

    project_id: int
    name: str
    scope: str
    secret: str
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Revoke the one live key of the project that `which` names: name, id, first characters, or the key."""

    project_id: int
    which: str


@dataclass(frozen=True, slots=True)
class TouchKeys:
    """Keys were used: (key id, at, from where)."""

    uses: tuple[tuple[int, int, str | None], ...]


def ensure_project(tx: Transaction, command: EnsureProject, at: int) -> Project:
    """Return the project with the slug, made now when there is none."""
    return tx.projects.by_slug(command.slug) or tx.projects.create(command.slug, command.name, tx.new_id(), at)


def create(tx: Transaction, command: CreateKey, at: int) -> Key:
    """Store a key; raises Invalid for a bad name or scope, Conflict when the key exists."""
    name = command.name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid(f"A key's name is one line of 1 to {MAX_NAME} characters, for example: cron", field="name")
    if command.scope not in set(Scope):
        raise Invalid(f"Unknown scope '{command.scope}'; choose one of: {', '.join(Scope)}", field="scope")
    key = Key(
        id=0,
        uid=tx.new_id(),
        project_id=command.project_id,
        name=name,
        scope=command.scope,
        hash=digest(command.secret),
        prefix=command.secret[:PREVIEW_LENGTH],
        created_at=at,
        secret=command.secret if command.scope == Scope.PING else None,
        environment=command.environment,
    )
    return tx.keys.create(key)


def revoke(tx: Transaction, command: RevokeKey, at: int) -> Key:
    """Revoke a key and return it; raises NotFound, and Conflict when several keys answer to the word."""
    live = [key for key in tx.keys.all() if key.project_id == command.project_id and key.revoked_at is None]
    hashed = digest(command.which)
    found = [key for key in live if command.which in (key.uid, key.name, key.prefix) or same(key.hash, hashed)]
    if not found:
        # What was typed may be a mistyped key: never repeat it.
        raise NotFound("No key answers to that name, id or prefix; `seestackd key ls` shows them")
    if len(found) > 1:
        ids = ", ".join(key.uid for key in found)
        raise Conflict(f"{len(found)} keys answer to that; name one by its id: {ids}")
    tx.keys.revoke(found[0].id, at)
    return found[0]


def touch(tx: Transaction, command: TouchKeys, at: int) -> None:
    """Record when and from where keys were used last."""
    tx.keys.touch(command.uses)


def all_keys(tx: Transaction, command: None, at: int) -> list[Key]:
    """Return every key of every project, revoked ones included."""
    return tx.keys.all()


def newest_ping_secret(tx: Transaction, project_id: int) -> str | None:
    """Return the secret of the project's newest live key for ping URLs, or None when there is none."""
    live = (key for key in tx.keys.all() if key.project_id == project_id and key.revoked_at is None)
    newest = max((key for key in live if key.secret is not None), key=lambda key: key.id, default=None)
    return None if newest is None else newest.secret
