"""`make screenshots`: the README's pictures, of a house with a fixed past."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.browser import ARGUMENTS, CHROMIUM
from tests.browser.seeded import NOW, lived, served
from tests.source import ROOT

PICTURES = {
    "monitors": ("/", "light", 1280, 620),
    "monitors-dark-phone": ("/", "dark", 390, 760),
    "monitor": ("/m/nightly-backup", "light", 1280, 900),
    "timeline": ("/timeline", "light", 1280, 560),
}
"""File -> what it shows, in which theme, and its size in px."""

FOLDER = ROOT / "docs" / "images"


async def take(folder: Path) -> list[Path]:
    """Take every picture into a folder; the browser's clock stands as still as the daemon's."""
    taken = []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        async with served(lived(Path(place)), Path(place), quiet=True) as (url, _), async_playwright() as started:
            browser = await started.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, "--hide-scrollbars"])
            for name, (path, theme, width, height) in PICTURES.items():
                page = await browser.new_page(
                    extra_http_headers={"X-User": "admin"},
                    color_scheme=theme,  # type: ignore[arg-type]
                    viewport={"width": width, "height": height},
                    reduced_motion="reduce",
                )
                await page.clock.set_fixed_time(datetime.fromtimestamp(NOW / 1000, UTC))
                await page.goto(url + path)
                await page.wait_for_timeout(400)
                taken.append(folder / f"{name}.png")
                await page.screenshot(path=taken[-1], animations="disabled")
                await page.close()
            await browser.close()
    return taken


if __name__ == "__main__":
    for picture in asyncio.run(take(FOLDER)):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1000} kB")
