"""Monitors over the management API, in the shapes of contract.md 6.1 and beyond."""

import json
import re
from typing import Any

import pytest

from seestackd.core.keys import Scope
from seestackd.core.monitor import Rules, new_monitor
from seestackd.operations import deadlines, monitors
from tests.rows import rows
from tests.web.api import BODY, Console, console
from tests.web.conftest import NOW, Daemon

HOUR = 3_600_000
MONITORS = "/cron-monitors"
CONTRACT_FIELDS = {
    "id", "name", "slug", "schedule", "gracePeriodMin", "isActive", "currentStatus", "lastPingAt", "nextExpectedAt",
    "lastDurationMs", "lastMessage", "createdAt",
}  # fmt: skip


@pytest.fixture
async def admin(daemon: Daemon) -> Console:
    return await console(daemon)


async def judge(daemon: Daemon) -> None:
    await daemon.runner.run(deadlines.judge_due, deadlines.JudgeDue())


async def test_a_new_monitor_has_the_fields_of_the_contract_and_ours(admin: Console) -> None:
    answer = await admin.call("POST", MONITORS, {**BODY, "projectId": admin.project.uid, "maxRuntimeSec": 60})

    monitor = answer.json["data"]
    assert answer.status == 201
    assert monitor.keys() >= CONTRACT_FIELDS
    assert answer.json["meta"].keys() == {"requestId", "timestamp"}
    assert (monitor["currentStatus"], monitor["isActive"], monitor["lastDurationMs"]) == ("pending", True, 0)
    assert (monitor["gracePeriodMin"], monitor["graceSec"], monitor["maxRuntimeSec"]) == (5, 300, 60)
    assert monitor["createdAt"] == "2026-03-31T23:33:20.000Z"
    assert monitor["nextExpectedAt"] == "2026-04-01T00:33:20.000Z"
    assert answer.headers["Location"] == f"/api/v1{MONITORS}/{monitor['id']}"
    assert await admin.get(f"{MONITORS}/{monitor['id']}") == monitor


async def test_a_second_monitor_of_the_same_slug_is_a_conflict(admin: Console) -> None:
    await admin.post(MONITORS, BODY)

    answer = await admin.call("POST", MONITORS, BODY)

    assert answer.status == 409
    assert answer.json["error"] == {
        "code": "CONFLICT",
        "message": "A cron monitor with slug 'nightly-backup' already exists in this project",
    }


async def test_the_list_is_whole_unless_a_page_is_asked_for(admin: Console) -> None:
    for slug in ("b", "a", "c"):
        await admin.post(MONITORS, {**BODY, "slug": slug})

    whole = await admin.get(f"{MONITORS}?projectId={admin.project.uid}")
    page = await admin.get(f"{MONITORS}?page=2&perPage=3")
    one = await admin.get(f"{MONITORS}?slug=b")

    assert [monitor["slug"] for monitor in whole["items"]] == ["a", "b", "c", "nightly"]
    assert "pagination" not in whole
    assert [monitor["slug"] for monitor in page["items"]] == ["nightly"]
    assert page["pagination"] == {"page": 2, "perPage": 3, "total": 4}
    assert [monitor["slug"] for monitor in one["items"]] == ["b"]


async def test_a_change_keeps_what_it_does_not_name(admin: Console) -> None:
    monitor = await admin.post(
        MONITORS, {**BODY, "timezone": "Europe/Berlin", "graceSec": 90, "tags": ["db"], "failuresBeforeAlert": 3}
    )

    answer = await admin.call("PUT", f"{MONITORS}/{monitor['id']}", {**BODY, "name": "New", "gracePeriodMin": 2})

    changed = answer.json["data"]
    assert changed["name"] == "New"
    assert [changed[name] for name in ("timezone", "graceSec", "tags", "failuresBeforeAlert")] == [
        "Europe/Berlin", 90, ["db"], 3,
    ]  # fmt: skip
    assert changed["version"] == monitor["version"] + 1


