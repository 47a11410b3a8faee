"""Projects and keys over the management API (contract.md 6.4), and who may do what."""

from typing import Any

import pytest

from seestackd.core.keys import Scope, checksum_ok
from tests.rows import rows
from tests.web.api import BODY, Console, console
from tests.web.conftest import SECRET, Daemon

BEAT = {"slug": "nightly", "status": "success", "durationMs": 1}


@pytest.fixture
async def admin(daemon: Daemon) -> Console:
    return await console(daemon)


@rows("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer wrong", "Bearer " + "k" * 5000])
async def test_without_a_good_key_the_answer_is_401(admin: Console, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    for method, path in (("GET", "/api/v1/cron-monitors"), ("POST", "/api/v1/projects")):
        answer = await admin.daemon.send(path, b"{broken", method=method, key=admin.key, headers=headers)

        assert answer.status == 401
        assert answer.json["error"] == {"code": "INVALID_API_KEY", "message": "Invalid or missing API key"}
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", [Scope.PING, Scope.INGEST])
async def test_a_key_for_sending_data_may_not_look(daemon: Daemon, scope: Scope) -> None:
    sender = await console(daemon, scope)

    assert (await sender.call("GET", "/cron-monitors")).status == 403


async def test_a_key_is_told_once_and_works_at_once(admin: Console) -> None:
    made = await admin.call("POST", "/api-keys", {"projectId": admin.project.uid, "name": "sdk"})
    key = made.json["data"]

    assert made.status == 201
    assert checksum_ok(key["key"])
    assert (key["keyPrefix"], key["environment"], key["scope"]) == (key["key"][:8], "production", "ingest")
    assert (await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=key["key"])).status == 202
    listed = await admin.call("GET", f"/projects/{admin.project.uid}/api-keys?perPage=200")
    assert key["key"].encode() not in listed.body
    assert {each["key"] for each in listed.json["data"]["items"]} == {None}


async def test_a_key_is_rotated_without_a_gap(admin: Console) -> None:
    old = await admin.post("/api-keys", {"name": "sdk"})
    new = await admin.post("/api-keys", {"name": "sdk"})
    beats = [await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=each["key"]) for each in (old, new)]
    revoked = await admin.call("DELETE", f"/api-keys/{old['id']}")
    after = [await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=each["key"]) for each in (old, new)]

    assert [answer.status for answer in beats] == [202, 202]
    assert (revoked.status, revoked.json["data"]) == (200, {"status": "revoked"})
    assert [answer.status for answer in after] == [401, 202]
    assert (await admin.call("DELETE", f"/api-keys/{old['id']}")).status == 404


async def test_the_last_use_of_a_key_is_shown(admin: Console) -> None:
    made = await admin.post("/api-keys", {"name": "sdk"})
    before = {key["id"]: key for key in (await admin.get("/api-keys"))["items"]}[made["id"]]
    await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=made["key"])
    await admin.daemon.keys.flush_uses()

    after = {key["id"]: key for key in (await admin.get("/api-keys"))["items"]}[made["id"]]

    assert (before["lastUsedAt"], after["lastUsedAt"]) == ("never", "2026-03-31T23:33:20.000Z")


async def test_keys_below_a_project(admin: Console) -> None:
    path = f"/projects/{admin.project.uid}/api-keys"
    made = await admin.post(path, {"name": "cron", "scope": "ping"})
    renamed = await admin.call("PUT", f"{path}/{made['id']}", {"name": "crontab"})
    by_id = await admin.call("PATCH", f"/api-keys/{made['id']}", {"name": "cron lines"})
    gone = await admin.call("DELETE", f"{path}/{made['id']}")

    assert (made["projectId"], made["lastUsedAt"], made["scope"]) == (admin.project.uid, None, "ping")
    assert renamed.json["data"] == {**made, "name": "crontab", "key": None}
    assert by_id.json["data"] == {"id": made["id"], "name": "cron lines"}
    assert gone.status == 204
    assert made["id"] not in {key["id"] for key in (await admin.get(path))["items"]}


async def test_a_revoked_admin_key_stops_at_once(daemon: Daemon, admin: Console) -> None:
    (own,) = [key for key in (await admin.get("/api-keys"))["items"] if key["name"] == "admin-key"]

    await admin.call("DELETE", f"/api-keys/{own['id']}")

    assert (await admin.call("GET", "/cron-monitors")).status == 401


async def test_projects_are_made_renamed_and_deleted(admin: Console) -> None:
    answer = await admin.call("POST", "/projects", {"orgId": "x", "name": "My Shop", "platform": "python"})
    made = answer.json["data"]
    again = await admin.post("/projects", {"name": "My  shop!"})
    path = f"/projects/{made['id']}"

    assert answer.status == 201
    assert (made["slug"], again["slug"], made["orgId"], made["platform"]) == ("my-shop", "my-shop-2", None, "python")
    assert made["apiKeyPrefix"] == made["apiKey"][:8]
    beat = await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=made["apiKey"])
    assert beat.json["message"] == "No cron monitor found with slug: nightly"
    shown = {name: made[name] for name in ("id", "orgId", "name", "slug", "platform", "createdAt")}
    assert await admin.get(path) == shown
    assert [each["slug"] for each in (await admin.get("/projects"))["items"]] == ["my-shop-2", "my-shop", "default"]
    renamed = await admin.call("PUT", path, {"name": "Shop", "slug": "my-shop"})
    assert renamed.json["data"] == {**shown, "name": "Shop", "platform": None}
    assert (await admin.call("DELETE", path)).status == 204
    assert (await admin.call("GET", path)).status == 404
    assert (await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=made["apiKey"])).status == 401


