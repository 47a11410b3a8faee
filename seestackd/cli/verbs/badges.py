"""`seestackd badge` as an operation, and the badge of a monitor."""

from typing import Any

from seestackd.cli.verbs import Call, Verb
from seestackd.cli.verbs.ping_urls import base_url
from seestackd.errors import NotFound
from seestackd.operations.public import MONITOR, TAG, badge_path
from seestackd.settings import Settings
from seestackd.store.interface import Transaction


def badge_url(tx: Transaction, settings: Settings, kind: str, name: str) -> str:
    """Return the address of a badge without its ending. Raises NotFound before there is a project."""
    project = tx.projects.by_slug("default")
    if project is None:
        raise NotFound("There are no monitors yet; add one with: seestackd monitor add SLUG --schedule 1d")
    return base_url(settings) + badge_path(tx, project, kind, name)


def of_tag(tx: Transaction, call: Call, at: int) -> dict[str, Any]:
    """Return the address of a tag's badge. Raises NotFound when no monitor carries the tag."""
    tag, project = call.text("tag"), tx.projects.by_slug("default")
    if project is None or not tx.uptime.tagged(project.id, tag):
        raise NotFound(f"No monitor has the tag {tag}; give it one with: seestackd monitor edit SLUG --tag {tag}")
    return {"url": badge_url(tx, call.settings, TAG, tag)}


def of_monitor(tx: Transaction, settings: Settings, slug: str) -> str:
    """Return the address of a monitor's badge."""
    return f"{badge_url(tx, settings, MONITOR, slug)}.svg"


VERBS = {"badge.tag": Verb(of_tag, reads=True)}
