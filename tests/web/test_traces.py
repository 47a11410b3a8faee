"""A heartbeat names the trace of its run, in its body or in the W3C header."""

from typing import Any

import pytest

from tests.web.api import Console, console
from tests.web.conftest import Daemon

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BEAT = {"slug": "nightly", "status": "success", "durationMs": 5}


@pytest.fixture
async def admin(daemon: Daemon) -> Console:
    return await console(daemon)


@pytest.mark.parametrize(
    ("more", "header", "kept"),
    [
        ({}, f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        ({"traceId": "mine"}, f"00-{TRACE}-00f067aa0ba902b7-01", "mine"),
        ({}, f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        ({}, f"00-{TRACE}-{'0' * 16}-01", None),
        ({}, f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        ({}, f"00-{TRACE}-00f067aa0ba902b7-01-more", None),
        ({}, f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        ({}, f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        ({}, "nonsense", None),
    ],
)
async def test_the_trace_of_a_heartbeat(daemon: Daemon, more: dict[str, Any], header: str, kept: str | None) -> None:
    sent = await daemon.send("/ingest/v1/heartbeat", {**BEAT, **more}, headers={"traceparent": header})

    assert sent.status == 202
    assert (await daemon.pings())[0].ping.trace_id == kept


async def test_the_requests_of_a_run_are_told_by_the_api(daemon: Daemon, admin: Console) -> None:
    await daemon.send("/ingest/v1/heartbeat", {**BEAT, "status": "failed", "traceId": TRACE})
    item = {
        "traceId": TRACE, "direction": "outbound", "method": "GET", "host": "psp", "path": "/x", "statusCode": 503,
        "durationMs": 7, "timestamp": "2026-03-31T23:00:00Z",
    }  # fmt: skip
    await daemon.send("/ingest/v1/http-requests", {"requests": [item, {**item, "statusCode": 200, "durationMs": 90}]})
    path = f"/cron-monitors/{daemon.monitor_uid}"
    (run,) = (await admin.get(f"{path}/runs"))["items"]

    found = await admin.get(f"{path}/http-requests?run={run['id']}")
    assert (found["traceId"], found["count"], found["failedCount"]) == (TRACE, 2, 1)
    assert (found["slowest"]["durationMs"], found["firstError"]["statusCode"]) == (90, 503)
    assert len(found["items"]) == 2
    for query, status in (("?run=999", 404), ("", 422), ("?run=x", 422)):
        assert (await admin.call("GET", f"{path}/http-requests{query}")).status == status
