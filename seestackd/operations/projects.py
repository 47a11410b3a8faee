"""Projects: groups of monitors and keys that see nothing of each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.events import KeysChanged
from seestackd.core.monitor import validate_slug
from seestackd.errors import Conflict, Forbidden, Invalid, NotFound
from seestackd.operations import alert_rules
from seestackd.store.interface import Key, Project, Transaction
from seestackd.store.listings import Page

DEFAULT = "default"
"""The slug of the first project; its admin keys look after all projects."""

MAX_NAME = 255


@dataclass(frozen=True, slots=True)
class Viewer:
    """The project of the key that asks, or the whole house for `DEFAULT`'s admin keys and the command line."""

    project_id: int
    everything: bool


@dataclass(frozen=True, slots=True)
class AddProject:
    """Make a project; without a slug one is derived from the name."""

    viewer: Viewer
    name: str
    slug: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class EditProject:
    """Rename a project; its slug stays."""

    viewer: Viewer
    uid: str
    name: str
    slug: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectOf:
    """One project, as seen by somebody."""

    viewer: Viewer
    uid: str


@dataclass(frozen=True, slots=True)
class ListProjects:
    """The projects that somebody sees."""

    viewer: Viewer
    page: Page


def add(tx: Transaction, command: AddProject, at: int) -> Project:
    """Make a project. Raises Forbidden, Invalid naming the field, Conflict when the slug is taken."""
    if not command.viewer.everything:
        raise Forbidden("Only an admin key of the default project makes projects; ask whoever holds one")
    name = _name(command.name)
    slug = validate_slug(command.slug) if command.slug is not None else _free_slug(tx, name)
    return tx.projects.create(slug, name, tx.new_id(), at, command.platform)


def edit(tx: Transaction, command: EditProject, at: int) -> Project:
    """Rename a project. Raises NotFound, Invalid."""
    project = shown(tx, ProjectOf(command.viewer, command.uid), at)
    if command.slug is not None and command.slug != project.slug:
        raise Invalid("Slug cannot be changed after creation")
    changed = replace(project, name=_name(command.name), platform=command.platform)
    tx.projects.update(changed)
    return changed


def remove(tx: Transaction, command: ProjectOf, at: int) -> Project:
    """Delete a project without monitors, with its keys. Raises NotFound, Forbidden, Conflict."""
    if not command.viewer.everything:
        raise Forbidden("Only an admin key of the default project deletes projects; ask whoever holds one")
    project = shown(tx, command, at)
    if project.slug == DEFAULT:
        raise Conflict("The default project cannot be deleted: its admin keys look after all projects")
    monitors = tx.monitors.count(project.id, 0)
    if monitors:
        raise Conflict(
            f"The project {project.slug} has {monitors} monitor{'' if monitors == 1 else 's'}, archived ones counted;"
            " delete them first"
        )
    alert_rules.remove_all(tx, project.id, at)
    for window in tx.maintenance.in_project(project.id):
        tx.maintenance.remove(window.id, at)
    tx.projects.remove(project.id)
    tx.announce(KeysChanged())
    return project


def shown(tx: Transaction, command: ProjectOf, at: int) -> Project:
    """Return one project. Raises NotFound, also for one that the viewer may not see."""
    for project in tx.projects.all():
        if project.uid == command.uid and (command.viewer.everything or project.id == command.viewer.project_id):
            return project
    raise NotFound(f"Project not found: {command.uid}")


def listed(tx: Transaction, command: ListProjects, at: int) -> tuple[list[Project], int]:
    """Return projects, the newest first, and how many there are."""
    viewer, page = command.viewer, command.page
    seen = [each for each in reversed(tx.projects.all()) if viewer.everything or each.id == viewer.project_id]
    return seen[page.offset : page.offset + page.limit], len(seen)


def everything(tx: Transaction, command: None, at: int) -> tuple[list[Project], list[Key]]:
    """Return all projects and all keys, revoked ones included."""
    return tx.projects.all(), tx.keys.all()


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid(f"a project's name is one line of 1 to {MAX_NAME} characters", field="name")
    return name


def _free_slug(tx: Transaction, name: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower())[:90].strip("-") or "project"
    taken = {project.slug for project in tx.projects.all()}
    slug, number = stem, 2
    while slug in taken:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def projects_of(slugs: Sequence[str]) -> dict[str, Any]:
    """Return what an alert about things of these projects has to know for its links; the default one needs none."""
    found = sorted(set(slugs))
    if len(found) > 1:
        return {"projects": found}
    return {"project": found[0]} if found and found[0] != DEFAULT else {}


def slug_of(tx: Transaction, project_id: int) -> str:
    """Return the slug of a project."""
    return next((each.slug for each in tx.projects.all() if each.id == project_id), DEFAULT)
