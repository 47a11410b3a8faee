"""One row of the dashboard's routes, and one visit to it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from seestackd.errors import Invalid
from seestackd.operations.audit import Actor
from seestackd.operations.logins import Frame
from seestackd.store.interface import Project

if TYPE_CHECKING:
    from seestackd.web.pages.site import Site

Handler = Callable[["Site", "Visit"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Page:
    """What `METHOD path` shows or does. `open` needs no login; POST always needs the CSRF token and the same origin."""

    method: str
    path: str
    handler: Handler
    open: bool = False


@dataclass(slots=True)
class Visit:
    """One request: who asks (`user`, None when not logged in), from where, and how they like to see things.

    `prefix` is the sub-path that links begin with, `times` one of schedule, browser and utc, `browser_zone` the zone
    that the browser told. `form` holds the fields of a POST, each name's values in a list.
    """

    request: web.Request
    frame: Frame
    user: str | None
    source: str | None
    prefix: str
    secret: str
    theme: str = "system"
    times: str = "schedule"
    browser_zone: str | None = None
    keys: bool = True
    project: Project | None = None
    form: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def project_id(self) -> int:
        """The project that is shown."""
        assert self.project is not None
        return self.project.id

    @property
    def several(self) -> bool:
        """Say whether there are projects to choose from."""
        return self.user is not None and len(self.frame.projects) > 1

    def turn_to(self, project_id: int | None) -> None:
        """Show another project from here on: what is shown belongs to it."""
        self.project = next((each for each in self.frame.projects if each.id == project_id), self.project)

    @property
    def actor(self) -> Actor:
        return Actor(f"dashboard ({self.user})", self.source)

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the URL, its first value."""
        return self.request.query.get(name, default)[:1000].replace("\0", "")

    def text(self, name: str, default: str = "") -> str:
        """Return a field of the form, without spaces around it. Raises Invalid for what no field may hold."""
        value = (self.form.get(name) or [default])[0].strip()
        if "\0" in value:
            raise Invalid("must not contain NUL characters", field=name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values of a field of the form."""
        return tuple(value.strip() for value in self.form.get(name, ()) if value.strip())

    def ticked(self, name: str) -> bool:
        """Say whether a box of the form is ticked. Raises Invalid for what no box sends."""
        sent = self.form.get(name) or []
        if any(value != "on" for value in sent):
            raise Invalid("must be on, or left out", field=name)
        return bool(sent)

    def link(self, path: str) -> str:
        """Return the path of a page as the browser has to ask for it; among several projects it names its own.

        Pages of two projects may be open side by side, so the cookie alone would not do.
        """
        if not self.several or self.project is None or "project=" in path:
            return self.plain(path)
        before, mark, fragment = path.partition("#")
        return f"{self.plain(before)}{'&' if '?' in before else '?'}project={self.project.slug}{mark}{fragment}"

    def plain(self, path: str) -> str:
        """Return a path of ours that is the same for every project."""
        return self.prefix + path
