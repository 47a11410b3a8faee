"""The pages of HTTP requests, whatever programs have sent."""

import re
from urllib.parse import quote

import pytest

from seestackd.core.keys import Scope, make_secret
from seestackd.core.monitor import HOUR_MS, MINUTE_MS
from seestackd.core.pings import PingKind
from seestackd.core.telemetry import HttpRequest
from seestackd.operations import keys, telemetry
from seestackd.operations.pings import RecordPing, record
from seestackd.web.pages.wording import iso
from tests import published
from tests.pages.conftest import NOW, House
from tests.pages.test_projects import second

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def request(status: int = 200, ago: int = MINUTE_MS, **said: object) -> HttpRequest:
    plain = HttpRequest(
        NOW - ago, TRACE, False, "GET", "shop.example", "/api/orders/17", status, 40, 120, 2_500, False, None, None
    )
    return plain._replace(**said)  # type: ignore[arg-type]


async def store(house: House, *requests: HttpRequest) -> None:
    await house.runner.run(telemetry.store, telemetry.StoreRequests(house.project_id, requests))


async def test_a_page_without_requests_says_how_they_come(open_house: House) -> None:
    page = await open_house.get("/http")

    assert page.status == 200
    assert "/ingest/v1/http-requests" in page.text


async def test_tiles_keep_4xx_5xx_and_silence_apart_and_say_of_how_many(open_house: House) -> None:
    await store(open_house, *[request()] * 5, request(404), request(500), request(0, outbound=True))

    page = (await open_house.get("/http?range=1h")).text

    assert page.count("12.50 %</span> <small>1 of 8</small>") == 3
    assert "↙ 7 in · ↗ 1 out" in page
    assert page.count("<small>of 8</small>") == 3
    assert "8 requests, 8 a minute: 1 5xx, 1 no answer, 1 4xx, 5 2xx" in page
    assert "p95 40 ms of 8 requests" in page


async def test_endpoints_are_grouped_and_link_to_their_requests(open_house: House) -> None:
    await store(open_house, request(), request(path="/api/orders/18"), request(500, path="/pay"))

    page = (await open_house.get("/http?show=endpoints")).text

    assert "/api/orders/:id" in page
    assert "100.00 %</span> <small>1 of 1</small>" in page
    assert "path=%2Fapi%2Forders%2F%3Aid" in page
    assert "/api/orders/18" in (await open_house.get("/http?path=/api/orders/:id&method=get")).text


async def test_the_worst_host_comes_first_also_when_it_never_answers(open_house: House) -> None:
    def asked(status: int, host: str) -> HttpRequest:
        return request(status, outbound=True, host=host)

    await store(
        open_house, *[asked(0, "dead.example")] * 3, *[asked(500, "bad.example")] * 2, *[asked(200, "good.example")] * 9
    )

    page = (await open_house.get("/http?show=hosts")).text

    assert page.index("dead.example</bdi>") < page.index("bad.example</bdi>") < page.index("good.example</bdi>")
    assert "shop.example" not in page


FILTERED = (
    ("direction=outbound", {"/out"}),
    ("method=post", {"/out"}),
    ("status=4xx", {"/lost"}),
    ("status=none", {"/out"}),
    ("host=psp.example", {"/out"}),
    ("path=LOS", {"/lost"}),
    ("user=u_17", {"/lost"}),
    ("range=1h", {"/out", "/lost"}),
    ("range=7d", {"/out", "/lost", "/old"}),
    ("status=%3Cb%3E&direction=x&range=9y&show=x&page=-1", {"/out", "/lost"}),
)


async def test_the_list_can_be_filtered(open_house: House) -> None:
    await store(
        open_house, request(0, outbound=True, method="POST", host="psp.example", path="/out"),
        request(404, path="/lost", user_id="u_17"), request(ago=30 * HOUR_MS, path="/old"),
    )  # fmt: skip

    for query, found in FILTERED:
        page = (await open_house.get(f"/http?{query}")).text
        shown = {path for path in ("/out", "/lost", "/old") if f'<span class="path">{path}</span>' in page}
        assert (query, shown) == (query, found)


async def test_a_long_list_has_pages_that_keep_the_filters(open_house: House) -> None:
    await store(open_house, *[request(path=f"/n{number}x", ago=number) for number in range(1, 121)])

    page = (await open_house.get("/http?range=1h&page=2&host=shop.example")).text

    assert "/n51x" in page
    assert "/n50x" not in page
    assert "host=shop.example&amp;range=1h&amp;page=3" in page


async def test_a_trace_is_drawn_on_one_clock(open_house: House) -> None:
    await store(
        open_house, request(500, ago=1_000, duration_ms=400, path="/pay"),
        request(502, ago=900, duration_ms=200, outbound=True, host="psp.example", path="/charge"),
    )  # fmt: skip

    page = (await open_house.get(f"/http/trace/{TRACE}")).text

    assert page.index("/pay") < page.index("/charge")
    assert 'd="M0 2h1000v10h-1000z"' in page
    assert 'd="M250 2h500v10h-500z"' in page
    assert "+100 ms" in page


async def test_a_request_stands_below_the_one_it_was_made_within(open_house: House) -> None:
    await store(
        open_house, request(path="/pay", span_id="00f067aa0ba902b7"), request(path="/next", ago=MINUTE_MS - 1),
        request(path="/charge", ago=MINUTE_MS - 2, outbound=True, parent_span_id="00f067aa0ba902b7"),
    )  # fmt: skip

    page = (await open_house.get(f"/http/trace/{TRACE}")).text

    assert page.index("/pay") < page.index("/charge") < page.index("/next")
    assert re.findall(r'<tr class="(.*?)">', page) == ["within-1"]


