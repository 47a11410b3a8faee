"""The documents of the calls about HTTP requests (contract.md 6.2), and of the sums that pages and consoles draw."""

from typing import Annotated, Literal

from pydantic import Field

from seestackd.core.monitor import DAY_MS
from seestackd.store.telemetry import Wanted
from seestackd.web.api.fields import MAX_PAGE, Document, Instant, Number, PagedQuery, Pagination, Query, When

_STATUSES = {"2xx": 2, "3xx": 3, "4xx": 4, "5xx": 5, "0": 0}


def window_of(since: int | None, until: int | None, now: int) -> tuple[int, int]:
    """Return `since` and `until` (ms UTC) of a window: the last 24 hours, unless said otherwise."""
    end = now + 1 if until is None else until
    return (end - DAY_MS if since is None else since), end


class RequestShown(Document):
    """A request; what was not given is an empty text. `statusCode` 0 means that there was no answer.

    `parentSpanId` names the request of the trace within which it was made.
    """

    id: str
    trace_id: str
    direction: Literal["inbound", "outbound"]
    method: str
    host: str
    path: str
    status_code: int
    duration_ms: int
    is_slow: bool
    user_id: str
    error_fingerprint: str
    timestamp: Instant
    request_size: int
    response_size: int
    span_id: str
    parent_span_id: str


class RequestList(Document):
    """Newest first."""

    items: list[RequestShown]
    pagination: Pagination


class TraceRequests(Document):
    """Oldest first, at most 100."""

    items: list[RequestShown]


class RunRequests(Document):
    """The requests that carry a run's trace: counted to 1,000, listed to 100, oldest first.

    One fails with a status code of 400 or more or without an answer. Without a trace id there are none.
    """

    trace_id: str | None
    count: int
    failed_count: int
    slowest: RequestShown | None
    first_error: RequestShown | None
    items: list[RequestShown]


class OfRunQuery(Query):
    """Which run of the monitor."""

    run: Annotated[Number | None, Field(ge=1, le=2**60, description="Required: `id` of a run as runs are listed")] = (
        None
    )


class WindowQuery(Query):
    """The last 24 hours, unless `from` or `to` say otherwise."""

    since: Annotated[When | None, Field(alias="from", description="Inclusive; 24 hours before `to`")] = None
    until: Annotated[When | None, Field(alias="to", description="Exclusive; now")] = None

    def window(self, now: int) -> tuple[int, int]:
        """Return `since` and `until` (ms UTC)."""
        return window_of(self.since, self.until, now)


class RequestQuery(PagedQuery):
    """The last 24 hours, unless `from` or `to` say otherwise.

    With `path` or `userId` the newest 50,000 requests of the window are looked at.
    """

    page: Annotated[Number, Field(ge=1, le=MAX_PAGE)] = 1
    per_page: Annotated[Number, Field(ge=1, description="Cut to 200")] = 50
    since: Annotated[When | None, Field(alias="from", description="Inclusive; 24 hours before `to`")] = None
    until: Annotated[When | None, Field(alias="to", description="Exclusive; now")] = None
    direction: Literal["inbound", "outbound"] | None = None
    method: Annotated[str | None, Field(max_length=255, description="In any case")] = None
    status_group: Annotated[
        str | None,
        Field(description="2xx, 3xx, 4xx or 5xx, or 0 for those without an answer; others are ignored", max_length=10),
    ] = None
    host: Annotated[str | None, Field(max_length=255)] = None
    path: Annotated[
        str | None, Field(max_length=500, description="A part of the path, in any case; `:id` is any id")
    ] = None
    user_id: Annotated[str | None, Field(max_length=500)] = None

    def wanted_requests(self) -> Wanted:
        """Return which requests to list."""
        return Wanted(
            outbound=None if self.direction is None else self.direction == "outbound",
            method=self.method.upper() if self.method else None,
            status=_STATUSES.get((self.status_group or "").lower()),
            host=self.host or None,
            path=self.path or None,
            user_id=self.user_id or None,
        )


class TraceQuery(Query):
    """Which trace."""

    trace_id: Annotated[str | None, Field(description="Required", max_length=500)] = None


class Stats(Document):
    """Rates are percentages; percentiles of durations are whole milliseconds, exact below 64 ms, else within 1.6 %.

    An error is a status code of 400 or more; `noAnswerCount` counts code 0.
    """

    total_requests: int
    error_rate: float
    slow_rate: float
    p50: int
    p95: int
    p99: int
    inbound_count: int
    outbound_count: int
    client_error_count: int
    server_error_count: int
    no_answer_count: int


class HostShown(Document):
    """A host that was asked; a request fails with a status code of 400 or more."""

    host: str
    total_requests: int
    failed_requests: int
    failure_rate: float
    avg_duration_ms: int
    p95: int
    no_answer_count: int


class HostList(Document):
    """Outbound only, the most failed first, at most 20."""

    items: list[HostShown]


class EndpointShown(Document):
    """A direction, method, host and path, with `:id` for each number, UUID and hash in it."""

    direction: Literal["inbound", "outbound"]
    method: str
    host: str
    path: str
    total_requests: int
    client_error_count: int
    server_error_count: int
    no_answer_count: int
    p50: int
    p95: int
    request_bytes: int
    response_bytes: int


class EndpointList(Document):
    """The most requested first, at most 500; `total` counts all."""

    items: list[EndpointShown]
    total: int


class SeriesQuery(WindowQuery):
    """The last 24 hours in steps of 15 minutes, unless said otherwise; the window grows to whole steps."""

    step: Annotated[
        Number, Field(ge=1, le=7 * 1440, description="Minutes; from 60 on whole hours, counted from 1970")
    ] = 15


class Point(Document):
    """The requests of one step, by the class of their status code; 1xx counts as 2xx."""

    since: Instant
    total_requests: int
    ok_count: int
    redirect_count: int
    client_error_count: int
    server_error_count: int
    no_answer_count: int
    p50: int
    p95: int


class PointList(Document):
    """Oldest first, without a gap; `step` in minutes."""

    step: int
    items: list[Point]
