"""A real page records itself in Chromium, and the player plays what it sent, under a strict policy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys
from seestackd.web.server import WebSettings, bind
from tests.pages.conftest import House, house

CHROMIUM = "/usr/bin/chromium"
SECRET = make_secret(b"\x05" * 32)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


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


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def record(browser: Browser, origin: str, daemon: House) -> None:
    """Fill in the shop's form and send what was recorded."""
    page = await browser.new_page(viewport={"width": 900, "height": 700})
    await page.goto(f"{origin}/?key={SECRET}&to={daemon.url}")
    await page.fill("#name", "Kim")
    await page.fill("#password", "hunter2-canary")
    await page.fill("#card", "4111 1111 1111 1111")
    await page.click("#pay")
    await asyncio.sleep(0.1)
    assert await page.evaluate("window.send()") == 202
    await page.close()


def watched(page: Page) -> list[str]:
    """Collect what the page complains of."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


async def boxes(page: Page) -> Any:
    return await page.evaluate("[...document.querySelectorAll('#screen text')].map((each) => each.textContent)")


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium: apt-get install chromium")
async def test_a_session_recorded_in_a_browser_is_played_in_one(tmp_path: Path) -> None:
    async with shop() as origin, house(tmp_path, WebSettings(cors_origins=(origin,))) as daemon, chromium() as browser:
        await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "web", Scope.INGEST, SECRET))
        await record(browser, origin, daemon)
        page = await browser.new_page()
        complaints = watched(page)
        await page.add_init_script(
            "window.refused = []; addEventListener('securitypolicyviolation', (e) => refused.push(e.violatedDirective))"
        )
        await page.goto(f"{daemon.url}/sessions?errors=1")
        await page.click("a:has-text('browser-1')")

        assert await page.is_visible("#player")
        html = await page.content()
        assert "hunter2" not in html
        assert "4111 1111" not in html
        assert "Pay 33.00" in await boxes(page)
        assert "Layout as of 0.0 s, 0 DOM changes since" in (await page.text_content("#age") or "")

        await page.click("#next-error")
        assert "TypeError: cart is undefined" in (await page.text_content("tr.now") or "")
        link = await page.get_attribute("#here", "href")
        assert await page.evaluate("document.querySelectorAll('.track[data-lane=\"5\"] i.failed').length") == 1

        await page.goto(f"{daemon.url}/sessions/browser-1#t=0.0")
        await page.reload()
        await page.select_option("#speed", "8")
        await page.click("#play")
        await page.wait_for_selector("#play[aria-label=Play]", timeout=10_000)
        assert "0 DOM changes" not in (await page.text_content("#age") or "")
        await page.goto(f"{daemon.url}/sessions/browser-1{link}")
        await page.wait_for_selector("tr.now:has-text('TypeError')", timeout=10_000)

        assert await page.evaluate("window.refused") == []
        assert complaints == []


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium: apt-get install chromium")
async def test_without_scripts_a_session_is_a_table(tmp_path: Path) -> None:
    async with shop() as origin, house(tmp_path, WebSettings(cors_origins=(origin,))) as daemon, chromium() as browser:
        await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "web", Scope.INGEST, SECRET))
        await record(browser, origin, daemon)
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{daemon.url}/sessions/browser-1")

        assert not await page.is_visible("#player")
        assert "TypeError: cart is undefined" in await page.inner_text("#events")
