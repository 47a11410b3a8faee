"""One real browser for all tests of a process: Chromium without a window, driven from a thread of its own.

Playwright's own loop must not be the one that other tests run on. Every page notes what must never happen: an error in
the console, a violation of the content security policy, a request to another host.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from playwright.async_api import Browser, Page, async_playwright

Result = TypeVar("Result")

CHROMIUM = "/usr/bin/chromium-headless-shell"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
TIMEOUT_S = 50.0


class Chromium:
    """A browser that lives until `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chromium", daemon=True)
        self._thread.start()
        self._driver: Any = None
        self._browser: Browser | None = None
        self.run(self._launch())

    def run(self, journey: Coroutine[Any, Any, Result]) -> Result:
        """Run a journey on the browser's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(journey, self._loop).result(TIMEOUT_S)

    async def go(self, journey: Coroutine[Any, Any, Result]) -> Result:
        """Do what `run` does for a test whose own loop serves what the browser asks for."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(journey, self._loop))

    @asynccontextmanager
    async def page(
        self, url: str, *, width: int = 1280, height: int = 800, accepted: tuple[str, ...] = (), **options: Any
    ) -> AsyncIterator[Page]:
        """A fresh profile with one page; what must never happen fails the test at its end.

        `url` is the only host that may be asked. Complaints that contain any of `accepted` do not count.
        """
        assert self._browser is not None
        context = await self._browser.new_context(
            base_url=url, viewport={"width": width, "height": height}, timezone_id="Europe/Berlin", **options
        )
        context.set_default_timeout(10_000)
        wrong: list[str] = []
        page = await context.new_page()

        def note(what: str) -> None:
            if not any(each in what for each in accepted):
                wrong.append(f"{page.url}: {what[:300]}")

        page.on("console", lambda said: note(f"console: {said.text}") if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: note(f"script: {error}"))
        page.on("dialog", lambda dialog: note(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: None if asked.url.startswith((url, "data:")) else note(f"asks {asked.url}"))
        await page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"
        )
        try:
            yield page
        finally:
            await context.close()
        assert not wrong, "\n".join(wrong)

    def close(self) -> None:
        """End the browser and its driver."""
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _launch(self) -> None:
        self._driver = await async_playwright().start()
        self._browser = await self._driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))

    async def _end(self) -> None:
        if self._browser is not None:
            await self._browser.close()
        await self._driver.stop()
