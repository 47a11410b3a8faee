"""What comes from outside is shown as inert text, breaks no layout, and takes no page along: sent over the wire."""

import json
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import APIRequestContext, Page, expect

from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys
from tests.browser.browser import Chromium
from tests.pages.conftest import NOW, house

INGEST, ADMIN, PING = (make_secret(bytes([number]) * 32) for number in (5, 6, 7))
MARKUP = '<script>document.title="owned"</script><img src=x onerror=alert(1)>"\'><b>&lt;'
WILD = f"{MARKUP} \x1b[31mred\x1b]0;title\x07 \u202egpj.exe\u2066 \ufeff"
WORD = "w" * 100_000
NAME = f"{MARKUP}{'n' * 110}"
PAGES = ("/", "/?q=" + quote(MARKUP), "/timeline", "/i", "/i/1", "/i/1/silence", "/i?alerts=all", "/summary",
         "/settings", "/m/evil", "/m/evil?show=trouble", "/m/evil/edit", "/m/evil/remove", "/http",
         "/http?show=endpoints", "/http?show=hosts", "/sessions", "/status")  # fmt: skip
_SOUND = """
() => {
  const root = document.documentElement;
  return [
    root.scrollWidth > root.clientWidth && `is ${root.scrollWidth - root.clientWidth} px too wide`,
    document.querySelector("img[src=x], [onerror], [href^=javascript], script:not([src], [type$=json])") &&
      "holds foreign markup",
    /[\\u202a-\\u202e\\u2066-\\u2069\\x1b\\x07\\0\\ufeff]/.test(root.textContent) && "holds control characters",
    document.title.includes("owned") && !document.title.includes("<script>") && "has run a script",
  ].filter(Boolean);
}
"""


async def send(ask: APIRequestContext) -> None:
    """Send hostile words wherever somebody from outside may say something."""
    key = {"Authorization": f"Bearer {ADMIN}"}
    monitor = {"slug": "evil", "name": NAME, "schedule": "1h", "tags": ["t" * 50], "public": True}
    assert (await ask.post("/api/v1/cron-monitors", data=monitor, headers=key)).status == 201
    key = {"X-SeeStack-Key": INGEST, "User-Agent": MARKUP}
    for message, status in ((f"{WILD}\0", 422), (WILD, 202), (WORD, 202)):
        said = {"slug": "evil", "status": "failed", "durationMs": 5, "message": message, "environment": MARKUP}
        answer = await ask.post("/ingest/v1/heartbeat", data=said, headers=key)
        assert answer.status == status, await answer.text()
    output = f"{WILD}\0\n{WORD}".encode()
    answer = await ask.post(f"/ping/{PING}/evil/3", data=output, headers={"Content-Type": "text/plain"})
    assert answer.ok, await answer.text()
    request = {
        "traceId": MARKUP, "direction": "outbound", "method": "POST", "host": f"{MARKUP}{WORD[:150]}",
        "path": f"/{WORD[:900]}", "statusCode": 500, "durationMs": 1, "timestamp": "2026-03-31T23:33:20Z",
        "userId": MARKUP,
    }  # fmt: skip
    assert (await ask.post("/ingest/v1/http-requests", data={"requests": [request]}, headers=key)).status == 202
    url = f"https://{MARKUP}/{WORD}"
    events = [
        {"eventType": kind, "eventData": json.dumps({"message": f"{WILD}\0{WORD}", "url": url, "selector": MARKUP}),
         "url": f"javascript:alert(1)//{url}", "timestampMillis": NOW + number}
        for number, kind in enumerate(("click", "error", "navigation", MARKUP))
    ]  # fmt: skip
    replay = {"fingerprint": f"evil{MARKUP}", "sessionId": "s", "events": events}
    assert (await ask.post("/ingest/v1/replay", data=replay, headers=key)).status == 202


async def sound(page: Page) -> None:
    wrong = await page.evaluate(_SOUND)
    assert not wrong, f"{page.url[:200]}: {wrong}"


async def walk(chromium: Chromium, url: str, width: int) -> None:
    async with chromium.page(url, width=width, accepted=("404",)) as page:
        if width == 390:
            await send(page.request)
        for path in PAGES:
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            await sound(page)
        await page.goto("/m/evil")
        await page.locator(".output summary").first.click()
        await expect(page.locator(".output pre").first).to_contain_text("red")
        await sound(page)
        await page.goto(await page.locator(".output summary").first.get_attribute("hx-get") or "")
        await sound(page)
        for path, link in (("/sessions", "a[href*='/sessions/evil']"), ("/http", "a[href*='/http/trace/']")):
            await page.goto(path)
            await page.locator(link).first.click()
            await sound(page)
        await page.goto(f"/{quote(MARKUP)}")
        await sound(page)


async def test_hostile_words_are_inert_and_break_no_layout(tmp_path: Path, chromium: Chromium) -> None:
    async with house(tmp_path) as running:
        for name, scope, secret in (
            ("in", Scope.INGEST, INGEST),
            (MARKUP, Scope.ADMIN, ADMIN),
            ("cron", Scope.PING, PING),
        ):
            await running.runner.run(keys.create, keys.CreateKey(running.project_id, name, scope, secret))
        for width in (390, 1280):
            await chromium.go(walk(chromium, running.url, width))
