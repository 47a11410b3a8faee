"""One row of the management API: what is called, with what, and what comes back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from seestackd.core.keys import Scope
from seestackd.web.api.fields import Body, Document, Query
from seestackd.web.auth import Caller

if TYPE_CHECKING:
    from seestackd.web.api.service import Service

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its caller known and its parts valid."""

    request: web.Request
    caller: Caller
    source: str | None
    query: Any
    body: Any

    @property
    def project_id(self) -> int:
        return self.caller.project_id

    def part(self, name: str = "id") -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def sent(self) -> dict[str, Any]:
        """Return the fields that the body named, as JSON values, for the audit log."""
        if not isinstance(self.body, Body):
            return {}
        return self.body.model_dump(mode="json", exclude_unset=True, exclude=set(self.body.model_extra or ()))


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: a document, or the JSON of one."""

    data: Document | bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[["Service", Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """What `METHOD path` does, for the router and for the OpenAPI document alike.

    `result` is the type of `data` in the envelope; None means 204, unless the status says otherwise. `problems` are
    statuses besides those that follow from the rest (401, 403, 404, 415, 422 …). `any_project` leaves it to the handler
    whether `projectId` may be another than the key's. `part` is the format of the parts of the path, uuid or text;
    `tagged` answers carry an ETag.
    """

    method: str
    path: str
    tag: str
    summary: str
    handler: Handler
    result: Any = None
    query: type[Query] = Query
    body: type[Body] | None = None
    body_required: bool = True
    status: int = 200
    problems: tuple[int, ...] = ()
    description: str = ""
    example: Mapping[str, Any] | None = None
    any_project: bool = False
    part: str = "uuid"
    tagged: bool = False

    @property
    def scope(self) -> Scope:
        """What a key must be for: reading suffices for GET."""
        return Scope.READ if self.method == "GET" else Scope.ADMIN

    @property
    def full_path(self) -> str:
        return PREFIX + self.path

    @property
    def name(self) -> str:
        """The operationId."""
        return self.handler.__module__.rpartition(".")[2] + "_" + self.handler.__name__.strip("_")
