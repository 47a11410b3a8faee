"""API keys (contract.md 6.4), in the older form below a project and in the newer one."""

import secrets
from typing import Annotated, Any, Literal

from pydantic import Field

from seestackd.core.keys import RANDOM_BYTES, make_secret
from seestackd.operations import keys, managed
from seestackd.operations.managed import KeyOf, RenameKey
from seestackd.operations.projects import ProjectOf
from seestackd.operations.projects import shown as project_shown
from seestackd.store.interface import Key, Transaction
from seestackd.web.api.fields import Body, Document, Id, Instant, Name, PagedQuery, Pagination, Uid
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service, viewer

TAG = "API keys"
KeyScope = Literal["ping", "ingest", "read", "admin"]


class NamedKeyBody(Body):
    """The key's name."""

    name: Name


class ProjectKeyBody(NamedKeyBody):
    """A key to make."""

    scope: KeyScope = "ingest"
    environment: Name | None = None


class KeyBody(Body):
    """A key to make, in the project of the key that asks unless told otherwise."""

    project_id: Uid | None = None
    name: Name = "Unnamed Key"
    environment: Name = "production"
    scope: KeyScope = "ingest"


class KeyShown(Document):
    """A key; `key` itself is told once, when it is made."""

    id: Id
    project_id: Id
    name: str
    key: str | None
    key_prefix: str
    scope: KeyScope
    environment: str | None
    last_used_at: Annotated[Instant | None, Field(description="Kept about once a minute")]
    last_used_from: str | None
    created_at: Instant


class KeyLine(Document):
    """A key in the newer list, where a key that was never used says so."""

    id: Id
    project_id: Id
    name: str
    key_prefix: str
    scope: KeyScope
    environment: str | None
    last_used_at: Instant | Literal["never"]
    created_at: Instant


class KeyList(Document):
    """Live keys, newest first."""

    items: list[KeyShown]
    pagination: Pagination


class KeyLines(Document):
    """Live keys, newest first."""

    items: list[KeyLine]
    pagination: Pagination


class KeyName(Document):
    """A renamed key."""

    id: Id
    name: str


class KeyGone(Document):
    """A revoked key."""

    status: Literal["revoked"] = "revoked"


def _shown(key: Key, project_uid: str, secret: str | None = None) -> KeyShown:
    return KeyShown(
        id=key.uid,
        project_id=project_uid,
        name=key.name,
        key=secret,
        key_prefix=key.prefix,
        scope=key.scope,
        environment=key.environment,
        last_used_at=key.last_used_at,
        last_used_from=key.last_used_from,
        created_at=key.created_at,
    )


def _line(key: Key, project_uid: str) -> KeyLine:
    values = _shown(key, project_uid).model_dump(exclude={"key", "last_used_from"}, by_alias=False)
    return KeyLine(**{**values, "last_used_at": "never" if key.last_used_at is None else key.last_used_at})


async def _listed(service: Service, call: Call, project_uid: str, of: Any, line: Any) -> Reply:
    query: PagedQuery = call.query
    page = query.wanted()

    def shape(found: list[Key], at: int) -> Any:
        items = [line(key, project_uid) for key in found[page.offset : page.offset + page.limit]]
        return of(items=items, pagination=query.pagination(len(found)))

    return Reply(await service.read(managed.keys_of, ProjectOf(viewer(call), project_uid), shape))


async def _created(service: Service, call: Call, project_uid: str, environment: str | None) -> Reply:
    body: KeyBody | ProjectKeyBody = call.body
    secret = make_secret(secrets.token_bytes(RANDOM_BYTES))

    def create(tx: Transaction, command: ProjectOf, at: int) -> Key:
        project = project_shown(tx, command, at)
        return keys.create(tx, keys.CreateKey(project.id, body.name, body.scope, secret, environment), at)

    def shape(key: Key, at: int) -> KeyShown:
        return _shown(key, project_uid, secret)

    command = ProjectOf(viewer(call), project_uid)
    return Reply(await service.change(call, "key.create", body.name, create, command, shape))


async def listed_of_project(service: Service, call: Call) -> Reply:
    return await _listed(service, call, call.part(), KeyList, _shown)


async def listed(service: Service, call: Call) -> Reply:
    return await _listed(service, call, call.query.project_id or call.caller.project_uid, KeyLines, _line)


async def created_in_project(service: Service, call: Call) -> Reply:
    return await _created(service, call, call.part(), call.body.environment)


async def created(service: Service, call: Call) -> Reply:
    project_uid = call.body.project_id or call.query.project_id or call.caller.project_uid
    return await _created(service, call, project_uid, call.body.environment)


async def renamed_in_project(service: Service, call: Call) -> Reply:
    uid = call.part("keyId")
    command = RenameKey(KeyOf(viewer(call), uid, call.part()), call.body.name)

    def shape(key: Key, at: int) -> KeyShown:
        return _shown(key, call.part())

    return Reply(await service.change(call, "key.update", uid, managed.rename_key, command, shape))


async def renamed(service: Service, call: Call) -> Reply:
    command = RenameKey(KeyOf(viewer(call), call.part()), call.body.name)

    def shape(key: Key, at: int) -> KeyName:
        return KeyName(id=key.uid, name=key.name)

    return Reply(await service.change(call, "key.update", call.part(), managed.rename_key, command, shape))


async def revoked_in_project(service: Service, call: Call) -> Reply:
    uid = call.part("keyId")
    command = KeyOf(viewer(call), uid, call.part())
    await service.change(call, "key.revoke", uid, managed.revoke_key, command, lambda gone, at: None)
    return Reply(None)


async def revoked(service: Service, call: Call) -> Reply:
    command = KeyOf(viewer(call), call.part())
    gone = await service.change(
        call, "key.revoke", call.part(), managed.revoke_key, command, lambda gone, at: KeyGone()
    )
    return Reply(gone)


_OF_PROJECT = "/projects/{id}/api-keys"
_NAME = {"name": "deploy"}
ROUTES = (
    Route("GET", _OF_PROJECT, TAG, "List a project's keys", listed_of_project, KeyList, PagedQuery),
    Route("POST", _OF_PROJECT, TAG, "Make a key in a project", created_in_project, KeyShown, body=ProjectKeyBody,
          status=201, example={"name": "cron", "scope": "ingest"}),
    Route("PUT", f"{_OF_PROJECT}/{{keyId}}", TAG, "Rename a project's key", renamed_in_project, KeyShown,
          body=NamedKeyBody, example=_NAME),
    Route("DELETE", f"{_OF_PROJECT}/{{keyId}}", TAG, "Revoke a project's key at once", revoked_in_project, status=204),
    Route("GET", "/api-keys", TAG, "List keys", listed, KeyLines, PagedQuery, any_project=True),
    Route("POST", "/api-keys", TAG, "Make a key", created, KeyShown, body=KeyBody, status=201, any_project=True,
          example={"name": "console", "scope": "read"},
          description="Two keys may live side by side: make the new one, change the clients, revoke the old one."),
    Route("PATCH", "/api-keys/{id}", TAG, "Rename a key", renamed, KeyName, body=NamedKeyBody, example=_NAME),
    Route("DELETE", "/api-keys/{id}", TAG, "Revoke a key at once", revoked, KeyGone),
)  # fmt: skip
