"""The stream of server-sent events that keeps an open page up to date."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from seestackd.core.events import AlertSettled, IncidentChanged
from seestackd.core.monitor import new_monitor
from seestackd.core.pings import PingKind
from seestackd.core.telemetry import HttpRequest
from seestackd.operations import incidents, monitors, telemetry
from seestackd.store.interface import Transaction
from tests.pages.conftest import House
from tests.pages.test_monitors import ping


@asynccontextmanager
async def stream(house: House, query: str = "") -> AsyncIterator[aiohttp.ClientResponse]:
    async with house.session.get(f"{house.url}/live{query}") as answer:
        assert answer.status == 200
        assert await answer.content.readuntil(b"\n\n") == b"retry: 3000\n: this page is live\n\n"
        yield answer


async def events(answer: aiohttp.ClientResponse, count: int) -> dict[str, str]:
    """The next events by their names."""
    found = {}
    async with asyncio.timeout(5):
        while len(found) < count:
            head, *data = (await answer.content.readuntil(b"\n\n")).decode().strip().split("\n")
            found[head.removeprefix("event: ")] = "\n".join(line.removeprefix("data: ") for line in data)
    return found


async def test_a_stream_begins_at_once_and_no_proxy_may_hold_it_back(open_house: House) -> None:
    async with stream(open_house) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_change_comes_as_rows_within_a_second(open_house: House) -> None:
    async with stream(open_house, "?rows=1") as answer:
        await ping(open_house, "nightly", PingKind.FAILED)
        async with asyncio.timeout(1):
            told = await events(answer, 3)

    assert 'data-state="failed"' in told["rows"]
    assert 'data-title="(1) Monitors' in told["rows"]
    assert told.keys() == {"rows", "monitors", "incidents"}


async def test_a_storm_of_reports_is_one_message_a_second(open_house: House) -> None:
    await ping(open_house, "nightly")
    async with stream(open_house, "?rows=1") as answer:
        for _ in range(50):
            await ping(open_house, "nightly")
        first = await events(answer, 2)
        later = asyncio.create_task(answer.content.readuntil(b"\n\n"))
        await asyncio.sleep(0.5)

        assert first["rows"].count("<tr id=") == 1
        assert not later.done()
        later.cancel()
        await asyncio.wait([later])


async def test_the_page_of_a_monitor_hears_of_its_own_alone(open_house: House) -> None:
    other = await open_house.add(new_monitor("other", "1d"))
    for slug in ("nightly", "other"):
        await ping(open_house, slug)
    async with stream(open_house, f"?monitor={other.id}") as answer:
        await ping(open_house, "nightly")
        mine = await events(answer, 1)
        await ping(open_house, "other")
        both = await events(answer, 2)

    assert mine.keys() == {"monitors"}
    assert both.keys() == {"monitor", "monitors"}


async def test_what_somebody_did_elsewhere_reaches_open_pages(open_house: House) -> None:
    """`seestackd incident ack` and the API change no status, and pages show it all the same."""
    project = open_house.project_id
    await ping(open_house, "nightly", PingKind.FAILED)
    monitor = await open_house.runner.read(lambda tx, _, at: tx.monitors.by_slug(project, "nightly"), None)
    async with stream(open_house, f"?monitor={monitor.id}") as answer:
        await open_house.runner.run(incidents.acknowledge, incidents.AckIncident(1, "anna"))
        acked = await events(answer, 3)
        await open_house.runner.run(monitors.pause, monitors.PauseMonitor(project, "nightly"))
        paused = await events(answer, 3)

    assert acked.keys() == paused.keys() == {"monitor", "monitors", "incidents"}


async def test_a_stream_needs_a_login(locked: House) -> None:
    assert (await locked.get("/live")).status == 401


async def test_incidents_of_rules_settled_alerts_and_requests_reach_open_pages(open_house: House) -> None:
    project = open_house.project_id
    request = HttpRequest(open_house.clock.at, "t", True, "GET", "shop.example", "/", 200, 5, 1, 1, False, None, None)

    def note(tx: Transaction, change: object, at: int) -> None:
        tx.announce(change)

    async with stream(open_house) as answer:
        await open_house.runner.run(note, IncidentChanged(project))
        by_rule = await events(answer, 1)
        await open_house.runner.run(note, AlertSettled("ops"))
        settled = await events(answer, 1)
        await open_house.runner.run(telemetry.store, telemetry.StoreRequests(project + 1, (request,)))
        await open_house.runner.run(telemetry.store, telemetry.StoreRequests(project, (request,)))
        stored = await events(answer, 1)

    assert by_rule.keys() == settled.keys() == {"incidents"}
    assert stored.keys() == {"requests"}
