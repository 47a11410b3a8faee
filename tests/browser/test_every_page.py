"""Every page there is, in a real browser, in both themes, on a telephone and on a desk, full of hostile content."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.seeded import lived, served

CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# What stands in a path's braces; a page with another part has to add its own here.
PARTS = {
    "slug": "hostile", "number": "20", "month": "2026-11", "id": "1", "name": "hostile", "session": "s-evil",
    "sessionId": "s-evil", "session_id": "s-evil", "fingerprint": "f-evil", "trace": "t" * 32, "ping": "1", "run": "1",
}  # fmt: skip
MORE = ("/timeline?range=7d", "/i?alerts=all", "/i?alerts=dead", "/i?state=open", "/nowhere")
# A page that repeats one pattern a hundred times: which part of it is looked at closely.
LONG = {"/docs": "section:nth-of-type(-n+4)"}
# Programs ask for these, not people.
_FOR_PROGRAMS = re.compile(
    r"^/(api|ingest|ping|static|badge|live|livez|readyz|metrics)(/|$)|\.(json|css|js|svg)$|/(output|preview|tip)(/|$)"
)
_SERIOUS = ("serious", "critical")
_WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event =>
  violations.push(event.violatedDirective + ' ' + event.blockedURI));
"""


def pages(paths: list[str]) -> list[str]:
    """The address of every page, with something in place of its parts."""
    shown = [path for path in paths if not _FOR_PROGRAMS.search(path)]
    shown = [path.replace("/sessions/{name}", "/sessions/s-evil") for path in shown]
    return [re.sub(r"\{(\w+)\}", lambda part: PARTS[part[1]], path) for path in shown] + list(MORE)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as started:
        made = await started.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield made
        await made.close()


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs chromium: apt-get install chromium")
async def test_every_page_is_sound_in_both_themes_and_on_a_telephone(tmp_path: Path, browser: Browser) -> None:
    wrong: list[str] = []
    async with served(lived(tmp_path, hostile=True), tmp_path) as (url, paths):
        page = await browser.new_page(color_scheme="dark", viewport={"width": 1280, "height": 900})
        await page.add_init_script(_WATCH)
        heard = _listening(page, url)
        for path in pages(paths):
            heard.clear()
            answer = await page.goto(url + path)
            assert answer is not None
            expected = 404 if path == "/nowhere" else 200
            if answer.status != expected:
                wrong.append(f"{path}: {answer.status}")
                continue
            wrong += [f"{path}: {what}" for what in await _looked_at(page, LONG.get(path))]
            # A page that is not there is an error to the browser's console, as it should be.
            wrong += [f"{path}: {what}" for what in heard if not (expected == 404 and "404" in what)]
    assert wrong == []
    assert len(pages(paths)) > 15


def _listening(page: Page, url: str) -> list[str]:
    """Hear of everything that no page may do."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"console: {said.text[:300]}") if said.type != "log" else None)
    page.on("pageerror", lambda error: heard.append(f"script: {error}"))
    page.on("dialog", lambda dialog: heard.append(f"a dialog: {dialog.message}"))
    page.on(
        "request", lambda asked: heard.append(f"asks {asked.url[:200]}") if not _own(asked.url, url) else None
    )  # fmt: skip
    return heard


def _own(asked: str, url: str) -> bool:
    return asked.startswith((url, "data:"))


async def _looked_at(page: Page, part: str | None) -> list[str]:
    """What is wrong with the page that is shown: on a telephone in the light, on a desk in the dark.

    Colours do not change with the width, nor widths with the theme.
    """
    wrong = []
    for scheme, width, only in (("light", 390, None), ("dark", 1280, "color-contrast")):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.set_viewport_size({"width": width, "height": 900})
        beyond = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            wrong.append(f"{width} px: {beyond} px too wide")
        wrong += [f"{scheme}, {width} px: {what}" for what in await _axe(page, part, only)]
    wrong += [f"violates its policy: {what}" for what in await page.evaluate("window.violations")]
    if await page.evaluate("document.querySelectorAll('img[src=x], img[onerror], a[href^=javascript]').length"):
        wrong.append("foreign markup has become part of the page")
    if await page.evaluate("/[\\u202e\\x1b]/.test(document.body.innerText)"):
        wrong.append("foreign control characters are shown as they are")
    return wrong


async def _axe(page: Page, part: str | None, only: str | None) -> list[str]:
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only is not None:
        options["runOnly"] = [only]
    found = (await Axe().run(page, context=part, options=options)).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])} in all)"
        for one in found
        if one["impact"] in _SERIOUS
    ]
