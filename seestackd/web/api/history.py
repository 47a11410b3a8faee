"""What a monitor's job did: pings as SeeStack knows them, runs, and the ledger of slots."""

from typing import Annotated, Literal

from pydantic import Field

from seestackd.core.monitor import DAY_MS, SlotEntry
from seestackd.core.runs import Run
from seestackd.operations import listings
from seestackd.operations.listings import HistoryLine
from seestackd.web.api.fields import (
    MAX_PAGE,
    MAX_PER_PAGE,
    Document,
    Instant,
    Number,
    PagedQuery,
    Pagination,
    Query,
    When,
)
from seestackd.web.api.monitors import TAG
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

DEFAULT_WINDOW_MS = 7 * DAY_MS
_EVER = 2**60


class PingShown(Document):
    """A run that ended, or a slot that nobody answered: `missed`, at the instant at which it was due."""

    id: str
    status: Literal["success", "failed", "missed"]
    duration_ms: int
    message: str
    timestamp: Instant


class PingList(Document):
    """Newest first."""

    items: list[PingShown]
    pagination: Pagination


class HistoryQuery(PagedQuery):
    """The last 7 days, unless `from` or `to` say otherwise; at most the last 10,000 pings are looked at."""

    page: Annotated[Number, Field(ge=1, le=MAX_PAGE)] = 1
    per_page: Annotated[Number, Field(ge=1, description="Cut to 200")] = 50
    status: Literal["success", "failed", "missed"] | None = None
    since: Annotated[When | None, Field(alias="from", description="Inclusive")] = None
    until: Annotated[When | None, Field(alias="to", description="Exclusive")] = None


class RunShown(Document):
    """One execution of the job; `outcome` is null while it runs."""

    id: str
    run_id: Annotated[str | None, Field(description="The id that the job gave it")]
    started_at: Instant
    ended_at: Instant | None
    duration_ms: int | None
    outcome: Annotated[str | None, Field(description="How its slot ended by it; `extra`, `replaced` or `closed`")]
    ok: bool | None
    exit_code: int | None
    slot: Annotated[Instant | None, Field(description="When it was due")]
    lateness_ms: int | None
    host: str | None
    trace_id: str | None


class RunList(Document):
    """Newest first; `nextCursor` leads to older ones, null at the end."""

    items: list[RunShown]
    next_cursor: str | None


class RunQuery(Query):
    """Runs before `cursor`."""

    cursor: Annotated[Number | None, Field(ge=1, le=_EVER, description="nextCursor of the page before")] = None
    limit: Annotated[Number, Field(ge=1, description="Cut to 200")] = 50


class SlotShown(Document):
    """How expected runs ended; silent ones in a row share one entry."""

    first_at: Instant
    last_at: Instant
    count: int
    more: Annotated[bool, Field(description="There were more than were counted")]
    outcome: Literal["on_time", "early", "late", "missed", "failed", "overrun", "skipped", "unknown"]
    reason: str
    run_id: str | None
    judged_at: Instant


class SlotList(Document):
    """Newest first; `nextBefore` leads to older ones, null at the end."""

    items: list[SlotShown]
    next_before: Instant | None


class SlotQuery(Query):
    """Entries that begin before an instant."""

    before: When | None = None
    limit: Annotated[Number, Field(ge=1, description="Cut to 200")] = 50


async def history(service: Service, call: Call) -> Reply:
    query: HistoryQuery = call.query
    now = service.now()
    until = now + 1 if query.until is None else query.until
    since = until - DEFAULT_WINDOW_MS if query.since is None else query.since
    command = listings.ListHistory(call.project_id, call.part(), since, until, query.wanted(), query.status)

    def shape(found: tuple[list[HistoryLine], int], at: int) -> PingList:
        lines, total = found
        return PingList(items=[_ping(line, call.part()) for line in lines], pagination=query.pagination(total))

    return Reply(await service.read(listings.heard, command, shape))


def _ping(line: HistoryLine, monitor_uid: str) -> PingShown:
    item = line.item
    return PingShown(
        id=f"{item.status}-{item.at}" if item.ping_id is None else str(item.ping_id),
        status=item.status,
        duration_ms=line.duration_ms,
        message=line.message,
        timestamp=item.at,
    )


async def runs(service: Service, call: Call) -> Reply:
    query: RunQuery = call.query
    limit = min(query.limit, MAX_PER_PAGE)
    command = listings.ListRuns(call.project_id, call.part(), query.cursor, limit)

    def shape(found: list[Run], at: int) -> RunList:
        following = str(found[-1].id) if len(found) == limit else None
        return RunList(items=[_run(run) for run in found], next_cursor=following)

    return Reply(await service.read(listings.runs, command, shape))


def _run(run: Run) -> RunShown:
    return RunShown(
        id=str(run.id),
        run_id=run.rid,
        started_at=run.started_at,
        ended_at=run.ended_at,
        duration_ms=run.duration_ms,
        outcome=run.outcome,
        ok=run.ok,
        exit_code=run.exit_code,
        slot=run.slot,
        lateness_ms=run.lateness_ms,
        host=run.host,
        trace_id=run.trace_id,
    )


async def slots(service: Service, call: Call) -> Reply:
    query: SlotQuery = call.query
    limit = min(query.limit, MAX_PER_PAGE)
    before = _EVER if query.before is None else query.before
    command = listings.ListSlots(call.project_id, call.part(), before, limit)

    def shape(found: list[SlotEntry], at: int) -> SlotList:
        following = found[-1].first_at if len(found) == limit else None
        return SlotList(items=[_slot(entry) for entry in found], next_before=following)

    return Reply(await service.read(listings.slots, command, shape))


def _slot(entry: SlotEntry) -> SlotShown:
    return SlotShown(
        first_at=entry.first_at,
        last_at=entry.last_at,
        count=entry.count,
        more=entry.more,
        outcome=entry.outcome.value,
        reason=entry.reason,
        run_id=None if entry.run_id is None else str(entry.run_id),
        judged_at=entry.judged_at,
    )


_ONE = "/cron-monitors/{id}"
ROUTES = (
    Route("GET", f"{_ONE}/history", TAG, "List what was heard and what was missed", history, PingList, HistoryQuery),
    Route("GET", f"{_ONE}/runs", TAG, "List runs", runs, RunList, RunQuery),
    Route("GET", f"{_ONE}/slots", TAG, "List how expected runs ended", slots, SlotList, SlotQuery),
)
