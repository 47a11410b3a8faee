"""Projects (contract.md 6.4): every key sees its own; admin keys of the default project look after all."""

import secrets
from typing import Annotated

from pydantic import Field

from seestackd.core.keys import RANDOM_BYTES, Scope, make_secret
from seestackd.operations import keys, projects
from seestackd.operations.projects import ProjectOf
from seestackd.runner import Operation
from seestackd.store.interface import Key, Project, Transaction
from seestackd.web.api.etags import Command, Result, tagged, unchanged
from seestackd.web.api.fields import Body, Document, Id, Instant, Name, PagedQuery, Pagination, Slug
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service, viewer

TAG = "Projects"
FIRST_KEY = "first"


class ProjectBody(Body):
    """A project; without a slug one is derived from the name. It stays."""

    name: Name
    slug: Slug | None = None
    platform: Name | None = None


class ProjectShown(Document):
    """A project. There are no organisations: `orgId` is always null."""

    id: Id
    org_id: None = None
    name: str
    slug: str
    platform: str | None
    created_at: Instant


class ProjectMade(ProjectShown):
    """A new project with its first key, of scope `ingest`, which is shown here only."""

    api_key: str
    api_key_prefix: str


class ProjectList(Document):
    """Newest first."""

    items: list[ProjectShown]
    pagination: Pagination


class ProjectQuery(PagedQuery):
    """`orgId` is ignored."""

    org_id: Annotated[str | None, Field(description="Ignored: there are no organisations")] = None


def shown(project: Project, at: int) -> ProjectShown:
    """Return a project as it is answered."""
    return ProjectShown(
        id=project.uid,
        name=project.name,
        slug=project.slug,
        platform=project.platform,
        created_at=project.created_at,
    )


def _if_unchanged(call: Call, operation: Operation[Command, Result]) -> Operation[Command, Result]:
    def present(tx: Transaction, at: int) -> ProjectShown:
        return shown(projects.shown(tx, ProjectOf(viewer(call), call.part()), at), at)

    return unchanged(call, present, operation)


async def listed(service: Service, call: Call) -> Reply:
    query: ProjectQuery = call.query

    def shape(found: tuple[list[Project], int], at: int) -> ProjectList:
        rows, total = found
        return ProjectList(items=[shown(row, at) for row in rows], pagination=query.pagination(total))

    return Reply(await service.read(projects.listed, projects.ListProjects(viewer(call), query.wanted()), shape))


async def created(service: Service, call: Call) -> Reply:
    body: ProjectBody = call.body
    secret = make_secret(secrets.token_bytes(RANDOM_BYTES))

    def add(tx: Transaction, command: projects.AddProject, at: int) -> tuple[Project, Key]:
        project = projects.add(tx, command, at)
        return project, keys.create(tx, keys.CreateKey(project.id, FIRST_KEY, Scope.INGEST, secret), at)

    def shape(made: tuple[Project, Key], at: int) -> ProjectMade:
        project, key = made
        return ProjectMade(**shown(project, at).model_dump(), api_key=secret, api_key_prefix=key.prefix)

    command = projects.AddProject(viewer(call), body.name, body.slug, body.platform)
    made = await service.change(call, "project.create", body.name, add, command, shape)
    return Reply(made, {"Location": f"{call.request.path}/{made.id}"})


async def got(service: Service, call: Call) -> Reply:
    return tagged(await service.read(projects.shown, ProjectOf(viewer(call), call.part()), shown))


async def changed(service: Service, call: Call) -> Reply:
    body: ProjectBody = call.body
    command = projects.EditProject(viewer(call), call.part(), body.name, body.slug, body.platform)
    edit = _if_unchanged(call, projects.edit)
    return tagged(await service.change(call, "project.update", call.part(), edit, command, shown))


async def removed(service: Service, call: Call) -> Reply:
    command = ProjectOf(viewer(call), call.part())
    remove = _if_unchanged(call, projects.remove)
    await service.change(call, "project.delete", call.part(), remove, command, lambda gone, at: None)
    return Reply(None)


_ONE = "/projects/{id}"
_EXAMPLE = {"name": "Shop", "slug": "shop", "platform": "python"}
ROUTES = (
    Route("GET", "/projects", TAG, "List projects", listed, ProjectList, ProjectQuery),
    Route("POST", "/projects", TAG, "Create a project with a first key", created, ProjectMade, body=ProjectBody,
          status=201, problems=(409,), example=_EXAMPLE,
          description="For admin keys of the default project."),
    Route("GET", _ONE, TAG, "Read a project", got, ProjectShown, tagged=True),
    Route("PUT", _ONE, TAG, "Rename a project", changed, ProjectShown, body=ProjectBody, problems=(412,),
          example=_EXAMPLE, tagged=True),
    Route("DELETE", _ONE, TAG, "Delete a project without monitors, with its keys", removed, status=204,
          problems=(409, 412), description="For admin keys of the default project."),
)  # fmt: skip
