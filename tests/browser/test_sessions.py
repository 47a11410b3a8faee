"""A real page records itself in Chromium, and the player plays what it sent, under a strict policy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page, expect

from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys
from seestackd.web.server import WebSettings, bind
from tests.browser.browser import Chromium
from tests.pages.conftest import house

SECRET = make_secret(b"\x05" * 32)


@asynccontextmanager
async def shop() -> AsyncIterator[str]:
    """Serve the page that records itself; yields its origin."""

    async def page(request: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("recorder.html"))

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = bind("127.0.0.1", 0)
    await web.SockSite(runner, listener).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


async def record(chromium: Chromium, origin: str, to: str) -> None:
    """Fill in the shop's form and send what was recorded."""
    async with chromium.page(origin, width=900, height=700, accepted=(f"asks {to}",)) as page:
        await page.goto(f"/?key={SECRET}&to={to}")
        await page.fill("#name", "Kim")
        await page.fill("#password", "hunter2-canary")
        await page.fill("#card", "4111 1111 1111 1111")
        await page.click("#pay")
        await asyncio.sleep(0.1)
        assert await page.evaluate("window.send()") == 202


async def boxes(page: Page) -> Any:
    return await page.evaluate("[...document.querySelectorAll('#screen text')].map((each) => each.textContent)")


async def test_a_session_recorded_in_a_browser_is_played_in_one(tmp_path: Path, chromium: Chromium) -> None:
    async def journey(origin: str, url: str) -> None:
        await record(chromium, origin, url)
        async with chromium.page(url) as page:
            await page.goto("/sessions?errors=1")
            await page.click("a:has-text('browser-1')")

            await expect(page.locator("#player")).to_be_visible()
            html = await page.content()
            assert "hunter2" not in html
            assert "4111 1111" not in html
            assert "Pay 33.00" in await boxes(page)
            assert "Layout as of 0.0 s, 0 DOM changes since" in (await page.text_content("#age") or "")

            await page.click("#next-error")
            assert "TypeError: cart is undefined" in (await page.text_content("tr.now") or "")
            link = await page.get_attribute("#here", "href")
            assert await page.evaluate("document.querySelectorAll('.track[data-lane=\"5\"] i.failed').length") == 1

            await page.goto("/sessions/browser-1#t=0.0")
            await page.reload()
            await page.select_option("#speed", "8")
            await page.click("#play")
            await page.wait_for_selector("#play[aria-label=Play]", timeout=10_000)
            assert "0 DOM changes" not in (await page.text_content("#age") or "")
            await page.goto(f"/sessions/browser-1{link}")
            await page.wait_for_selector("tr.now:has-text('TypeError')", timeout=10_000)
        async with chromium.page(url, java_script_enabled=False) as page:
            await page.goto("/sessions/browser-1")
            assert not await page.is_visible("#player"), "without scripts it is a table"
            assert "TypeError: cart is undefined" in await page.inner_text("#events")

    async with shop() as origin, house(tmp_path, WebSettings(cors_origins=(origin,))) as daemon:
        await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "web", Scope.INGEST, SECRET))
        await chromium.go(journey(origin, daemon.url))