@pytest.mark.parametrize(("sent", "grace"), [({}, 300), ({"gracePeriodMin": 0}, 300), ({"gracePeriodMin": 7.0}, 420),
                                             ({"graceSec": 0}, 0)])  # fmt: skip
async def test_the_grace_comes_in_minutes_or_in_seconds(admin: Console, sent: dict[str, Any], grace: int) -> None:
    monitor = await admin.post(MONITORS, {**BODY, **sent})

    assert monitor["graceSec"] == grace


async def test_what_was_answered_can_be_sent_back_and_changes_nothing(admin: Console) -> None:
    sent = {**BODY, "graceSec": 172_801, "slowFactor": 2, "overlap": True, "remindEverySec": 3600, "maxRuntimeSec": 9}
    sent |= {"public": True, "publicName": "Backups"}
    monitor = await admin.post(MONITORS, sent)

    answer = await admin.call("PUT", f"{MONITORS}/{monitor['id']}", monitor)

    assert answer.json["data"] == monitor


async def test_null_takes_an_optional_rule_away(admin: Console) -> None:
    monitor = await admin.post(MONITORS, {**BODY, "maxRuntimeSec": 60, "slowFactor": 2.5, "channels": []})
    assert monitor["channels"] == []

    sent = {**BODY, "maxRuntimeSec": None, "slowFactor": None, "channels": None}
    changed = (await admin.call("PUT", f"{MONITORS}/{monitor['id']}", sent)).json["data"]

    assert (changed["maxRuntimeSec"], changed["slowFactor"], changed["channels"]) == (None, None, None)


async def test_the_slug_stays(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)

    answer = await admin.call("PUT", f"{MONITORS}/{monitor['id']}", {**BODY, "slug": "other"})

    assert answer.status == 422
    assert answer.json["error"] == {"code": "VALIDATION_ERROR", "message": "Slug cannot be changed after creation"}


async def test_whoever_is_slower_gets_412_and_changes_nothing(admin: Console) -> None:
    made = await admin.call("POST", MONITORS, BODY)
    path = f"{MONITORS}/{made.json['data']['id']}"
    stale = {"If-Match": made.headers["ETag"]}
    first = await admin.call("PUT", path, {**BODY, "name": "first"}, stale)

    second = await admin.call("PUT", path, {**BODY, "name": "second"}, stale)
    gone = await admin.call("DELETE", path, headers=stale)

    assert (first.status, second.status, gone.status) == (200, 412, 412)
    assert second.json["error"]["code"] == "PRECONDITION_FAILED"
    assert (await admin.get(path))["name"] == "first"
    assert (await admin.call("DELETE", path, headers={"If-Match": first.headers["ETag"]})).status == 204


@pytest.mark.parametrize("etag", ["3", '"x"', 'W/"1"', '"1", "2"', '""', "ß"])
async def test_an_etag_that_is_none_of_ours_is_refused(admin: Console, etag: str) -> None:
    monitor = await admin.post(MONITORS, BODY)

    answer = await admin.call("DELETE", f"{MONITORS}/{monitor['id']}", headers={"If-Match": etag})

    assert answer.status == 422
    assert "If-Match" in answer.json["error"]["details"]


async def test_a_deleted_monitor_is_gone_with_its_history(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)
    await admin.heartbeat("nightly-backup")

    gone = await admin.call("DELETE", f"{MONITORS}/{monitor['id']}?projectId={admin.project.uid}")

    assert (gone.status, gone.body) == (204, b"")
    answer = await admin.call("GET", f"{MONITORS}/{monitor['id']}")
    assert answer.status == 404
    assert answer.json["error"]["message"] == f"CronMonitor not found: {monitor['id']}"


