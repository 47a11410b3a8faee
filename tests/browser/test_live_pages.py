"""Open pages follow what happens, whichever they are; bars tell of their slots and ticks."""

import asyncio
from typing import Any

from playwright.async_api import Page, expect

from seestackd.core.alerts import Routing
from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys
from tests.browser.browser import Chromium
from tests.pages.conftest import House

SECRET, OTHER = make_secret(b"\x05" * 32), make_secret(b"\x06" * 32)
URL = "/ping/" + "p" * 22


async def turn(page: Page, path: str) -> Page:
    """Open a page and wait until its one stream is there; a browser takes six streams of a host at a time."""
    await page.goto(path)
    await expect(page.locator("#pulse")).to_have_text("live")
    return page


async def test_open_pages_follow_what_happens(chromium: Chromium, open_house: House) -> None:
    open_house.runner.route(Routing(default_channels=("ops",)))
    await open_house.runner.run(keys.create, keys.CreateKey(open_house.project_id, "web", Scope.INGEST, SECRET))

    loop = asyncio.get_running_loop()

    async def open_house_runs(operation: Any, command: Any) -> None:
        running = asyncio.run_coroutine_threadsafe(open_house.runner.run(operation, command), loop)
        await asyncio.wrap_future(running)

    async def journey() -> None:
        async with chromium.page(open_house.url) as page:
            log, alerts, lanes = [
                await turn(await page.context.new_page(), path) for path in ("/i", "/i?alerts=all", "/timeline")
            ]
            await log.locator("input[name=monitor]").fill("half typed")
            assert (await page.request.post(f"{URL}/1")).ok
            await expect(log.locator("#found")).to_contain_text("Failed", timeout=2_000)
            assert (await log.title()).startswith("(1) Incidents")
            await expect(log.locator("input[name=monitor]")).to_have_value("half typed")
            await expect(alerts.locator("#found")).to_contain_text("on its way", timeout=2_000)
            await expect(lanes.locator(".lane")).to_have_attribute("aria-label", "1 failed", timeout=2_000)

            sums, settings = await turn(alerts, "/http"), await turn(log, "/settings")
            await settings.get_by_label("New key").fill("half typed")
            request = {"direction": "inbound", "method": "GET", "host": "shop.example", "path": "/cart",
                       "statusCode": 200, "durationMs": 3, "timestamp": "2026-03-31T23:33:20Z",
                       "traceId": "t1"}  # fmt: skip
            sent = await page.request.post(
                "/ingest/v1/http-requests", data={"requests": [request]}, headers={"X-SeeStack-Key": SECRET}
            )
            assert sent.status == 202
            await expect(sums.locator("#found")).to_contain_text("/cart", timeout=2_000)
            await open_house_runs(keys.create, keys.CreateKey(open_house.project_id, "another", Scope.READ, OTHER))
            await expect(settings.locator("#list-keys")).to_contain_text("another", timeout=2_000)
            await expect(settings.get_by_label("New key")).to_have_value("half typed")

            await turn(page, "/")
            await page.bring_to_front()
            await page.locator("svg.bar path").hover()
            await expect(page.get_by_role("tooltip")).to_contain_text("Failed · ")
            await lanes.bring_to_front()
            await lanes.locator(".lane path").hover()
            await expect(lanes.get_by_role("tooltip")).to_contain_text("Failed · ")
            await lanes.mouse.move(1, 1)
            await expect(lanes.get_by_role("tooltip")).to_be_hidden()

    await chromium.go(journey())
