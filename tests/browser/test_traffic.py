"""The charts of HTTP requests: drawn by a script under the strict policy, and pictures of the server without one."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

from seestackd.core.monitor import MINUTE_MS
from seestackd.core.telemetry import HttpRequest
from seestackd.operations import telemetry
from tests.browser.browser import Chromium
from tests.pages.conftest import NOW, house

LOST = HttpRequest(NOW - 30 * MINUTE_MS, "t", False, "GET", "shop", "/", 404, 40, 0, 0, False, None, None)
# Years of duration, none at all, and a clock that is an hour ahead.
ODD = [LOST._replace(status_code=0, duration_ms=2**60), LOST._replace(duration_ms=0), LOST._replace(at=NOW + 10**7)]


async def legend(page: Page, chart: str) -> Any:
    """Point at the stretch in which requests were, and return what the chart says of it."""
    over = page.locator(f"#{chart} .u-over")
    box = await over.bounding_box()
    assert box is not None
    await over.hover(position={"x": box["width"] / 2, "y": 20})
    return await page.evaluate(
        "chart => Object.fromEntries([...document.querySelectorAll(`#${chart} .u-series`)].map("
        "row => [row.querySelector('.u-label').textContent, row.querySelector('.u-value').textContent]))",
        chart,
    )


async def test_traffic_is_drawn_with_a_script_and_without_one(tmp_path: Path, chromium: Chromium) -> None:
    async def journey(url: str) -> None:
        async with chromium.page(url) as page:
            await page.goto("/http?range=1h")
            assert await page.locator(".traffic canvas").count() == 2
            assert await page.locator(".traffic svg.area").count() == 0
            assert "6 requests" in (await page.get_attribute("#rates", "aria-label") or "")
            said = await legend(page, "rates")
            assert (said["4xx"], said["no answer"]) == ("5", "1")
            assert (await legend(page, "latencies"))["p50"] == "40 ms of 6"
            for chosen in ("24h", "7d"):
                await page.goto(f"/http?range={chosen}")
                assert await page.locator(".traffic canvas").count() == 2
        async with chromium.page(url, java_script_enabled=False) as page:
            await page.goto("/http?range=1h")
            assert await page.locator(".traffic svg.area").count() == 2

    async with house(tmp_path) as daemon:
        stored = telemetry.StoreRequests(daemon.project_id, (*[LOST] * 4, *ODD))
        await daemon.runner.run(telemetry.store, stored)
        await chromium.go(journey(daemon.url))