async def test_a_monitor_of_the_file_is_read_only_and_can_be_paused(admin: Console) -> None:
    new = new_monitor("from-file", "1h", rules=Rules(), source="file")
    monitor = await admin.daemon.runner.run(monitors.add, monitors.AddMonitor(admin.project.id, new, "q" * 22))
    path = f"{MONITORS}/{monitor.uid}"

    changed = await admin.call("PUT", path, {**BODY, "slug": "from-file"})
    removed = await admin.call("DELETE", path)
    paused = await admin.post(f"{path}/pause")

    assert (changed.status, removed.status) == (409, 409)
    assert "configuration file" in changed.json["error"]["message"]
    assert paused["currentStatus"] == "paused"


async def test_pause_and_resume(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)
    path = f"{MONITORS}/{monitor['id']}"

    paused = await admin.post(f"{path}/pause", {"until": "2026-04-02T00:00:00+02:00"})
    resumed = await admin.post(f"{path}/resume")

    assert (paused["isActive"], paused["currentStatus"], paused["nextExpectedAt"]) == (False, "paused", None)
    assert paused["pausedUntil"] == "2026-04-01T22:00:00.000Z"
    assert (resumed["isActive"], resumed["currentStatus"]) == (True, "pending")


async def test_the_status_follows_the_pings(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)
    path = f"{MONITORS}/{monitor['id']}"
    seen = []

    for later, ping in ((0, "success"), (HOUR, None), (60_000, None), (5 * 60_000, None), (1000, "failed")):
        admin.daemon.clock.at += later
        if ping:
            await admin.heartbeat("nightly-backup", ping, "disk full" if ping == "failed" else None)
        await judge(admin.daemon)
        seen.append((await admin.get(path))["currentStatus"])

    assert seen == ["healthy", "healthy", "late", "missed", "failed"]
    now = await admin.get(path)
    assert (now["lastMessage"], now["lastDurationMs"], now["badInARow"]) == ("disk full", 1200, 1)
    incident = await admin.get(f"/incidents/{now['incidentId']}")
    assert incident["monitor"] == {"id": monitor["id"], "slug": "nightly-backup", "name": "Nightly backup"}


async def test_the_history_shows_what_was_heard_and_what_was_missed(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)
    path = f"{MONITORS}/{monitor['id']}/history"
    admin.daemon.clock.at += 60_000
    await admin.heartbeat("nightly-backup", message="done")
    admin.daemon.clock.at += HOUR + 6 * 60_000
    await judge(admin.daemon)
    admin.daemon.clock.at += 40 * 60_000
    await admin.heartbeat("nightly-backup", "failed", "disk full")

    history = await admin.get(path)
    missed = await admin.get(f"{path}?status=missed&perPage=1000")

    assert [(ping["status"], ping["durationMs"], ping["message"]) for ping in history["items"]] == [
        ("failed", 1200, "disk full"),
        ("missed", 0, "Job did not ping within grace period"),
        ("success", 1200, "done"),
    ]
    assert [ping["timestamp"] for ping in history["items"]] == [
        "2026-04-01T01:20:20.000Z", "2026-04-01T00:34:20.000Z", "2026-03-31T23:34:20.000Z",
    ]  # fmt: skip
    assert history["pagination"] == {"page": 1, "perPage": 50, "total": 3}
    assert missed["pagination"] == {"page": 1, "perPage": 200, "total": 1}


async def test_missed_slots_in_a_row_are_listed_one_by_one(admin: Console) -> None:
    monitor = await admin.post(MONITORS, {**BODY, "schedule": "*/10 * * * *", "graceSec": 60})
    admin.daemon.clock.at += HOUR
    await judge(admin.daemon)

    history = await admin.get(f"{MONITORS}/{monitor['id']}/history")
    slots = await admin.get(f"{MONITORS}/{monitor['id']}/slots")

    instants = [ping["timestamp"][11:19] for ping in history["items"]]
    assert instants == ["00:30:00", "00:20:00", "00:10:00", "00:00:00", "23:50:00", "23:40:00"]
    assert [(slot["count"], slot["outcome"]) for slot in slots["items"]] == [(6, "missed")]


