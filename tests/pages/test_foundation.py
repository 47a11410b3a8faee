"""What every page has: headers, names of assets, and what was vendored is what it says."""

import hashlib
import json
from importlib import resources
from pathlib import Path

from seestackd.web.metrics import Standing
from seestackd.web.pages.answers import CSP
from tests.pages.conftest import House, house

STATIC = resources.files("seestackd.web") / "static"


def test_what_is_vendored_is_what_the_manifest_says() -> None:
    vendor = STATIC / "vendor"
    rows = json.loads((vendor / "manifest.json").read_text())

    named = {row["file"] for row in rows} | {row["licence_file"] for row in rows} | {"manifest.json"}
    assert named == {entry.name for entry in vendor.iterdir()}
    for row in rows:
        assert hashlib.sha256((vendor / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert row["package"] == f"npm:{row['package'].split(':')[1].rpartition('@')[0]}@{row['version']}"
        assert (vendor / row["licence_file"]).read_text().strip()
        assert row["licence"] in ("0BSD", "MIT")


async def test_every_answer_has_the_security_headers(open_house: House) -> None:
    for path in ("/", "/login", "/nowhere"):
        headers = (await open_house.get(path, Accept="text/html")).headers
        assert headers["Content-Security-Policy"] == CSP, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


async def test_assets_are_named_by_content_and_kept_for_ever(open_house: House) -> None:
    page = await open_house.get("/")
    names = [part.split('"')[0] for part in page.text.split('"/static/')[1:]]

    assert len(names) >= 5
    for name in names:
        asset = await open_house.get(f"/static/{name}")
        assert asset.status == 200, name
        assert "immutable" in asset.headers["Cache-Control"]
        assert name.split(".")[-2] == hashlib.sha256(asset.text.encode()).hexdigest()[:12]
    assert (await open_house.get("/static/../server.py")).status == 404
    assert (await open_house.get("/static/%2e%2e%2fserver.py")).status == 404


async def test_preferences_are_kept_in_cookies_and_lead_back(open_house: House) -> None:
    page = await open_house.get("/")
    sent = {"csrf": page.token, "theme": "dark", "times": "utc", "keys": "off", "next": "/?q=x"}
    answer = await open_house.post("/preferences", sent)
    after = await open_house.get("/")

    assert answer.headers["Location"] == "/?q=x"
    assert 'data-theme="dark"' in after.text
    assert "Times: UTC" in after.text
    assert 'data-keys="off"' in after.text


async def test_a_page_goes_out_compressed(open_house: House) -> None:
    assert (await open_house.get("/", Accept_Encoding="gzip")).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in (await open_house.get("/", Accept_Encoding="identity")).headers


async def test_a_banner_tells_of_a_failed_backup_and_a_refused_configuration(tmp_path: Path) -> None:
    standing = Standing(backup_ok=False)
    async with house(
        tmp_path, standing=lambda: standing, warnings=lambda: ("The old configuration stays.",)
    ) as running:
        shown = (await running.get("/")).text
        standing = Standing()
        later = (await running.get("/")).text

    assert 'role="alert">The last backup failed' in shown
    assert 'role="alert">The old configuration stays.' in shown
    assert "The last backup failed" not in later
