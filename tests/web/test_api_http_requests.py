"""HTTP requests over the management API, as SeeStack consoles ask for them (contract.md 6.2)."""

from typing import Any

import pytest

from seestackd.operations.telemetry import RollUp, roll_up
from tests.rows import rows
from tests.web.api import Console, console
from tests.web.conftest import Daemon

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def admin(daemon: Daemon) -> Console:
    return await console(daemon)


def item(**more: Any) -> dict[str, Any]:
    base = {
        "traceId": TRACE, "direction": "inbound", "method": "get", "host": "shop.example", "path": "/api/users/17",
        "statusCode": 200, "durationMs": 40, "requestSize": 5, "responseSize": 700, "timestamp": "2026-03-31T23:00:00Z",
    }  # fmt: skip
    return {**base, **more}


MIX = [
    item(),
    item(statusCode=404, path="/nowhere"),
    item(statusCode=503, durationMs=1500, method="POST", path="/pay?x=1", userId="u_17", errorFingerprint="fp"),
    item(direction="outbound", host="psp.example:8443", statusCode=0, durationMs=3000),
    item(direction="outbound", host="psp.example:8443", statusCode=500, timestamp="2026-03-31T22:00:00+00:00"),
    item(direction="outbound", host="mail.example", traceId="other"),
]


async def sent(daemon: Daemon, items: list[dict[str, Any]], rolled: bool = False) -> None:
    assert (await daemon.send("/ingest/v1/http-requests", {"requests": items})).status == 202
    if rolled:
        await daemon.runner.run(roll_up, RollUp())


@pytest.mark.parametrize("rolled", [False, True])
async def test_requests_are_counted(daemon: Daemon, admin: Console, rolled: bool) -> None:
    await sent(daemon, MIX, rolled)

    assert await admin.get("/http-requests/stats") == {
        "totalRequests": 6, "errorRate": 50.0, "slowRate": 33.33, "p50": 40, "p95": 2976, "p99": 2976,
        "inboundCount": 3, "outboundCount": 3, "clientErrorCount": 1, "serverErrorCount": 2, "noAnswerCount": 1,
    }  # fmt: skip
    assert (await admin.get("/http-requests/stats?from=2026-03-31T22:30:00Z"))["totalRequests"] == 5
    assert (await admin.get("/http-requests/stats?to=2026-03-31T22:30:00Z"))["totalRequests"] == 1


async def test_of_nothing_all_is_zero(admin: Console) -> None:
    assert set((await admin.get("/http-requests/stats")).values()) == {0}
    assert (await admin.get("/http-requests"))["items"] == []
    assert await admin.get("/http-requests/top-hosts") == {"items": []}
    assert (await admin.get(f"/http-requests/by-trace?traceId={TRACE}"))["items"] == []


async def test_a_request_is_shown_with_every_field_the_contract_names(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, [{**MIX[2], "spanId": "00f067aa0ba902b7", "parentSpanId": "up"}])

    (shown,) = (await admin.get("/http-requests"))["items"]
    assert shown == {
        "id": "1", "traceId": TRACE, "direction": "inbound", "method": "POST", "host": "shop.example",
        "path": "/pay?x=1", "statusCode": 503, "durationMs": 1500, "isSlow": True, "userId": "u_17",
        "errorFingerprint": "fp", "timestamp": "2026-03-31T23:00:00.000Z", "requestSize": 5, "responseSize": 700,
        "spanId": "00f067aa0ba902b7", "parentSpanId": "up",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 6), ("direction=outbound", 3), ("method=post", 1), ("statusGroup=5xx", 2), ("statusGroup=4XX", 1),
        ("statusGroup=0", 1), ("statusGroup=nonsense", 6), ("path=USERS", 4), ("path=/users/:id", 4),
        ("host=mail.example", 1), ("userId=u_17", 1), ("from=2026-03-31T22:30:00Z", 5),
        ("direction=inbound&method=GET", 2),
    ],
)  # fmt: skip
async def test_requests_are_filtered(daemon: Daemon, admin: Console, query: str, count: int) -> None:
    await sent(daemon, MIX)

    page = await admin.get(f"/http-requests?{query}")
    assert (len(page["items"]), page["pagination"]["total"]) == (count, count)


