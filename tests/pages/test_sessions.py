"""The pages of sessions, whatever browsers have sent."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from seestackd.core.masking import mask_events
from seestackd.core.replay import ReplayEvent, pack
from seestackd.operations import replay
from tests.pages.conftest import NOW, House

EVIL = "<script>alert(1)</script></script><img src=x onerror=alert(1)>"


async def store(house: House, fingerprint: str, *events: ReplayEvent, session: str = "[REDACTED]") -> None:
    masked = [
        event._replace(data=data) for event, data in zip(events, mask_events([e.data for e in events]), strict=True)
    ]
    command = replay.StoreReplay(house.project_id, fingerprint, session, pack(masked))
    await house.runner.run(replay.store, command)


def event(
    at: int | None, kind: str = "click", url: str | None = "https://shop.example/cart", **data: Any
) -> ReplayEvent:
    return ReplayEvent(None if at is None else NOW + at, kind, json.dumps(data or {"selector": "#buy"}), url)


async def test_a_list_without_sessions_says_how_they_come(open_house: House) -> None:
    page = await open_house.get("/sessions")

    assert page.status == 200
    assert "/ingest/v1/replay" in page.text


async def test_the_list_shows_each_session_with_its_activity(open_house: House) -> None:
    await store(open_house, "s_8af", event(0, userId="u_17"), event(9_000, "jsError", "https://shop.example/pay"))

    page = (await open_house.get("/sessions")).text

    for text in (
        "s_8af",
        "u_17",
        "https://shop.example/cart",
        "https://shop.example/pay",
        "2 events",
        "1 error",
        "<rect",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("errors=1", {"bad"}),
        ("url=PAY", {"bad"}),
        ("user=u1", {"long"}),
        ("least=60", {"long"}),
        ("least=x", {"bad", "long"}),
    ],
)
async def test_the_list_can_be_filtered(open_house: House, query: str, found: set[str]) -> None:
    await store(open_house, "bad", event(0, "error", "https://shop.example/pay"))
    await store(open_house, "long", event(0), event(90_000, userId="u1"))

    page = (await open_house.get(f"/sessions?{query}")).text

    assert {name for name in ("bad", "long") if f"/sessions/{name}" in page} == found


async def test_a_session_is_a_table_of_what_happened(open_house: House) -> None:
    await store(
        open_house, "s1", event(12_300, "network_request", method="POST", path="/payments", status=500),
        event(0, "navigation", url="https://shop.example/cart"), event(0, "navigation", url="https://shop.example/cart"),
        event(16_000, "error", message="TypeError: x is null"),
    )  # fmt: skip

    page = (await open_house.get("/sessions/s1")).text

    assert (
        page.index("https://shop.example/cart") < page.index("POST /payments 500") < page.index("TypeError: x is null")
    )
    assert "×2" in page
    assert "#t=12.300" in page


@pytest.mark.parametrize(
    "events",
    [
        [ReplayEvent(NOW, "click", "not JSON {", None), ReplayEvent(None, "", "[[[[", "")],
        [ReplayEvent(-(2**63), "click", "{}", None), ReplayEvent(2**63 - 1, "error", "1e999", None)],
        [ReplayEvent(NOW, EVIL, json.dumps({"selector": EVIL, "x": "1", "y": None}), EVIL)],
        [
            ReplayEvent(
                NOW, "snapshot", json.dumps({"tree": {"rect": [0, 0, 9e99, 5], "text": EVIL}, "title": EVIL}), None
            )
        ],
        [
            ReplayEvent(
                NOW, "snapshot", '{"viewport":[1],"tree":[{"rect":{"x":"a"}},{"x":1,"y":2,"w":-1,"h":3},7,null]}', None
            )
        ],
        [ReplayEvent(NOW, "snapshot", '{"tree":' + '{"children":[' * 900 + "]}" * 900 + "}", None)],
        [
            ReplayEvent(NOW, "x", '{"type":3,"timestamp":1,"data":{"source":2}}', None),
            ReplayEvent(NOW, "rrweb", '{"type":1e30,"timestamp":0}', None),
        ],
        [ReplayEvent(NOW + at, "click", '{"x":1,"y":2}', None) for at in range(5_000)],
    ],
    ids=[
        "no JSON",
        "clocks",
        "hostile",
        "hostile snapshot",
        "odd snapshot",
        "deep",
        "rrweb",
        "5,000",
    ],
)
async def test_every_session_can_be_shown(open_house: House, events: list[ReplayEvent]) -> None:
    await store(open_house, f"odd/{EVIL}", *events)

    listed = await open_house.get("/sessions")
    shown = await open_house.get(f"/sessions/{quote(f'odd/{EVIL}', safe='')}")

    assert (listed.status, shown.status) == (200, 200)
    assert quote(f"odd/{EVIL}", safe="") in listed.text.replace("%3C", "%3C")
    for page in (listed, shown):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    data = shown.text.split('id="session-data">')[1].split("</script>")[0]
    assert len(json.loads(data)["events"]) == len(events)


async def test_events_of_rrweb_are_called_what_they_are(open_house: House) -> None:
    await store(open_house, "rr", ReplayEvent(NOW, "rrweb", '{"type":3,"timestamp":1,"data":{"source":2,"x":5}}', None))

    page = (await open_house.get("/sessions/rr")).text

    assert "rrweb mouse" in page
    assert "not drawn" in page


async def test_a_session_that_nobody_knows_is_not_found(open_house: House) -> None:
    assert (await open_house.get("/sessions/nobody")).status == 404


async def test_nobody_sees_sessions_who_is_not_logged_in(locked: House) -> None:
    for path in ("/sessions", "/sessions/s1"):
        assert (await locked.get(path)).status == 303


async def test_a_long_session_is_shown_in_parts(open_house: House) -> None:
    events = [event(number, "console", None, message=f"line {number}") for number in range(5_002)]
    await store(open_house, "long/one", *events[:5_000])
    await store(open_house, "long/one", *events[5_000:])

    first, last = [(await open_house.get(f"/sessions/long%2Fone{query}")).text for query in ("", "?page=2")]

    assert "line 4999" in first
    assert "line 5000" not in first
    assert "Part 1 of 2" in first
    assert 'rel="next" href="/sessions/long%2Fone?page=2"' in first
    assert "line 4999" not in last
    assert "line 5001" in last
    assert (await open_house.get("/sessions/long%2Fone?page=9")).status == 200
