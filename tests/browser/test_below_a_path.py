"""The dashboard below a path of a site, behind a real nginx."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from seestackd.web.server import WebSettings
from tests.browser.browser import Chromium
from tests.browser.test_login import log_in
from tests.journeys.daemon import free_port, wait_for
from tests.pages.conftest import PASSWORD, house

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxied; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 404; }}
    location /seestackd/ {{
      proxy_pass {to};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      {more}
    }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, port: int, to: str, more: str) -> Iterator[None]:
    """Run nginx before `to`, with its files in a folder."""
    file = folder / "nginx.conf"
    file.write_text(CONFIG.format(folder=folder, port=port, to=to, more=more))
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", folder, "-c", file, "-e", folder / "error.log"])
    try:
        wait_for(lambda: process.poll() is not None or (folder / "nginx.pid").exists(), 10, "nginx")
        assert process.poll() is None, (folder / "error.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(10)


async def _below(page: Page, site: str) -> None:
    """Every address of the page leads below the path."""
    found = await page.evaluate(
        "[...document.querySelectorAll('a, link, [src], form')].map(each => each.action ?? each.src ?? each.href)"
    )
    astray = [address for address in found if not address.startswith((f"{site}/", "data:"))]
    assert not astray, page.url
    assert len(found) > 5


async def _journey(chromium: Chromium, site: str) -> None:
    root = f"{urlsplit(site).scheme}://{urlsplit(site).netloc}"
    async with chromium.page(root) as page:
        await page.goto("/seestackd/m/nightly")
        await log_in(page)
        await expect(page).to_have_url(f"{site}/m/nightly")
        url = (await page.locator("#snippet-1").inner_text()).split()[-1].removesuffix("/$?")
        assert url.startswith(f"{site}/ping/")
        await page.get_by_role("link", name="Monitors").first.click()
        await expect(page).to_have_url(f"{site}/")
        await expect(page.locator("#pulse")).to_have_text("live")
        assert (await page.request.post(f"{url}/1")).ok
        row = page.locator("tr[id]", has_text="nightly")
        await expect(row).to_contain_text("Failed", timeout=2_000)
        await _below(page, site)
        await row.get_by_role("link").click()
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page).to_have_url(f"{site}/m/nightly")
        await expect(page.locator("main")).to_contain_text("acknowledged by")
        await page.get_by_role("link", name="#1").click()
        await expect(page).to_have_url(f"{site}/i/1")
        await page.get_by_role("searchbox").fill("night")
        await page.keyboard.press("Enter")
        await expect(page.locator("tr[id]")).to_have_count(1)
        for path in ("", "/timeline", "/http", "/sessions", "/summary", "/docs", "/settings"):
            answer = await page.goto(f"/seestackd{path}")
            assert answer is not None
            assert answer.status == 200, path
            await _below(page, site)
        await page.get_by_label("Preferences").click()
        await page.get_by_label("Times").select_option("utc")
        await page.get_by_role("button", name="Save").click()
        await expect(page).to_have_url(f"{site}/settings")
        await page.get_by_label("Preferences").click()
        await page.get_by_role("button", name="Log out").click()
        await expect(page).to_have_url(f"{site}/login")


@pytest.mark.skipif(NGINX is None, reason="needs nginx: apt-get install nginx-light")
@pytest.mark.parametrize(
    ("kept", "more"),
    [("", ""), ("/", "proxy_set_header X-Forwarded-Prefix /seestackd;")],
    ids=["the path is passed on", "the path is cut off"],
)
async def test_everything_works_below_a_path(tmp_path: Path, chromium: Chromium, kept: str, more: str) -> None:
    port = free_port()
    site = f"http://127.0.0.1:{port}/seestackd"
    options = {"password": PASSWORD, "public_url": site, "local_only": False}
    async with house(tmp_path, WebSettings(trusted_proxies=("127.0.0.1",)), **options) as running:
        with nginx(tmp_path, port, f"{running.url}{kept}", more):
            await chromium.go(_journey(chromium, site))
