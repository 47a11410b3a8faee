"""Journeys of a person with a real browser and a real daemon."""

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.browser import Chromium
from tests.journeys.daemon import Daemon, curl

QUICK = "[judge]\nsettle = '0s'\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("browser"), QUICK) as running:
        yield running


def test_a_job_is_added_pinged_missed_acknowledged_and_recovers_before_ones_eyes(
    chromium: Chromium, daemon: Daemon
) -> None:
    async def journey() -> None:
        async with chromium.page(daemon.url) as page:
            await page.goto("/")
            await page.get_by_role("link", name="Add monitor").click()
            await page.get_by_label("Slug").fill("quick")
            await page.get_by_label("Schedule", exact=True).fill("2s")
            await expect(page.locator("#preview")).to_contain_text("every 2 seconds")
            await page.get_by_label("Grace").fill("1s")
            await page.get_by_role("button", name="Add it").click()
            await expect(page.get_by_role("heading", level=1)).to_contain_text("quick")
            line = await page.locator("#snippet-1").inner_text()
            url = line.split()[-1].removesuffix("/$?")

            listed = await page.context.new_page()
            await listed.goto("/")
            await expect(listed.locator("#pulse")).to_have_text("live")
            row = listed.locator("tr[id]", has_text="quick")
            await expect(row).to_contain_text("Waiting")
            assert curl(url).returncode == 0
            await expect(row).to_contain_text("Ok", timeout=1_500)
            await expect(page.locator("h1")).to_contain_text("Ok")

            await expect(row).to_contain_text("Missed", timeout=8_000)
            assert (await listed.title()).startswith("(1) ")
            assert "icon-bad" in (await listed.locator("#favicon").get_attribute("href") or "")
            await expect(page.locator("h1")).to_contain_text("Missed", timeout=2_000)
            await page.bring_to_front()
            await page.get_by_role("button", name="Acknowledge").click()
            await expect(page.locator("main")).to_contain_text("acknowledged by")

            assert curl(url).returncode == 0
            await expect(row).to_contain_text("Ok", timeout=1_500)
            assert not (await listed.title()).startswith("(")
            await page.get_by_role("button", name="Pause").click()
            await expect(page.locator("h1")).to_contain_text("Paused")

    chromium.run(journey())


def test_keys_move_and_open_and_can_be_switched_off(chromium: Chromium, daemon: Daemon) -> None:
    daemon.cli("monitor", "add", "by-key", "--schedule", "1d")

    async def journey() -> None:
        async with chromium.page(daemon.url) as page:
            await page.goto("/?q=by-key")
            await page.keyboard.press("j")
            await page.keyboard.press("Enter")
            await expect(page.locator("h1")).to_contain_text("by-key")
            # A page shows its words before its script listens for keys.
            await page.wait_for_load_state()
            await page.keyboard.press("g")
            await page.keyboard.press("i")
            await expect(page).to_have_url(f"{daemon.url}/i")
            await page.wait_for_load_state()
            await page.keyboard.press("/")
            await page.keyboard.type("nothing like it\n")
            await expect(page.locator("main")).to_contain_text("Nothing matches")
            await page.keyboard.press("?")
            await expect(page.get_by_role("dialog")).to_be_visible()
            await page.keyboard.press("Escape")
            await page.get_by_label("Preferences").click()
            await page.get_by_label("Single keys").select_option("off")
            await page.get_by_role("button", name="Save").click()
            await page.keyboard.press("?")
            await expect(page.get_by_role("dialog")).to_be_hidden()

    chromium.run(journey())


def test_an_output_opens_in_its_row_and_pages_work_without_scripts(chromium: Chromium, daemon: Daemon) -> None:
    daemon.cli("monitor", "add", "prints", "--schedule", "1d")
    monitor = json.loads(daemon.cli("monitor", "show", "prints", "--json"))
    url = monitor["ping_urls"][0]
    urllib.request.urlopen(urllib.request.Request(f"{url}/3", b"rsync: no space\n<b>left</b>", method="POST")).close()

    async def journey() -> None:
        async with chromium.page(daemon.url) as page:
            await page.goto("/m/prints")
            await page.get_by_text("output", exact=False).first.click()
            await expect(page.locator(".output pre")).to_contain_text("<b>left</b>")
        async with chromium.page(daemon.url, java_script_enabled=False) as page:
            await page.goto("/m/prints")
            await page.locator(".output summary").click()
            await page.get_by_role("link", name="Show it").click()
            await expect(page.locator("pre")).to_contain_text("rsync: no space")
            await page.goto("/monitors/new")
            await page.get_by_label("Slug").fill("no-script")
            await page.get_by_label("Schedule", exact=True).fill("0 3 * * *")
            await page.get_by_role("button", name="Add it").click()
            await expect(page.locator("h1")).to_contain_text("no-script")

    chromium.run(journey())
