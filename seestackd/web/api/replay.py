"""Replays of browser sessions: a list of them, and the events of one."""

from typing import Annotated, Literal

from pydantic import Field

from seestackd.core.replay import Kind, ReplayEvent
from seestackd.core.sessions import Session
from seestackd.operations import replay
from seestackd.store.sessions import Wanted
from seestackd.web.api.fields import Document, Instant, Number, PagedQuery, Pagination, Query, When, limited
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

TAG = "Replay"
_LONGEST_S = 10**9


class EventShown(Document):
    """One event; `eventData` is what the browser sent, masked. One without an instant stands where it arrived."""

    event_type: str
    event_data: str
    url: str | None
    timestamp: Instant


class FingerprintReplay(Document):
    """The oldest 5,000 events of a fingerprint, oldest first."""

    fingerprint: str
    total_events: int
    events: list[EventShown]


class SessionReplay(Document):
    """The oldest 5,000 events of a session, oldest first; `duration` in seconds."""

    session_id: str
    fingerprint: str
    total_events: int
    duration: float
    events: list[EventShown]


class SessionShown(Document):
    """A session in short. `urls` are those visited, in order, at most 50; batches that came twice count twice."""

    fingerprint: str
    session_id: str
    user_id: str | None
    first_at: Instant
    last_at: Instant
    received_at: Instant
    duration: Annotated[float, Field(description="Seconds")]
    total_events: int
    errors: int
    clicks: int
    inputs: int
    navigations: int
    network_requests: int
    console_lines: int
    size: Annotated[int, Field(description="Stored bytes")]
    urls: list[str]


class SessionList(Document):
    """The last active first; `total` counts to 10,000."""

    items: list[SessionShown]
    pagination: Pagination


class SessionQuery(PagedQuery):
    """Filters of the list."""

    has_error: Literal["true", "false"] | None = None
    url: Annotated[str | None, *limited(1_000), Field(description="A part of an address visited")] = None
    user_id: Annotated[str | None, *limited(255)] = None
    min_duration: Annotated[Number | None, Field(ge=0, le=_LONGEST_S, description="Seconds")] = None
    since: Annotated[When | None, Field(alias="from", description="Last active since, inclusive")] = None
    until: Annotated[When | None, Field(alias="to", description="Last active until, exclusive")] = None

    def filters(self) -> Wanted:
        """Return what to look for."""
        return Wanted(
            has_error=None if self.has_error is None else self.has_error == "true",
            url=self.url,
            user_id=self.user_id,
            least_ms=None if self.min_duration is None else self.min_duration * 1000,
            since=self.since,
            until=self.until,
        )


async def of_error(service: Service, call: Call) -> Reply:
    fingerprint = call.part("fingerprint")
    query = replay.EventsOf(call.project_id, fingerprint)

    def shape(events: list[ReplayEvent], at: int) -> FingerprintReplay:
        return FingerprintReplay(fingerprint=fingerprint, total_events=len(events), events=_events(events))

    return Reply(await service.read(replay.events_of, query, shape))


async def of_session(service: Service, call: Call) -> Reply:
    name = call.part("sessionId")

    def shape(found: tuple[Session | None, list[ReplayEvent]], at: int) -> SessionReplay:
        session, events = found
        return SessionReplay(
            session_id=session.session_id if session else name,
            fingerprint=session.fingerprint if session else name,
            total_events=len(events),
            duration=session.length_ms / 1000 if session else 0.0,
            events=_events(events),
        )

    return Reply(await service.read(replay.session_of, replay.SessionOf(call.project_id, name), shape))


def _events(events: list[ReplayEvent]) -> list[EventShown]:
    return [
        EventShown(event_type=event.type, event_data=event.data, url=event.url, timestamp=event.at or 0)
        for event in events
    ]


async def listed(service: Service, call: Call) -> Reply:
    query: SessionQuery = call.query
    command = replay.ListSessions(call.project_id, query.filters(), query.wanted())

    def shape(found: tuple[list[Session], int], at: int) -> SessionList:
        sessions, total = found
        return SessionList(items=[_session(each) for each in sessions], pagination=query.pagination(total))

    return Reply(await service.read(replay.sessions, command, shape))


def _session(session: Session) -> SessionShown:
    counts = session.counts
    return SessionShown(
        fingerprint=session.fingerprint,
        session_id=session.session_id,
        user_id=session.user_id,
        first_at=session.first_at,
        last_at=session.last_at,
        received_at=session.received_at,
        duration=session.length_ms / 1000,
        total_events=session.events,
        errors=session.errors,
        clicks=counts.get(Kind.CLICK, 0),
        inputs=counts.get(Kind.INPUT, 0),
        navigations=counts.get(Kind.NAVIGATION, 0),
        network_requests=counts.get(Kind.NETWORK, 0),
        console_lines=counts.get(Kind.CONSOLE, 0),
        size=session.size,
        urls=list(session.urls),
    )


ROUTES = (
    Route("GET", "/sessions", TAG, "List sessions", listed, SessionList, SessionQuery),
    Route(
        "GET",
        "/errors/{fingerprint}/replay",
        TAG,
        "Replay what led to an error",
        of_error,
        FingerprintReplay,
        Query,
        part="text",
        description="A fingerprint that nobody sent has no events.",
    ),
    Route(
        "GET",
        "/replay/{sessionId}",
        TAG,
        "Replay a session",
        of_session,
        SessionReplay,
        Query,
        part="text",
        description="`sessionId` is a fingerprint first, a session's id second: many clients mask that.",
    ),
)
