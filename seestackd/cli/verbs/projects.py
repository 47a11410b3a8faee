"""`seestackd project …` as operations."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.instants import iso
from seestackd.errors import Conflict, NotFound
from seestackd.operations import projects
from seestackd.operations.projects import AddProject, ProjectOf, Viewer
from seestackd.store.interface import Project, Transaction

# Whoever may use the command line may do everything.
_EVERYBODY = Viewer(0, everything=True)


def add(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Make a project. Raises Invalid, Conflict."""
    slug = call.optional("slug")
    if slug is not None and tx.projects.by_slug(slug) is not None:
        raise Conflict(f"there is a project {slug} already; list them with: seestackd project ls")
    made = projects.add(tx, AddProject(_EVERYBODY, call.text("name"), slug), at)
    return _shown(tx, made)


def listed(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return every project, oldest first."""
    return {"at": iso(at), "projects": [_shown(tx, project) for project in tx.projects.all()]}


def remove(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Delete a project without monitors. Raises NotFound, Conflict."""
    project = named(tx, call.text("slug"))
    projects.remove(tx, ProjectOf(_EVERYBODY, project.uid), at)
    return {"removed": project.slug}


def named(tx: Transaction, slug: str) -> Project:
    """Return the project with a slug. Raises NotFound."""
    project = tx.projects.by_slug(slug)
    if project is None:
        raise NotFound(f"there is no project {slug}; list them with: seestackd project ls", field="project")
    return project


def _shown(tx: Transaction, project: Project) -> dict[str, Any]:
    live = [key for key in tx.keys.all() if key.project_id == project.id and key.revoked_at is None]
    return {
        "slug": project.slug,
        "name": project.name,
        "uid": project.uid,
        "monitors": tx.monitors.count(project.id, 0),
        "keys": len(live),
        "created_at": iso(project.created_at),
    }


VERBS = {
    "project.add": Verb(add),
    "project.ls": Verb(listed, reads=True),
    "project.rm": Verb(remove),
}
