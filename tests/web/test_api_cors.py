"""The management API called by a web page of an allowed origin, and by one of another."""

from tests.web.api import BODY, console
from tests.web.conftest import Daemon

SHOP = {"Origin": "https://shop.example"}
OTHER = {"Origin": "https://shop.example.evil.example"}


async def test_a_page_of_an_allowed_origin_may_read_and_change_with_a_key(open_to_browsers: Daemon) -> None:
    admin = await console(open_to_browsers)
    made = await admin.call("POST", "/cron-monitors", BODY, headers=SHOP)
    path = f"/cron-monitors/{made.json['data']['id']}"

    asked = {
        **SHOP,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,if-match",
    }
    preflight = await open_to_browsers.send(f"/api/v1{path}", method="OPTIONS", key=None, headers=asked)
    read = await admin.call("GET", path, headers=SHOP)
    refused = await open_to_browsers.send(f"/api/v1{path}", method="GET", key=None, headers=SHOP)

    assert (preflight.status, made.status, read.status, refused.status) == (204, 201, 200, 401)
    assert {"GET", "PUT"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"authorization", "if-match"} <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    for answer in (preflight, made, read, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP["Origin"]
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "ETag" in read.headers
    assert "ETag" in read.headers["Access-Control-Expose-Headers"].split(", ")


async def test_a_page_of_another_origin_may_not(open_to_browsers: Daemon) -> None:
    await _says_nothing(open_to_browsers, OTHER)


async def test_without_settings_no_page_may(daemon: Daemon) -> None:
    await _says_nothing(daemon, SHOP)


async def _says_nothing(house: Daemon, origin: dict[str, str]) -> None:
    admin = await console(house)
    read = await admin.call("GET", "/cron-monitors", headers=origin)
    preflight = await house.send("/api/v1/cron-monitors", method="OPTIONS", key=None, headers=origin)

    assert (read.status, preflight.status) == (200, 204)
    for answer in (read, preflight):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
