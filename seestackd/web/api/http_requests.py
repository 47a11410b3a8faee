"""What programs served and asked for over HTTP (contract.md 6.2), with sums that pages and consoles draw."""

from seestackd.core.monitor import HOUR_MS, MINUTE_MS
from seestackd.core.telemetry import Endpoint, HttpRequest, OfRun, percent, percentile
from seestackd.errors import Invalid
from seestackd.operations import telemetry
from seestackd.operations.telemetry import HostSum, joined
from seestackd.store.telemetry import Summed
from seestackd.web.api.http_documents import (
    EndpointList,
    EndpointShown,
    HostList,
    HostShown,
    OfRunQuery,
    Point,
    PointList,
    RequestList,
    RequestQuery,
    RequestShown,
    RunRequests,
    SeriesQuery,
    Stats,
    TraceQuery,
    TraceRequests,
    WindowQuery,
    window_of,
)
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.api.service import Service

TAG = "HTTP requests"
MAX_HOSTS = 20
MAX_OF_TRACE = 100
MAX_POINTS = 1_500
MAX_SHOWN = 500


async def listed(service: Service, call: Call) -> Reply:
    query: RequestQuery = call.query
    since, until = window_of(query.since, query.until, service.now())
    command = telemetry.ListRequests(call.project_id, since, until, query.wanted(), query.wanted_requests())

    def shape(found: tuple[list[tuple[int, HttpRequest]], int], at: int) -> RequestList:
        rows, count = found
        return RequestList(items=[_request(*row) for row in rows], pagination=query.pagination(count))

    return Reply(await service.read(telemetry.listed, command, shape))


async def by_trace(service: Service, call: Call) -> Reply:
    query: TraceQuery = call.query
    if not query.trace_id:
        raise Invalid("must not be blank", field="traceId")
    command = telemetry.RequestsByTrace(call.project_id, query.trace_id, MAX_OF_TRACE)

    def shape(found: list[tuple[int, HttpRequest]], at: int) -> TraceRequests:
        return TraceRequests(items=[_request(*row) for row in found])

    return Reply(await service.read(telemetry.traced, command, shape))


async def of_run(service: Service, call: Call) -> Reply:
    query: OfRunQuery = call.query
    if query.run is None:
        raise Invalid("must not be blank; give the id of a run", field="run")
    command = telemetry.RequestsOfRun(call.project_id, call.part(), query.run, MAX_OF_TRACE)

    def shape(found: tuple[str | None, OfRun, list[tuple[int, HttpRequest]]], at: int) -> RunRequests:
        trace_id, said, rows = found
        return RunRequests(
            trace_id=trace_id,
            count=said.requests,
            failed_count=said.failed,
            slowest=None if said.slowest is None else _request(0, said.slowest),
            first_error=None if said.first_error is None else _request(0, said.first_error),
            items=[_request(*row) for row in rows],
        )

    return Reply(await service.read(telemetry.of_a_run, command, shape))


async def stats(service: Service, call: Call) -> Reply:
    def shape(found: dict[bool, Summed], at: int) -> Stats:
        tally, latencies = joined(list(found.values()))
        return Stats(
            total_requests=tally.requests,
            error_rate=percent(tally.errors, tally.requests),
            slow_rate=percent(tally.slow, tally.requests),
            p50=percentile(latencies, 0.5),
            p95=percentile(latencies, 0.95),
            p99=percentile(latencies, 0.99),
            inbound_count=found[False].tally.requests,
            outbound_count=found[True].tally.requests,
            client_error_count=tally.client_errors,
            server_error_count=tally.server_errors,
            no_answer_count=tally.silent,
        )

    return Reply(await service.read(telemetry.directions, _sums(service, call), shape))


async def top_hosts(service: Service, call: Call) -> Reply:
    def shape(found: list[HostSum], at: int) -> HostList:
        return HostList(items=[_host(each) for each in found[:MAX_HOSTS]])

    return Reply(await service.read(telemetry.hosts, _sums(service, call), shape))


async def endpoints(service: Service, call: Call) -> Reply:
    def shape(found: list[tuple[Endpoint, Summed]], at: int) -> EndpointList:
        return EndpointList(items=[_endpoint(*each) for each in found[:MAX_SHOWN]], total=len(found))

    return Reply(await service.read(telemetry.endpoints, _sums(service, call), shape))


