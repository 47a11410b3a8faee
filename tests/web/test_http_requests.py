"""POST /ingest/v1/http-requests: every row of contract.md 3."""

import json
from typing import Any

import pytest

from seestackd.core.telemetry import HttpRequest
from seestackd.operations.telemetry import RequestsByTrace, requests_by_trace
from tests.rows import rows
from tests.web.conftest import Daemon

PATH = "/ingest/v1/http-requests"
ITEM = {
    "traceId": "trace-1",
    "direction": "outbound",
    "method": "GET",
    "host": "api.example.com:8443",
    "path": "/v1/things",
    "statusCode": 200,
    "durationMs": 1001,
    "requestSize": 10,
    "responseSize": 20,
    "userId": "u1",
    "errorFingerprint": None,
    "timestamp": "2026-03-31T12:00:00.123456Z",
}
AT = 1_774_958_400_123
DATE_TIME = "must be a date and time with zone, for example 2026-03-31T12:00:00Z"


def but(**changes: Any) -> dict[str, Any]:
    return {"requests": [{**ITEM, **changes}]}


def without(*fields: str) -> dict[str, Any]:
    return {"requests": [{name: value for name, value in ITEM.items() if name not in fields}]}


async def test_a_batch_is_accepted_and_can_be_read_again(daemon: Daemon) -> None:
    second = {**ITEM, "traceId": "trace-2", "method": "post", "direction": "inbound", "durationMs": 1000}

    answer = await daemon.send(PATH, {"requests": [ITEM, second], "projectId": "somebody else's"})

    assert answer.status == 202
    assert answer.json == {"ok": True, "accepted": 2}
    newest, oldest = await daemon.requests()
    assert oldest == HttpRequest(
        AT, "trace-1", True, "GET", "api.example.com:8443", "/v1/things", 200, 1001, 10, 20, True, "u1", None
    )
    assert (newest.method, newest.direction, newest.is_slow) == ("POST", "inbound", False)
    query = RequestsByTrace(daemon.project_id, "trace-1")
    assert await daemon.runner.read(requests_by_trace, query) == [oldest]


async def test_spans_are_stored_as_they_came(daemon: Daemon) -> None:
    said = [("00f067aa0ba902b7", "A0f067aa0ba902b7"), ("call 7", None), (7, ""), ("s" * 300, ["s"])]
    items = [{**ITEM, "spanId": span, "parentSpanId": parent} for span, parent in said]

    answer = await daemon.send(PATH, {"requests": items})

    assert answer.status == 202
    stored = [(one.span_id, one.parent_span_id) for one in reversed(await daemon.requests())]
    assert stored == [(said[0]), ("call 7", None), (None, None), ("s" * 255, None)]


@pytest.mark.parametrize(
    "document",
    [
        {"requests": [ITEM] * 100},
        without("requestSize", "responseSize", "userId", "errorFingerprint"),
        but(requestSize=None, responseSize=None, userId=None, errorFingerprint=None),
        but(statusCode=0),
        but(statusCode=599),
        but(statusCode=200.0),
        but(durationMs=0.9),
        but(host="[REDACTED]:8443"),
        but(method="purge"),
        but(release="1", environment=None, metadata={"deep": [{"er": 1}]}, spanId={"no": "text"}, parentSpanId=7),
        but(path="/" + "p" * 8192),
    ],
    ids=lambda document: json.dumps(document)[-60:],
)
async def test_it_takes_what_the_contract_allows(daemon: Daemon, document: dict[str, Any]) -> None:
    answer = await daemon.send(PATH, document)

    assert answer.status == 202
    assert answer.json["accepted"] == len(document["requests"]) == len(await daemon.requests())


async def test_every_way_to_write_an_instant_means_the_same(daemon: Daemon) -> None:
    spellings = [
        "2026-03-31T12:00:00Z",
        "2026-03-31t12:00:00z",
        "2026-03-31T14:00:00+02:00",
        "2026-03-31T12:00:00.0Z",
        "2026-03-31T12:00:00.000999999Z",
        "2026-03-31T02:30:00.000-09:30",
    ]

    await daemon.send(PATH, {"requests": [{**ITEM, "timestamp": spelling} for spelling in spellings]})

    assert [request.at for request in await daemon.requests()] == [1_774_958_400_000] * len(spellings)


async def test_requests_before_1970_and_after_2038_are_kept(daemon: Daemon) -> None:
    for year in ("0001", "1969", "2039", "9999"):
        answer = await daemon.send(PATH, but(timestamp=f"{year}-06-01T00:00:00+14:00"))
        assert answer.status == 202
    assert len(await daemon.requests()) == 4


