"""The worst that clients send: taken or refused by the contract, and all that shows it still answers."""

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import DAY_MS
from seestackd.operations import keys, telemetry
from seestackd.store.interface import Transaction
from tests.pages.conftest import NOW, House
from tests.rows import rows

KEY = make_secret(b"\x0b" * 32)
FINGERPRINT = "fp 1/2"
TRACE = "trace 1/2"
YEAR = 365 * DAY_MS
INT64 = 2**63 - 1
REPLAY = {"fingerprint": FINGERPRINT, "sessionId": "[REDACTED]"}
EVENT = {"eventType": "click", "eventData": '{"x":1}', "url": "https://shop.example/cart", "timestampMillis": NOW}
REQUEST = {
    "traceId": TRACE, "direction": "inbound", "method": "GET", "host": "shop.example", "path": "/cart",
    "statusCode": 500, "durationMs": 40, "timestamp": "2026-03-31T23:33:20Z",
}  # fmt: skip


async def send(house: House, path: str, document: Any) -> tuple[int, Any]:
    body = gzip.compress(json.dumps(document).encode(), 1)
    headers = {"X-SeeStack-Key": KEY, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with house.session.post(f"{house.url}{path}", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def ask(house: House, path: str) -> Any:
    async with house.session.get(
        f"{house.url}/api/v1{path}", headers={"Authorization": f"Bearer {KEY}", "Accept-Encoding": "gzip"}
    ) as answer:
        assert answer.status == 200, (path, await answer.text())
        return (await answer.json())["data"]


async def open_pages(house: House, *paths: str) -> None:
    shown = {path: (await house.get(path)).status for path in paths}
    assert set(shown.values()) == {200}, shown


@pytest.fixture
async def home(open_house: House) -> House:
    await open_house.runner.run(keys.create, keys.CreateKey(open_house.project_id, "any", Scope.ADMIN, KEY))

    def project(tx: Transaction, command: None, at: int) -> str:
        return next(each.uid for each in tx.projects.all() if each.id == open_house.project_id)

    await open_house.runner.read(project, None)
    return open_house


async def replayed(home: House, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send a session and open all that shows it; returns its events."""
    said = await send(home, "/ingest/v1/replay", {**REPLAY, "events": events})
    assert said[0] == 202, said
    name = quote(FINGERPRINT, safe="")
    await open_pages(home, "/sessions", "/sessions?errors=1&url=cart", f"/sessions/{name}")
    assert (await ask(home, "/sessions"))["items"][0]["fingerprint"] == FINGERPRINT
    assert (await ask(home, f"/replay/{name}"))["totalEvents"] == len(events)
    found: list[dict[str, Any]] = (await ask(home, f"/errors/{name}/replay"))["events"]
    return found


def events(*instants: int | None, **said: Any) -> list[dict[str, Any]]:
    return [{**EVENT, "timestampMillis": at, **said} for at in instants]


SESSIONS: dict[str, list[dict[str, Any]]] = {
    "out of order": events(*(NOW - number * 7919 % 1000 for number in range(100))),
    "duplicates": events(NOW, NOW, NOW - 1) * 3,
    "clocks years off": events(0, NOW - 50 * YEAR, NOW, NOW + 50 * YEAR, -INT64, INT64, None),
    "data that is no JSON": [
        {**EVENT, "eventData": data, "eventType": kind}
        for kind in ("click", "snapshot", "network_request", "error", "console", "navigation", "input", "rrweb", "💥")
        for data in (
            "{",
            "null",
            "[]",
            "NaN",
            "-",
            '"',
            "<b>",
            '{"x":1e999,"y":"\\ud83d"}',
            "[[[[" * 500,
            "7" * 5000,
        )
    ],
    "data nested as deep as it can be read": [
        {**EVENT, "eventType": kind, "eventData": f'{{"{name}":{"[" * depth}{"]" * depth}}}'}
        for kind, name in (("error", "message"), ("console", "level"), ("click", "x"), ("network", "status"))
        for depth in range(900, 1_000, 9)
    ],
    "data of the wrong kind": [
        {**EVENT, "eventType": kind, "eventData": data}
        for kind in ("snapshot", "click", "network_request", "error", "mutation")
        for data in (
            '{"viewport":-1,"scroll":[],"tree":{"rect":"x"},"x":null,"y":{},"status":"no","message":[1]}',
            '{"viewport":{"width":1e308,"height":-5},"tree":[{"rect":{"x":1e308}}],"x":-1e308,"status":1e308}',
        )
    ],
}


@pytest.mark.parametrize("name", SESSIONS)
async def test_odd_sessions_are_taken_and_shown(home: House, name: str) -> None:
    sent = SESSIONS[name]

    found = await replayed(home, sent)

    assert len(found) == len(sent)
    if name != "data that is no JSON":
        assert sorted(each["eventData"] for each in found) == sorted(each["eventData"] for each in sent)
    instants = [each["timestamp"] for each in found if each["timestamp"].startswith("20")]
    assert instants == sorted(instants)


@pytest.mark.parametrize("count", [40, pytest.param(1_000, marks=pytest.mark.long)])
async def test_many_events_of_50_kb_are_taken_in_batches_and_shown(home: House, count: int) -> None:
    large = json.dumps({"message": "m" * 50_000})
    status, said = await send(home, "/ingest/v1/replay", {**REPLAY, "events": events(*range(200), eventData=large)})
    assert (status, said.get("error", said)["code"]) == (413, "PAYLOAD_TOO_LARGE")

    for first in range(0, count, 40):
        batch = events(*range(NOW + first, NOW + first + 40), eventData=large)
        status, said = await send(home, "/ingest/v1/replay", {**REPLAY, "events": batch})
        assert (status, said["data"]) == (202, {"eventsReceived": 40})

    page = await home.get(f"/sessions/{quote(FINGERPRINT, safe='')}")
    assert page.status == 200
    assert len(page.text) < 20_000 + 4_000 * count
    assert (await ask(home, f"/replay/{quote(FINGERPRINT, safe='')}"))["totalEvents"] == count


def requests(*said: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**REQUEST, **each} for each in said]


def spans(*said: tuple[str, str | None]) -> list[dict[str, Any]]:
    return requests(*({"spanId": span, "parentSpanId": parent} for span, parent in said))


TRACES: dict[str, list[dict[str, Any]]] = {
    "a circle": spans(("a", "c"), ("b", "a"), ("c", "b"), ("d", "d")),
    "missing parents": spans(("a", "gone"), ("b", None), ("", "a")),
    "duplicates": spans(*[("a", None)] * 5, *[("a", "a")] * 5),
    "a deep chain": spans(*((f"{number}", f"{number - 1}") for number in range(100))),
    "absurd durations": requests({"durationMs": INT64}, {"durationMs": 2**53}, {"durationMs": 0}, {"durationMs": 0.4}),
    "clocks years off": requests(
        {"timestamp": "0001-01-01T00:00:00Z"}, {}, {"timestamp": "9999-12-31T23:59:59.999Z"},
        {"timestamp": "9999-12-31T23:59:59-23:59"}, {"timestamp": "0001-01-01T00:00:00+23:59"},
        {"timestamp": "1969-12-31T23:59:59.999Z"}, {"timestamp": "1970-01-01T00:00:00+23:59"},
    ),
    "huge numbers": requests({"requestSize": INT64, "responseSize": INT64}) * 3,
    "odd words": requests(
        {"method": "\u202e", "host": "[REDACTED]:1", "path": "\x1b[31m<b>", "userId": "\ud83d\ude00" * 300},
        {"path": "/" + "%41" * 9_000, "errorFingerprint": "<script>", "statusCode": 999},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRACES)
async def test_odd_traces_are_taken_and_shown(home: House, name: str) -> None:
    sent = TRACES[name]
    assert (await send(home, "/ingest/v1/http-requests", {"requests": sent})) == (
        202,
        {"ok": True, "accepted": len(sent)},
    )
    trace, window = quote(TRACE, safe=""), "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"

    for _ in range(2):
        pages = [
            f"/http?range={chosen}&show={tab}" for chosen in ("1h", "7d") for tab in ("requests", "endpoints", "hosts")
        ]
        await open_pages(home, *pages, f"/http/trace/{trace}")
        found = (await ask(home, f"/http-requests/by-trace?traceId={trace}"))["items"]
        assert len(found) == len(sent)
        assert [each["timestamp"] for each in found] == sorted(each["timestamp"] for each in found)
        for call in ("", "/stats", "/top-hosts", "/endpoints", "/series"):
            await ask(home, f"/http-requests{call}?{window}" if call != "/series" else "/http-requests/series")
        await home.runner.run(telemetry.roll_up, telemetry.RollUp())


@rows(
    ("change", "field"),
    [
        ({"durationMs": -1}, "durationMs"),
        ({"durationMs": 2**63}, "durationMs"),
        ({"durationMs": "5"}, "durationMs"),
        ({"requestSize": -1}, "requestSize"),
        ({"timestamp": "2026-02-30T00:00:00Z"}, "timestamp"),
        ({"timestamp": 1_775_000_000_000}, "timestamp"),
    ],
)
async def test_what_breaks_the_contract_is_refused_whole(home: House, change: dict[str, Any], field: str) -> None:
    status, said = await send(home, "/ingest/v1/http-requests", {"requests": requests({}, change)})

    assert (status, list(said["error"]["details"])) == (422, [f"requests[1].{field}"])
    assert (await ask(home, "/http-requests/stats?from=0001-01-01T00:00:00Z"))["totalRequests"] == 0
