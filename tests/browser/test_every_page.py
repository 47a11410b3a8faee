"""Every page there is, in a real browser, in both themes, on a telephone and on a desk, full of hostile content."""

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.browser.browser import Chromium
from tests.browser.seeded import lived, served

# What stands in a path's braces; a page with another part has to add its own here.
PARTS = {
    "slug": "hostile", "number": "1", "month": "2026-11", "id": "1", "name": "hostile", "session": "s-evil",
    "sessionId": "s-evil", "session_id": "s-evil", "fingerprint": "f-evil", "trace": "t" * 32, "ping": "1", "run": "1",
}  # fmt: skip
MORE = ("/timeline?range=7d", "/i?alerts=all", "/i?alerts=dead", "/i?state=open", "/nowhere")
REPEATED = "section:nth-of-type(n+3), tbody tr:nth-of-type(n+9), .lane-row:nth-of-type(n+9), option:nth-of-type(n+5)"
# Loaded as well, and looked at closely in another of the same template.
ALIKE = {"/timeline?range=7d", "/i?alerts=dead", "/i?state=open", "/summary/2026-11", "/monitors/new"}
# Programs ask for these, not people.
_FOR_PROGRAMS = re.compile(
    r"^/(api|ingest|ping|static|badge|live|livez|readyz|metrics)(/|$)|\.(json|css|js|svg)$|/(output|preview|tip)(/|$)"
)
# Themes and widths in px; the first two are there when a page loads.
SCREENS = (("light", 390), ("dark", 1280), ("light", 1280), ("dark", 390))
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
# What the theme and the width have an influence on; the rest is looked for once.
_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
_ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
_FIND = """
async only => (await axe.run(document, {resultTypes: ["violations"], preload: false, iframes: false, runOnly: only}))
  .violations.filter(one => ["serious", "critical"].includes(one.impact)).map(one =>
  `${one.id}: ${one.nodes[0].html.slice(0, 160)} (${one.nodes.length} in all)`)
"""
_FOREIGN = """
() => [
  document.documentElement.scrollWidth > document.documentElement.clientWidth && "is too wide",
  document.querySelector("img[src=x], [onerror], a[href^=javascript]") && "holds foreign markup",
  /[\\u202e\\x1b\\0]/.test(document.documentElement.textContent) && "holds control characters",
].filter(Boolean)
"""


def pages(paths: list[str]) -> list[str]:
    """The address of every page, with something in place of its parts."""
    shown = [path for path in paths if not _FOR_PROGRAMS.search(path)]
    shown = [path.replace("/sessions/{name}", "/sessions/s-evil") for path in shown]
    return [re.sub(r"\{(\w+)\}", lambda part: PARTS[part[1]], path) for path in shown] + list(MORE)


@pytest.mark.timeout(180)  # about 15 s on a quiet machine, far more on a busy one
async def test_every_page_is_sound_in_both_themes_and_on_a_telephone(tmp_path: Path, chromium: Chromium) -> None:
    async with served(lived(tmp_path, days=3, hostile=True), tmp_path) as (url, paths):
        assert await chromium.go(_walk(chromium, url, pages(paths))) == []
    assert len(pages(paths)) > 15


async def _walk(chromium: Chromium, url: str, paths: Sequence[str]) -> list[str]:
    """Open every page on both screens and return what is wrong with them."""
    wrong: list[str] = []
    # A page that is not there is an error to the browser's console, as it should be.
    async with chromium.page(url, accepted=("404",), reduced_motion="reduce") as page:
        await page.goto("/i?monitor=hostile")
        worst = await page.get_attribute("td a.name", "href")
        for path in (*paths, worst):
            for screen in SCREENS[1::-1]:
                await _turn(page, screen)
                answer = await page.goto(path or "")
                assert answer is not None
                if answer.status != (404 if path == "/nowhere" else 200):
                    wrong.append(f"{path}: {answer.status}")
                wrong += [f"{path} {screen}: {what}" for what in await page.evaluate(_FOREIGN)]
            if path not in ALIKE:
                wrong += [f"{path} {what}" for what in await _looked_at(page)]
    return wrong


async def _looked_at(page: Page) -> list[str]:
    """Have axe-core look at the page that is shown, on every screen."""
    wrong = []
    # What repeats one pattern a hundred times is looked at in part.
    await page.evaluate(f"document.querySelectorAll({REPEATED!r}).forEach(one => one.remove())")
    await page.evaluate(AXE)
    for screen in SCREENS:
        await _turn(page, screen)
        only = _ALL if screen == SCREENS[0] else _LOOKS
        wrong += [f"{screen}: {what}" for what in await page.evaluate(_FIND, only)]
    return wrong


async def _turn(page: Page, screen: tuple[str, int]) -> None:
    theme, width = screen
    await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    await page.set_viewport_size({"width": width, "height": 900})