async def test_the_history_keeps_to_its_window_and_its_pages(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)
    for _ in range(5):
        admin.daemon.clock.at += 60_000
        await admin.heartbeat("nightly-backup")
    path = f"{MONITORS}/{monitor['id']}/history"

    window = await admin.get(f"{path}?from=2026-03-31T23:35:20Z&to=2026-03-31T23:37:20Z")
    third = await admin.get(f"{path}?page=3&perPage=2")
    admin.daemon.clock.at += 8 * 24 * HOUR
    later = await admin.get(path)

    assert [ping["timestamp"][14:19] for ping in window["items"]] == ["36:20", "35:20"]
    assert [ping["timestamp"][14:19] for ping in third["items"]] == ["34:20"]
    assert third["pagination"] == {"page": 3, "perPage": 2, "total": 5}
    assert later["items"] == []


async def test_runs_and_slots_are_read_back_page_by_page(admin: Console) -> None:
    monitor = await admin.post(MONITORS, BODY)
    for _ in range(5):
        admin.daemon.clock.at += HOUR
        await admin.heartbeat("nightly-backup")
    path = f"{MONITORS}/{monitor['id']}"

    runs: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = await admin.get(f"{path}/runs?limit=2&cursor={cursor}")
        runs += page["items"]
        cursor = page["nextCursor"]
    slots = await admin.get(f"{path}/slots?limit=3")
    older = await admin.get(f"{path}/slots?limit=3&before={slots['nextBefore']}")

    assert [run["endedAt"][11:13] for run in runs] == ["04", "03", "02", "01", "00"]
    assert all(run["ok"] and run["durationMs"] == 1200 for run in runs)
    assert [slot["firstAt"][11:13] for slot in slots["items"] + older["items"]] == ["04", "03", "02", "01", "00"]
    assert older["nextBefore"] is None


async def test_a_key_sees_its_own_project_only(daemon: Daemon, admin: Console) -> None:
    other = await console(daemon, project="shop")
    monitor = await admin.post(MONITORS, BODY)

    assert (await other.get(MONITORS))["items"] == []
    for method, path, body in (
        ("GET", "", b""),
        ("PUT", "", BODY),
        ("DELETE", "", b""),
        ("GET", "/history", b""),
        ("GET", "/runs", b""),
        ("GET", "/slots", b""),
        ("POST", "/pause", b""),
        ("POST", "/resume", b""),
    ):
        answer = await other.call(method, f"{MONITORS}/{monitor['id']}{path}", body)
        assert answer.status == 404, path
    asked = await other.call("GET", f"{MONITORS}?projectId={admin.project.uid}")
    assert asked.json["error"]["message"] == f"Project not found: {admin.project.uid}"
    assert (await admin.get(f"{MONITORS}/{monitor['id']}")) == monitor


async def test_a_reader_may_look_and_change_nothing(daemon: Daemon, admin: Console) -> None:
    reader = await console(daemon, Scope.READ)

    seen = await reader.get(MONITORS)
    answer = await reader.call("POST", MONITORS, BODY)

    assert [monitor["slug"] for monitor in seen["items"]] == ["nightly"]
    assert answer.status == 403
    assert await reader.get(MONITORS) == seen