@pytest.mark.parametrize(
    "requests",
    [
        [request(ago=5, span_id=span, parent_span_id=parent) for span, parent in ("ab", "bc", "ca", "dd", "ag", "ab")],
        [request(span_id=EVIL * 9, parent_span_id="\0"), request(span_id="", parent_span_id="")],
        [request(duration_ms=-5), request(duration_ms=2**62), request(duration_ms=0)],
        [request(ago=2**62), request(), request(ago=-(2**62)), request(ago=-(10**12))],
        [request(-1), request(2**40), request(999, request_size=2**62, response_size=-1)],
        [request(path=f"/{EVIL}", host=EVIL, method=EVIL, user_id=EVIL, error_fingerprint=EVIL)],
        [request(path="/" + "w" * 60_000, host="h" * 60_000), request(host="", path="", method="")],
        [request(path="/\x1b[31m\u202e\ud7ff\0", user_id="\u202e")],
        [request(ago=number) for number in range(1_000)],
    ],
    ids=["cycles", "odd spans", "durations", "clocks", "numbers", "markup", "long", "control", "1,000"],
)
async def test_every_request_and_trace_can_be_shown(open_house: House, requests: list[HttpRequest]) -> None:
    await store(open_house, *[each._replace(trace_id=f"a/{EVIL}") for each in requests])

    shown = [
        await open_house.get(path)
        for path in ("/http", "/http?show=endpoints", "/http?show=hosts", f"/http/trace/{quote(f'a/{EVIL}', safe='')}")
    ]

    assert [page.status for page in shown] == [200] * 4
    for page in shown:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text


async def test_a_clock_that_is_years_off_squeezes_nobody_else(open_house: House) -> None:
    year = 365 * 24 * HOUR_MS
    await store(
        open_house, request(ago=1_000, duration_ms=100), request(ago=3 * year, path="/past"),
        request(ago=900, duration_ms=2**40, path="/long"),
    )  # fmt: skip

    page = (await open_house.get(f"/http/trace/{TRACE}")).text

    assert 'd="M0 2h1000v10h-1000z"' in page
    assert "1094 d before: its client" in page
    assert "longer than the scale" in page


async def test_a_trace_that_nobody_knows_is_not_found(open_house: House) -> None:
    assert (await open_house.get("/http/trace/nobody")).status == 404


async def test_nobody_sees_requests_who_is_not_logged_in(locked: House) -> None:
    for path in ("/http", f"/http/trace/{TRACE}"):
        assert (await locked.get(path)).status == 303


async def test_a_monitor_shows_the_requests_of_its_runs(open_house: House) -> None:
    def ping(kind: str, trace: str | None) -> RecordPing:
        return RecordPing(open_house.project_id, "nightly", PingKind(kind), trace_id=trace)

    await open_house.runner.run(record, ping("success", None))
    assert "HTTP requests of runs" not in (await open_house.get("/m/nightly")).text
    await open_house.runner.run(record, ping("failed", TRACE))
    await store(
        open_house, request(duration_ms=900, outbound=True, host="slow.example"),
        request(502, outbound=True, host=f"psp.example{EVIL}", path="/charge"),
    )  # fmt: skip

    page = (await open_house.get("/m/nightly")).text

    shown = page.split("HTTP requests of runs", 1)[1]
    assert "slow.example</bdi> 900 ms" in shown
    assert shown.index("502") < shown.index('<span class="path">/charge</span>')
    assert f"/http/trace/{TRACE}" in shown
    assert "<script>alert" not in page


CLIENT = f"""
for number in range(3):
    allstak.http.record(
        direction="outbound", method="POST", host="psp.example", path=f"/charge/{{number}}?card=4111111111111111",
        status_code=502, duration_ms=301, trace_id="{TRACE}", user_id="u_17", timestamp="{iso(NOW - MINUTE_MS)}",
        span_id=str(number), parent_span_id=str((number + 1) % 3),
    )
"""


async def test_what_the_published_client_sends_stands_on_the_page(open_house: House) -> None:
    secret = make_secret(b"\x09" * 32)
    await open_house.runner.run(keys.create, keys.CreateKey(open_house.project_id, "shop", Scope.INGEST, secret))

    await published.send(CLIENT, secret, open_house.url)

    page = (await open_house.get("/http?range=1h&status=5xx&user=u_17")).text
    assert [page.count(f'<span class="path">/charge/{number}') for number in range(3)] == [1, 1, 1]
    assert "100.00 %</span> <small>3 of 3</small>" in page
    assert "4111111111111111" not in page
    # Spans that name one another in a circle are requests like any others.
    assert (await open_house.get(f"/http/trace/{TRACE}")).text.count("psp.example") == 4


async def test_links_name_the_project_that_is_shown(open_house: House) -> None:
    await second(open_house)
    await store(open_house, request())

    for show in ("requests", "endpoints"):
        page = (await open_house.get(f"/http?show={show}&project=default")).text
        links = [link for link in re.findall(r'href="([^"]+)"', page) if link.startswith("/http")]
        assert all(link.count("?") == 1 and link.endswith("project=default") for link in links), links
        assert len(links) > 7
    assert "/api/orders" not in (await open_house.get("/http?project=shop")).text
    assert (await open_house.get(f"/http/trace/{TRACE}?project=shop")).status == 404
