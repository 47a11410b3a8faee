"""Logging in and out in a real browser, with and without scripts, and after a session has ended."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.browser import Chromium
from tests.pages.conftest import PASSWORD, House

MONTH_MS = 31 * 86_400_000


async def log_in(page: Page) -> None:
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_whoever_logs_in_comes_to_the_page_they_wanted(chromium: Chromium, locked: House, scripts: bool) -> None:
    async def journey() -> None:
        async with chromium.page(locked.url, java_script_enabled=scripts, accepted=("401",)) as page:
            await page.goto("/?state=paused&q=a%26b")
            await page.get_by_label("Password").fill("not it")
            await page.get_by_role("button", name="Log in").click()
            await expect(page.locator("main")).to_contain_text("This is not the password")
            await log_in(page)
            await expect(page).to_have_url(f"{locked.url}/?state=paused&q=a%26b")
            await page.get_by_label("Preferences").click()
            await page.get_by_label("Theme").select_option("dark")
            await page.get_by_role("button", name="Save").click()
            await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            await expect(page).to_have_url(f"{locked.url}/?state=paused&q=a%26b")
            await page.get_by_label("Preferences").click()
            await page.get_by_role("button", name="Log out").click()
            await expect(page).to_have_url(f"{locked.url}/login")
            await page.goto("/m/nightly")
            await expect(page.get_by_label("Password")).to_be_visible()

    await chromium.go(journey())


async def test_an_ended_session_leads_to_the_login_and_back(chromium: Chromium, locked: House) -> None:
    async def journey() -> None:
        # A stream or a button of a page that was left open is refused, and a browser says so in its console.
        async with chromium.page(locked.url, accepted=("401", "[object Event]")) as page:
            await page.goto("/m/nightly?show=trouble")
            await log_in(page)
            await expect(page.locator("#pulse")).to_have_text("live")
            locked.clock.at += MONTH_MS
            await page.get_by_role("button", name="Pause").click()
            await expect(page.locator("h1")).to_contain_text("Your session has ended")
            await page.get_by_role("link", name="Log in").click()
            await log_in(page)
            await expect(page).to_have_url(f"{locked.url}/m/nightly")
            await page.goto("/m/nightly?show=trouble")
            await expect(page.locator("#pulse")).to_have_text("live")
            locked.clock.at += MONTH_MS
            # What a page asks for when it is live leads there as well.
            assert (await page.request.post(f"/ping/{'p' * 22}")).ok
            await log_in(page)
            await expect(page).to_have_url(f"{locked.url}/m/nightly?show=trouble")

    await chromium.go(journey())