BAD: list[tuple[str, Any, str, str]] = [
    ("name", None, "name", "must not be blank"),
    ("name", "  ", "name", "must not be blank"),
    ("name", 7, "name", "must be a string"),
    ("name", "a\nb", "name", "printable"),
    ("name", "x" * 300, "name", "at most 255 characters"),
    ("slug", "", "slug", "must not be blank"),
    ("slug", "Nightly_Backup", "slug", "slug must be lowercase alphanumeric with hyphens"),
    ("slug", "x" * 101, "slug", "at most 100"),
    ("schedule", " ", "schedule", "must not be blank"),
    ("schedule", "61 * * * *", "schedule", "minute"),
    ("schedule", "0 0 31 2 *", "schedule", "never comes round"),
    ("schedule", "@reboot", "schedule", "names no time"),
    ("schedule", "2020-02-03 04:05", "schedule", "names past dates only"),
    ("timezone", "Europe/Berlim", "timezone", "did you mean Europe/Berlin"),
    ("gracePeriodMin", 1441, "gracePeriodMin", "between 0 and 1440"),
    ("gracePeriodMin", -1, "gracePeriodMin", "between 0 and 1440"),
    ("gracePeriodMin", "5", "gracePeriodMin", "must be an integer"),
    ("gracePeriodMin", True, "gracePeriodMin", "must be an integer"),
    ("gracePeriodMin", 1.5, "gracePeriodMin", "must be an integer"),
    ("graceSec", 10**30, "graceSec", "less than or equal to 2592000"),
    ("graceSec", -1, "graceSec", "greater than or equal to 0"),
    ("maxRuntimeSec", 0, "maxRuntimeSec", "greater than or equal to 1"),
    ("failuresBeforeAlert", 0, "failuresBeforeAlert", "greater than or equal to 1"),
    ("slowFactor", 1, "slowFactor", "greater than 1"),
    ("slowFactor", 1e400, "slowFactor", "finite"),
    ("remindEverySec", 1, "remindEverySec", "greater than or equal to 60"),
    ("overlap", "yes", "overlap", "must be true or false"),
    ("tags", ["bad tag"], "tags", "is not a name"),
    ("tags", "db", "tags", "must be a list"),
    ("tags", [None], "tags[0]", "must not be null"),
    ("channels", ["slakc"], "channels", "no channel 'slakc' is defined"),
    ("channels", [{"type": "slack"}], "channels[0]", "must be a string"),
    ("projectId", "7", "projectId", "must be a UUID"),
    ("grace_sec", 60, "grace_sec", "did you mean graceSec?"),
    ("maxRuntimeSecs", 60, "maxRuntimeSecs", "did you mean maxRuntimeSec?"),
]


@rows(("field", "value", "path", "sentence"), BAD)
async def test_a_bad_field_is_named_and_nothing_is_made(
    admin: Console, field: str, value: Any, path: str, sentence: str
) -> None:
    document = json.dumps({**BODY, field: value}).replace("Infinity", "1e999").encode()

    answer = await admin.call("POST", MONITORS, document)

    assert answer.status == 422
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert list(answer.json["error"]["details"]) == [path]
    assert sentence in answer.json["error"]["details"][path]
    assert len((await admin.get(MONITORS))["items"]) == 1


async def test_all_bad_fields_are_named_at_once(admin: Console) -> None:
    answer = await admin.call("POST", MONITORS, {"slug": "A", "graceSec": -1})

    assert answer.json["error"]["details"].keys() == {"name", "slug", "schedule", "graceSec"}


async def test_two_graces_that_differ_are_refused(admin: Console) -> None:
    answer = await admin.call("POST", MONITORS, {**BODY, "gracePeriodMin": 5, "graceSec": 60})

    assert answer.json["error"]["details"] == {"gracePeriodMin": "contradicts graceSec; give one of them"}


@rows(
    ("body", "status", "code"),
    [
        (b"", 400, "MALFORMED_JSON"),
        (b"{broken", 400, "MALFORMED_JSON"),
        (b"[]", 400, "MALFORMED_JSON"),
        (b"null", 400, "MALFORMED_JSON"),
        (b'{"name": NaN}', 422, "VALIDATION_ERROR"),
        (b'{"name": "\xff"}', 400, "MALFORMED_JSON"),
        (b'{"name": "\\ud800"}', 400, "MALFORMED_JSON"),
        (b'{"name": "a\\u0000", "slug": "a", "schedule": "1h"}', 422, "VALIDATION_ERROR"),
        (b'{"x": ' + b"[" * 200 + b"]" * 200 + b"}", 422, "VALIDATION_ERROR"),
    ],
)
async def test_what_is_no_proper_document_is_refused(admin: Console, body: bytes, status: int, code: str) -> None:
    answer = await admin.call("POST", MONITORS, body)

    assert (answer.status, answer.json["error"]["code"]) == (status, code)


