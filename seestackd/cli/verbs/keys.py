"""`seestackd key …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import iso
from seestackd.cli.verbs.projects import named
from seestackd.operations import keys
from seestackd.operations.keys import CreateKey, EnsureProject, RevokeKey
from seestackd.store.interface import Key, Transaction


def create(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Store a key whose secret the command line has made. Raises Invalid, Conflict, NotFound (the project)."""
    slug = call.optional("project")
    project = keys.ensure_project(tx, EnsureProject(), at) if slug is None else named(tx, slug)
    key = keys.create(tx, CreateKey(project.id, call.text("name"), call.text("scope"), call.text("secret")), at)
    return _shown(key)


def listed(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return every key, revoked ones too, without its secret."""
    slugs = {project.id: project.slug for project in tx.projects.all()}
    found = [{**_shown(key), "project": slugs[key.project_id]} for key in keys.all_keys(tx, None, at)]
    return {"at": iso(at), "keys": found}


def revoke(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Revoke a key by its name, uid or prefix. Raises NotFound, Conflict."""
    project = keys.ensure_project(tx, EnsureProject(), at)
    return _shown(keys.revoke(tx, RevokeKey(project.id, call.text("key")), at))


def _shown(key: Key) -> dict[str, Any]:
    return {
        "name": key.name,
        "uid": key.uid,
        "prefix": key.prefix,
        "scope": key.scope,
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
        "last_used_from": key.last_used_from,
        "revoked_at": iso(key.revoked_at),
    }


VERBS = {
    "key.create": Verb(create),
    "key.ls": Verb(listed, reads=True),
    "key.revoke": Verb(revoke),
}