async def test_pages_are_newest_first(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, [item(durationMs=n, timestamp=f"2026-03-31T20:{n:02}:00Z") for n in range(60)], rolled=True)

    page = await admin.get("/http-requests?page=2&perPage=25")
    assert [each["durationMs"] for each in page["items"]] == list(range(34, 9, -1))
    assert page["pagination"] == {"page": 2, "perPage": 25, "total": 60}
    assert (await admin.get("/http-requests?perPage=500"))["pagination"]["perPage"] == 200


async def test_hosts_that_failed_most_come_first(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, MIX)

    first, second = (await admin.get("/http-requests/top-hosts"))["items"]
    assert first == {
        "host": "psp.example:8443", "totalRequests": 2, "failedRequests": 1, "failureRate": 50.0,
        "avgDurationMs": 1520, "p95": 2976, "noAnswerCount": 1,
    }  # fmt: skip
    assert (second["host"], second["failedRequests"], second["failureRate"]) == ("mail.example", 0, 0.0)


async def test_a_trace_is_told_oldest_first(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, MIX)

    found = (await admin.get(f"/http-requests/by-trace?traceId={TRACE}"))["items"]
    assert [each["timestamp"][11:13] for each in found] == ["22", "23", "23", "23", "23"]


async def test_endpoints_have_ids_in_their_paths(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, [item(path=f"/api/users/{n}") for n in range(30)])

    found = await admin.get("/http-requests/endpoints")
    (one,) = found["items"]
    assert (one["path"], one["totalRequests"], one["p95"], one["responseBytes"]) == ("/api/users/:id", 30, 40, 21_000)
    assert found["total"] == 1


async def test_a_series_has_no_gap(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, MIX)

    points = await admin.get("/http-requests/series?from=2026-03-31T21:50:00Z&to=2026-03-31T23:10:00Z&step=10")
    assert [point["totalRequests"] for point in points["items"]] == [0, 1, 0, 0, 0, 0, 0, 5]
    assert points["items"][-1]["since"] == "2026-03-31T23:00:00.000Z"


async def test_too_many_steps_are_refused(admin: Console) -> None:
    refused = await admin.call("GET", "/http-requests/series?from=1970-01-01T00:00:00Z&step=1")
    assert refused.status == 422
    assert "at most 1500 are drawn" in refused.json["error"]["details"]["step"]


@rows(
    "path",
    [
        "/http-requests?from=yesterday", "/http-requests?page=0", "/http-requests?direction=sideways",
        "/http-requests/by-trace", "/http-requests/series?step=0", "/http-requests/stats?to=2026-02-30T00:00:00Z",
    ],
)  # fmt: skip
async def test_a_malformed_query_is_refused(admin: Console, path: str) -> None:
    assert (await admin.call("GET", path)).status == 422


async def test_clocks_that_are_years_off_are_stored_where_they_say(daemon: Daemon, admin: Console) -> None:
    odd = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2099-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    await sent(daemon, [item(timestamp=each, durationMs=2**63 - 1) for each in odd], rolled=True)

    assert (await admin.get("/http-requests/stats"))["totalRequests"] == 0
    found = await admin.get("/http-requests?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999Z")
    assert found["pagination"]["total"] == len(found["items"]) == 4


async def test_projects_do_not_see_each_other(daemon: Daemon, admin: Console) -> None:
    await sent(daemon, MIX)
    other = await console(daemon, project="other")

    assert (await other.get("/http-requests/stats"))["totalRequests"] == 0
    assert (await other.get("/http-requests"))["pagination"]["total"] == 0
    assert (await other.get(f"/http-requests/by-trace?traceId={TRACE}"))["items"] == []