async def series(service: Service, call: Call) -> Reply:
    query: SeriesQuery = call.query
    since, until = window_of(query.since, query.until, service.now())
    step = query.step * MINUTE_MS
    if step > HOUR_MS:
        step -= step % HOUR_MS
    begin = since // step * step
    count = max(0, -(-(until - begin) // step))
    if count > MAX_POINTS:
        raise Invalid(f"gives {count} steps, at most {MAX_POINTS} are drawn; make them longer", field="step")
    command = telemetry.SeriesOf(call.project_id, begin, step, count)

    def shape(found: list[Summed], at: int) -> PointList:
        points = [_point(begin + number * step, each) for number, each in enumerate(found)]
        return PointList(step=step // MINUTE_MS, items=points)

    return Reply(await service.read(telemetry.series, command, shape))


def _sums(service: Service, call: Call) -> telemetry.SumRequests:
    query: WindowQuery = call.query
    return telemetry.SumRequests(call.project_id, *query.window(service.now()))


def _request(row_id: int, request: HttpRequest) -> RequestShown:
    return RequestShown(
        id=str(row_id),
        trace_id=request.trace_id,
        direction="outbound" if request.outbound else "inbound",
        method=request.method,
        host=request.host,
        path=request.path,
        status_code=request.status_code,
        duration_ms=request.duration_ms,
        is_slow=request.is_slow,
        user_id=request.user_id or "",
        error_fingerprint=request.error_fingerprint or "",
        timestamp=request.at,
        request_size=request.request_size,
        response_size=request.response_size,
        span_id=request.span_id or "",
        parent_span_id=request.parent_span_id or "",
    )


def _host(each: HostSum) -> HostShown:
    tally, latencies = each.summed
    return HostShown(
        host=each.host,
        total_requests=tally.requests,
        failed_requests=tally.errors,
        failure_rate=percent(tally.errors, tally.requests),
        avg_duration_ms=round(tally.duration_ms / tally.requests) if tally.requests else 0,
        p95=percentile(latencies, 0.95),
        no_answer_count=tally.silent,
    )


def _endpoint(endpoint: Endpoint, summed: Summed) -> EndpointShown:
    tally, latencies = summed
    return EndpointShown(
        direction="outbound" if endpoint.outbound else "inbound",
        method=endpoint.method,
        host=endpoint.host,
        path=endpoint.path,
        total_requests=tally.requests,
        client_error_count=tally.client_errors,
        server_error_count=tally.server_errors,
        no_answer_count=tally.silent,
        p50=percentile(latencies, 0.5),
        p95=percentile(latencies, 0.95),
        request_bytes=round(tally.request_bytes),
        response_bytes=round(tally.response_bytes),
    )


def _point(since: int, summed: Summed) -> Point:
    tally, latencies = summed
    return Point(
        since=since,
        total_requests=tally.requests,
        ok_count=tally.ok,
        redirect_count=tally.redirected,
        client_error_count=tally.client_errors,
        server_error_count=tally.server_errors,
        no_answer_count=tally.silent,
        p50=percentile(latencies, 0.5),
        p95=percentile(latencies, 0.95),
    )


_ALL = "/http-requests"
_OF_RUN = "/cron-monitors/{id}/http-requests"
ROUTES = (
    Route("GET", _ALL, TAG, "List requests", listed, RequestList, RequestQuery),
    Route("GET", f"{_ALL}/stats", TAG, "Count requests and errors, with percentiles", stats, Stats, WindowQuery),
    Route("GET", f"{_ALL}/top-hosts", TAG, "List the hosts that failed most", top_hosts, HostList, WindowQuery),
    Route("GET", f"{_ALL}/by-trace", TAG, "List the requests of a trace", by_trace, TraceRequests, TraceQuery),
    Route("GET", _OF_RUN, TAG, "List the requests of a run", of_run, RunRequests, OfRunQuery),
    Route("GET", f"{_ALL}/endpoints", TAG, "Sum up by endpoint", endpoints, EndpointList, WindowQuery),
    Route("GET", f"{_ALL}/series", TAG, "Sum up by time", series, PointList, SeriesQuery),
)