async def test_other_types_and_too_much_are_refused(admin: Console) -> None:
    form = await admin.call("POST", MONITORS, b"name=a", {"Content-Type": "application/x-www-form-urlencoded"})
    much = await admin.call("POST", MONITORS, {**BODY, "name": "x" * 2_000_000})

    assert (form.status, much.status) == (415, 413)


@rows(
    ("query", "path", "sentence"),
    [
        ("page=0", "page", "greater than or equal to 1"),
        ("page=-1", "page", "must be an integer"),
        ("page=1.5", "page", "must be an integer"),
        ("page=99999999999999999999999", "page", "less than or equal to"),
        ("perPage=x", "perPage", "must be an integer"),
        ("page=1&page=2", "page", "given twice"),
        ("projectId=1", "projectId", "must be a UUID"),
        ("per_page=5", "per_page", "did you mean perPage?"),
        ("slug=%00", "slug", "NUL"),
    ],
)
async def test_a_bad_parameter_is_named(admin: Console, query: str, path: str, sentence: str) -> None:
    answer = await admin.call("GET", f"{MONITORS}?{query}")

    assert answer.status == 422
    assert sentence in answer.json["error"]["details"][path]


@pytest.mark.parametrize("query", ["status=ok", "from=yesterday", "to=2026-02-30T00:00:00Z", "from=2026-01-01"])
async def test_a_bad_window_is_refused(admin: Console, query: str) -> None:
    answer = await admin.call("GET", f"{MONITORS}/{admin.daemon.monitor_uid}/history?{query}")

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "soon", 5])
async def test_a_pause_ends_in_the_near_future(admin: Console, until: Any) -> None:
    path = f"{MONITORS}/{admin.daemon.monitor_uid}"

    answer = await admin.call("POST", f"{path}/pause", {"until": until})

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == ["until"]
    assert (await admin.get(path))["isActive"]


@rows("uid", ["x", "%00", "..%2F..", "' OR 1=1--", "ß", "0" * 5000, "00000000-0000-0000-0000-000000000000"])
async def test_an_id_that_nothing_has_is_404(admin: Console, uid: str) -> None:
    answer = await admin.call("GET", f"{MONITORS}/{uid}")

    assert answer.status == 404
    assert re.fullmatch(r"[^\x00-\x1f]{1,200}", answer.json["error"]["message"])


async def test_an_instant_of_the_clock_is_not_shown_wrong(admin: Console) -> None:
    assert NOW == 1_775_000_000_000
    monitor = await admin.post(MONITORS, BODY)

    assert monitor["deadlineAt"] == "2026-04-01T00:38:20.000Z"


async def test_a_schedule_that_cannot_be_read_any_more_spoils_no_list(daemon: Daemon) -> None:
    home = await console(daemon)
    await home.post("/cron-monitors", BODY)

    def spoil(tx: Any, command: None, at: int) -> None:
        tx.behind.execute("UPDATE monitors SET schedule = 'every blue moon' WHERE slug = 'nightly'")
        tx.monitors.forget()

    await daemon.runner.run(spoil, None)
    listed = (await home.get("/cron-monitors"))["items"]
    spoilt = next(each for each in listed if each["slug"] == "nightly")

    assert len(listed) == 2
    assert "blue moon" in spoilt["scheduleProblem"]
    assert (await home.get(f"/cron-monitors/{spoilt['id']}"))["schedule"] == "every blue moon"
    await home.heartbeat("nightly", "failed")
    listed = (await home.get("/cron-monitors"))["items"]
    assert [each["currentStatus"] for each in listed if each["slug"] == "nightly"] == ["failed"]