@rows(
    ("document", "details"),
    [
        ({}, {"requests": "must not be empty"}),
        ({"requests": None}, {"requests": "must not be empty"}),
        ({"requests": []}, {"requests": "must not be empty"}),
        ({"requests": [ITEM] * 101}, {"requests": "size must be between 0 and 100"}),
        ({"requests": {"0": ITEM}}, {"requests": "must be a list"}),
        ({"requests": "all"}, {"requests": "must be a list"}),
        ({"requests": [ITEM, 5]}, {"requests[1]": "must be an object"}),
        ({"requests": [None]}, {"requests[0]": "must not be null"}),
        (without("traceId"), {"requests[0].traceId": "must not be blank"}),
        (but(traceId=" "), {"requests[0].traceId": "must not be blank"}),
        (but(host=""), {"requests[0].host": "must not be blank"}),
        (but(path=None), {"requests[0].path": "must not be blank"}),
        (but(method="\t"), {"requests[0].method": "must not be blank"}),
        (but(method=1), {"requests[0].method": "must be a string"}),
        (without("direction"), {"requests[0].direction": "must not be blank"}),
        (but(direction=""), {"requests[0].direction": "must not be blank"}),
        (but(direction="INBOUND"), {"requests[0].direction": "must be 'inbound' or 'outbound'"}),
        (but(direction=1), {"requests[0].direction": "must be 'inbound' or 'outbound'"}),
        (without("statusCode"), {"requests[0].statusCode": "must not be null"}),
        (but(statusCode="200"), {"requests[0].statusCode": "must be an integer"}),
        (but(statusCode=200.5), {"requests[0].statusCode": "must be an integer"}),
        (but(statusCode=True), {"requests[0].statusCode": "must be an integer"}),
        (but(statusCode=-1), {"requests[0].statusCode": "must be greater than or equal to 0"}),
        (but(statusCode=1000), {"requests[0].statusCode": "must be less than or equal to 999"}),
        (but(durationMs=None), {"requests[0].durationMs": "must not be null"}),
        (but(durationMs=-5), {"requests[0].durationMs": "must be greater than or equal to 0"}),
        (but(durationMs=2**64), {"requests[0].durationMs": f"must be less than or equal to {2**63 - 1}"}),
        (but(requestSize=-1), {"requests[0].requestSize": "must be greater than or equal to 0"}),
        (but(responseSize="1"), {"requests[0].responseSize": "must be an integer"}),
        (but(userId=5), {"requests[0].userId": "must be a string"}),
        (without("timestamp"), {"requests[0].timestamp": "must not be blank"}),
        (but(timestamp=""), {"requests[0].timestamp": "must not be blank"}),
        (but(timestamp=1774958400), {"requests[0].timestamp": "must be a string"}),
        (but(timestamp="1774958400"), {"requests[0].timestamp": DATE_TIME}),
        (but(timestamp="2026-03-31"), {"requests[0].timestamp": DATE_TIME}),
        (but(timestamp="2026-03-31T12:00:00"), {"requests[0].timestamp": DATE_TIME}),
        (but(timestamp="2026-03-31T12:00:00.1234567890Z"), {"requests[0].timestamp": DATE_TIME}),
        (but(timestamp="yesterday"), {"requests[0].timestamp": DATE_TIME}),
        (but(timestamp="2026-02-30T12:00:00Z"), {"requests[0].timestamp": "must be an existing date and time"}),
        (but(timestamp="2026-03-31T25:00:00Z"), {"requests[0].timestamp": "must be an existing date and time"}),
        (but(timestamp="2026-03-31T12:00:00+99:00"), {"requests[0].timestamp": "must be an existing date and time"}),
    ],
)
async def test_a_broken_batch_is_refused_whole(daemon: Daemon, document: Any, details: dict[str, str]) -> None:
    answer = await daemon.send(PATH, document)

    assert answer.status == 422
    assert answer.json["success"] is False
    assert answer.json["error"] == {"code": "VALIDATION_ERROR", "message": "Validation failed", "details": details}
    assert set(answer.json["meta"]) == {"requestId", "timestamp"}
    assert await daemon.nothing_stored()


async def test_every_broken_field_of_every_item_is_named(daemon: Daemon) -> None:
    broken = {**ITEM, "method": "", "statusCode": None}

    answer = await daemon.send(PATH, {"requests": [broken, ITEM, broken]})

    assert answer.json["error"]["details"] == {
        "requests[0].method": "must not be blank",
        "requests[0].statusCode": "must not be null",
        "requests[2].method": "must not be blank",
        "requests[2].statusCode": "must not be null",
    }
    assert await daemon.nothing_stored()


async def test_what_a_query_string_gives_away_is_masked(daemon: Daemon) -> None:
    await daemon.send(PATH, but(path="/login?user=kim&access_token=abc123&page=2"))

    (request,) = await daemon.requests()
    assert request.path == "/login?user=kim&access_token=***REDACTED***&page=2"


async def test_a_batch_for_a_store_that_cannot_commit_is_to_be_repeated(daemon: Daemon) -> None:
    await daemon.runner.stop()

    answer = await daemon.send(PATH, {"requests": [ITEM]})

    assert (answer.status, answer.json["error"]["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"]