@rows(
    ("body", "field"),
    [({}, "name"), ({"name": " "}, "name"), ({"name": "x" * 256}, "name"), ({"name": "a", "slug": "A b"}, "slug"),
     ({"name": "a\nb"}, "name"), ({"name": 5}, "name")],
)  # fmt: skip
async def test_a_bad_project_is_refused(admin: Console, body: Any, field: str) -> None:
    answer = await admin.call("POST", "/projects", body)

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == [field]
    assert (await admin.get("/projects"))["pagination"]["total"] == 1


async def test_a_taken_slug_a_full_project_and_the_default_one_are_conflicts(daemon: Daemon, admin: Console) -> None:
    shop = await console(daemon, project="shop")
    await shop.post("/cron-monitors", BODY)

    taken = await admin.call("POST", "/projects", {"name": "Shop", "slug": "shop"})
    full = await admin.call("DELETE", f"/projects/{shop.project.uid}")
    default = await admin.call("DELETE", f"/projects/{admin.project.uid}")

    assert [answer.status for answer in (taken, full, default)] == [409, 409, 409]
    assert "has 1 monitor," in full.json["error"]["message"]
    assert len((await shop.get("/cron-monitors"))["items"]) == 1


async def test_the_slug_of_a_project_stays(admin: Console) -> None:
    answer = await admin.call("PUT", f"/projects/{admin.project.uid}", {"name": "x", "slug": "other"})

    assert (answer.status, answer.json["error"]["message"]) == (422, "Slug cannot be changed after creation")


async def test_an_admin_of_another_project_stays_in_it(daemon: Daemon, admin: Console) -> None:
    shop = await console(daemon, project="shop")
    (key,) = [each for each in (await admin.get("/api-keys"))["items"] if each["name"] == "admin-key"]

    assert [each["slug"] for each in (await shop.get("/projects"))["items"]] == ["shop"]
    for method, path, body, status in (
        ("POST", "/projects", {"name": "More"}, 403),
        ("DELETE", f"/projects/{shop.project.uid}", b"", 403),
        ("GET", f"/projects/{admin.project.uid}", b"", 404),
        ("PUT", f"/projects/{admin.project.uid}", {"name": "Mine"}, 404),
        ("GET", f"/projects/{admin.project.uid}/api-keys", b"", 404),
        ("POST", f"/projects/{admin.project.uid}/api-keys", {"name": "a", "scope": "admin"}, 404),
        ("POST", "/api-keys", {"projectId": admin.project.uid, "scope": "admin"}, 404),
        ("GET", f"/api-keys?projectId={admin.project.uid}", b"", 404),
        ("PATCH", f"/api-keys/{key['id']}", {"name": "Mine"}, 404),
        ("DELETE", f"/api-keys/{key['id']}", b"", 404),
        ("DELETE", f"/projects/{shop.project.uid}/api-keys/{key['id']}", b"", 404),
    ):
        assert (await shop.call(method, path, body)).status == status, path
    assert (await admin.call("GET", "/cron-monitors")).status == 200


async def test_an_admin_of_the_default_project_makes_keys_for_others(daemon: Daemon, admin: Console) -> None:
    shop = await console(daemon, project="shop")

    made = await admin.post("/api-keys", {"projectId": shop.project.uid, "name": "for shop", "scope": "admin"})
    listed = await admin.get(f"/api-keys?projectId={shop.project.uid}")

    assert made["projectId"] == shop.project.uid
    assert {key["name"] for key in listed["items"]} == {"admin-key", "for shop"}


async def test_a_reader_of_the_default_project_sees_that_one_only(daemon: Daemon) -> None:
    await console(daemon, project="shop")
    reader = await console(daemon, Scope.READ)

    assert [each["slug"] for each in (await reader.get("/projects"))["items"]] == ["default"]


@rows(
    ("body", "field"),
    [({"scope": "root"}, "scope"), ({"name": ""}, "name"), ({"name": "a\tb"}, "name"), ({"scop": "read"}, "scop"),
     ({"projectId": "x"}, "projectId"), ({"environment": 5}, "environment")],
)  # fmt: skip
async def test_a_bad_key_is_refused(admin: Console, body: Any, field: str) -> None:
    before = await admin.get("/api-keys")

    answer = await admin.call("POST", "/api-keys", body)

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == [field]
    assert await admin.get("/api-keys") == before


async def test_unknown_paths_and_wrong_methods_are_answered_in_json(admin: Console) -> None:
    nowhere = await admin.call("GET", "/nothing")
    wrong = await admin.call("PATCH", "/cron-monitors", b"{}")

    assert (nowhere.status, nowhere.json["error"]["code"]) == (404, "NOT_FOUND")
    assert (wrong.status, wrong.json["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(wrong.headers["Allow"].split(",")) == {"GET", "HEAD", "OPTIONS", "POST"}


async def test_an_ingest_key_still_only_ingests(admin: Console) -> None:
    assert (await admin.daemon.send("/ingest/v1/heartbeat", BEAT, key=SECRET)).status == 202
    answer = await admin.daemon.send(
        "/api/v1/cron-monitors", method="GET", key=None, headers={"Authorization": f"Bearer {SECRET}"}
    )
    assert answer.status == 403
