"""Sessions and their replays over the management API (contract.md 6.3)."""

import json
from typing import Any

import pytest

from seestackd.core.keys import Scope
from tests.web.api import Console, console
from tests.web.conftest import NOW, Daemon

FIRST = NOW


def event(at: int | None, kind: str = "click", url: str | None = "https://shop.example/cart", **data: Any) -> Any:
    return {"eventType": kind, "eventData": json.dumps(data or {"x": 1}), "url": url, "timestampMillis": at}


async def send(home: Console, fingerprint: str, *events: Any, session: str = "[REDACTED]") -> None:
    body = {"fingerprint": fingerprint, "sessionId": session, "events": list(events)}
    answer = await home.daemon.send("/ingest/v1/replay", body, key=home.key)
    assert answer.status == 202, answer.body


@pytest.fixture
async def home(daemon: Daemon) -> Console:
    return await console(daemon)


async def test_the_events_of_a_fingerprint_come_oldest_first(home: Console) -> None:
    await send(home, "fp/1", event(FIRST + 2000, "error", None), event(FIRST))
    await send(home, "fp/1", event(FIRST + 1000, "mouse_click"))

    data = await home.get("/errors/fp%2F1/replay")

    assert data["fingerprint"] == "fp/1"
    assert data["totalEvents"] == 3
    assert data["events"][0] == {
        "eventType": "click",
        "eventData": '{"x": 1}',
        "url": "https://shop.example/cart",
        "timestamp": "2026-03-31T23:33:20.000Z",
    }
    assert [each["eventType"] for each in data["events"]] == ["click", "mouse_click", "error"]
    assert data["events"][2]["url"] is None


async def test_an_unknown_fingerprint_has_no_events(home: Console) -> None:
    assert await home.get("/errors/nobody/replay") == {"fingerprint": "nobody", "totalEvents": 0, "events": []}
    assert (await home.get("/replay/nobody"))["events"] == []


async def test_a_session_is_found_by_its_fingerprint_and_then_by_its_id(home: Console) -> None:
    await send(home, "one", event(FIRST), event(FIRST + 12_500))
    await send(home, "two", event(FIRST), session="s_8af")
    await send(home, "three", event(FIRST), session="one")

    assert (await home.get("/replay/one"))["totalEvents"] == 2
    assert (await home.get("/replay/one"))["duration"] == 12.5
    found = await home.get("/replay/s_8af")
    assert (found["sessionId"], found["fingerprint"], found["totalEvents"]) == ("s_8af", "two", 1)


async def test_no_project_sees_the_sessions_of_another(daemon: Daemon, home: Console) -> None:
    await send(home, "one", event(FIRST), session="s1")
    other = await console(daemon, Scope.ADMIN, "other")

    assert (await other.get("/sessions"))["items"] == []
    for path in ("/replay/one", "/replay/s1", "/errors/one/replay"):
        assert (await other.get(path))["totalEvents"] == 0
    answer = await home.call("GET", f"/replay/one?projectId={other.project.uid}")
    assert answer.status == 404


async def test_the_list_shows_each_session_in_short(home: Console) -> None:
    await send(
        home, "one", event(FIRST + 9000, "navigation", "https://shop.example/pay"), event(FIRST + 5000, "jsError")
    )
    await send(home, "one", event(FIRST, userId="u_17"), event(FIRST + 100, "input"), session="s1")
    await send(home, "two", event(FIRST + 20_000, url=None))

    data = await home.get("/sessions")

    assert [each["fingerprint"] for each in data["items"]] == ["two", "one"]
    assert data["pagination"] == {"page": 1, "perPage": 20, "total": 2}
    one = data["items"][1]
    assert one["urls"] == ["https://shop.example/cart", "https://shop.example/pay"]
    assert (one["sessionId"], one["userId"], one["duration"], one["totalEvents"]) == ("s1", "u_17", 9.0, 4)
    assert (one["errors"], one["clicks"], one["inputs"], one["navigations"]) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hasError=true", ["failed"]),
        ("hasError=false", ["long", "short"]),
        ("url=PAY", ["failed"]),
        ("url=%25", []),
        ("userId=u1", ["long"]),
        ("minDuration=60", ["long"]),
        ("from=2026-03-31T23:34:00Z", ["long"]),
        ("to=2026-03-31T23:34:00Z", ["failed", "short"]),
        ("perPage=1&page=2", ["failed"]),
    ],
)
async def test_the_list_can_be_filtered(home: Console, query: str, found: list[str]) -> None:
    await send(home, "short", event(FIRST))
    await send(home, "failed", event(FIRST + 1000, "error", "https://shop.example/pay"))
    await send(home, "long", event(FIRST), event(FIRST + 90_000, user_id="u1"))

    assert [each["fingerprint"] for each in (await home.get(f"/sessions?{query}"))["items"]] == found


@pytest.mark.parametrize("query", ["hasError=1", "minDuration=-1", "from=yesterday", "perPage=0", "hasErorr=true"])
async def test_a_filter_that_breaks_a_rule_is_named(home: Console, query: str) -> None:
    answer = await home.call("GET", f"/sessions?{query}")

    assert answer.status == 422
    assert query.split("=")[0] in answer.json["error"]["details"]


async def test_clocks_that_are_years_off_are_shown_as_they_are(home: Console) -> None:
    await send(home, "odd", event(-(2**62)), event(2**62), event(0), event(None))

    listed = (await home.get("/sessions"))["items"][0]
    replay = await home.get("/replay/odd")

    assert listed["totalEvents"] == replay["totalEvents"] == 4
    assert listed["receivedAt"] == "2026-03-31T23:33:20.000Z"
