"""Erasing what is stored of a session or a user."""

from typing import Annotated, Literal

from pydantic import Field

from seestackd.core.erasure import Erasure, Subject
from seestackd.operations import erasure
from seestackd.operations.listings import Paged
from seestackd.web.api.fields import Document, Id, Instant, PagedQuery, Pagination, Query
from seestackd.web.api.replay import TAG
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service


class ErasureShown(Document):
    """What was asked, without whom it is about. `erasedAt` is null until no byte of it is left."""

    id: Id
    subject: Literal["session", "user"]
    asked_at: Instant
    erased_at: Instant | None
    rows: Annotated[int, Field(description="Rows that went: sessions, batches of events, HTTP requests")]


class ErasureList(Document):
    """Newest first."""

    items: list[ErasureShown]
    pagination: Pagination


async def session(service: Service, call: Call) -> Reply:
    return await _ask(service, call, Subject.SESSION, call.part("sessionId"))


async def user(service: Service, call: Call) -> Reply:
    return await _ask(service, call, Subject.USER, call.part("userId"))


async def _ask(service: Service, call: Call, subject: Subject, value: str) -> Reply:
    command = erasure.Erase(call.project_id, subject, value)
    # The log says that somebody erased, not whom.
    return Reply(await service.change(call, f"erase {subject}", "", erasure.ask, command, _shown))


async def listed(service: Service, call: Call) -> Reply:
    query: PagedQuery = call.query

    def shape(found: tuple[list[Erasure], int], at: int) -> ErasureList:
        erasures, total = found
        return ErasureList(items=[_shown(each, at) for each in erasures], pagination=query.pagination(total))

    return Reply(await service.read(erasure.listed, Paged(call.project_id, query.wanted()), shape))


def _shown(erasure: Erasure, at: int) -> ErasureShown:
    return ErasureShown(
        id=erasure.uid,
        subject=erasure.subject.value,
        asked_at=erasure.asked_at,
        erased_at=erasure.erased_at,
        rows=erasure.rows,
    )


_WHEN = "Answered at once; within a minute nothing of it is left in the database and its log."
ROUTES = (
    Route(
        "DELETE",
        "/replay/{sessionId}",
        TAG,
        "Erase a session",
        session,
        ErasureShown,
        Query,
        status=202,
        part="text",
        description=f"`sessionId` is a fingerprint or a session's id. {_WHEN}",
    ),
    Route(
        "DELETE",
        "/users/{userId}",
        TAG,
        "Erase a user's sessions and HTTP requests",
        user,
        ErasureShown,
        Query,
        status=202,
        part="text",
        description=_WHEN,
    ),
    Route("GET", "/erasures", TAG, "List what was erased", listed, ErasureList, PagedQuery),
)
