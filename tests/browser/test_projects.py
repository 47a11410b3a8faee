"""The menu of projects in a real browser, on a desk and on a telephone."""

from playwright.async_api import expect

from tests.browser.browser import Chromium
from tests.pages.conftest import House
from tests.pages.test_projects import second


async def test_the_menu_turns_to_another_project_and_stays_there(chromium: Chromium, open_house: House) -> None:
    await second(open_house)
    secret = ("orders" * 22)[1:23]

    async def journey(width: int, word: str) -> None:
        async with chromium.page(open_house.url, width=width) as page:
            await page.goto("/")
            await expect(page.locator("#rows")).not_to_contain_text("orders of the shop")
            await page.locator(".projects summary").click()
            await page.get_by_role("link", name="The <Shop>").click()
            await expect(page.locator("#rows")).to_contain_text("orders of the shop")
            await expect(page.locator("#pulse")).to_have_text("live")
            url = f"/ping/{secret}"
            assert (await page.request.post(f"{url}/1" if word == "Failed" else url)).ok
            await expect(page.locator("tr[id]", has_text="orders")).to_contain_text(word, timeout=2_000)
            await page.get_by_role("link", name="nightly of the shop").click()
            await page.get_by_role("button", name="Pause").click()
            await expect(page.locator("h1")).to_contain_text("Paused")
            await page.get_by_role("button", name="Resume").click()
            await expect(page.locator("h1")).not_to_contain_text("Paused")
            await page.get_by_role("link", name="Incidents").click()
            await expect(page.locator(".projects summary")).to_contain_text("The <Shop>")
            await page.locator(".projects summary").click()
            await page.get_by_role("link", name="default").click()
            await expect(page.locator("#rows")).not_to_contain_text("of the shop")
            over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0

    await chromium.go(journey(1280, "Failed"))
    await chromium.go(journey(390, "Ok"))
