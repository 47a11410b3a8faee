"""Alert rules over the API: the shapes of contract.md 6.5, and what is refused."""

from typing import Any

import pytest

from seestackd.core.keys import Scope
from tests.rows import rows
from tests.web.api import Console, console
from tests.web.conftest import Daemon

HOOK = "https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/abcdefghijklmnopqrstuvwx"
BODY = {"name": "Backups", "triggerType": "job_failed", "channels": [{"type": "slack", "webhook_url": HOOK}]}


async def test_a_rule_is_answered_in_the_shape_of_the_contract(daemon: Daemon) -> None:
    admin = await console(daemon)
    sent = {
        **BODY,
        "projectId": admin.project.uid,
        "quietHoursEnabled": True,
        "quietStart": "22:30",
        "quietEnd": "06:00",
    }
    answer = await admin.call("POST", "/alert-rules", sent)
    rule = answer.json["data"]

    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v1/alert-rules/{rule['id']}"
    assert {name: rule[name] for name in rule if name not in ("id", "channels", "createdAt", "updatedAt")} == {
        "projectId": admin.project.uid,
        "name": "Backups",
        "triggerType": "job_failed",
        "triggerConfig": {},
        "severityFilter": "all",
        "quietHoursEnabled": True,
        "quietStart": "22:30:00",
        "quietEnd": "06:00:00",
        "isEnabled": True,
    }
    assert await admin.get(f"/alert-rules/{rule['id']}") == rule


async def test_what_is_left_out_gets_the_defaults_of_the_contract(daemon: Daemon) -> None:
    admin = await console(daemon)
    rule = await admin.post("/alert-rules", BODY)

    shown = (rule["severityFilter"], rule["quietHoursEnabled"], rule["quietStart"], rule["quietEnd"])
    assert shown == ("all", False, "23:00:00", "08:00:00")


@pytest.mark.parametrize(
    ("trigger", "sent", "kept"),
    [
        ("http_error_rate", {}, {"thresholdPercent": 10}),
        ("http_error_rate", {"thresholdPercent": 2.5}, {"thresholdPercent": 2.5}),
        ("http_slow_endpoint", {}, {"thresholdMs": 2000}),
        ("http_slow_endpoint", {"thresholdMs": 500, "path": "/pay"}, {"thresholdMs": 500, "path": "/pay"}),
        ("http_outbound_down", {"host": "a.example"}, {"host": "a.example", "consecutiveFailures": 3}),
    ],
)
async def test_thresholds_have_defaults(daemon: Daemon, trigger: str, sent: Any, kept: Any) -> None:
    admin = await console(daemon)
    rule = await admin.post("/alert-rules", {**BODY, "triggerType": trigger, "triggerConfig": sent})

    assert rule["triggerConfig"] == kept


async def test_lists_are_paged_newest_first(daemon: Daemon) -> None:
    admin = await console(daemon)
    for name in ("one", "two", "three"):
        await admin.post("/alert-rules", {**BODY, "name": name})
    page = await admin.get("/alert-rules?perPage=2")

    assert [rule["name"] for rule in page["items"]] == ["three", "two"]
    assert page["pagination"] == {"page": 1, "perPage": 2, "total": 3}


async def test_it_is_replaced_switched_and_deleted(daemon: Daemon) -> None:
    admin = await console(daemon)
    rule = await admin.post("/alert-rules", BODY)
    path = f"/alert-rules/{rule['id']}"

    changed = (await admin.call("PATCH", path, {**BODY, "name": "Other", "severityFilter": "critical"})).json["data"]
    assert (changed["name"], changed["severityFilter"], changed["createdAt"]) == (
        "Other",
        "critical",
        rule["createdAt"],
    )
    for state in (False, True):
        toggled = (await admin.call("PATCH", f"{path}/toggle", b"whatever")).json["data"]
        assert toggled == {"id": rule["id"], "isEnabled": state}
    deleted = await admin.call("DELETE", path)
    assert deleted.status == 200
    assert "data" not in deleted.json
    assert (await admin.call("GET", path)).status == 404
    assert (await admin.call("DELETE", path)).json["error"]["message"] == f"AlertRule not found: {rule['id']}"


@pytest.mark.parametrize(
    ("channel", "shown"),
    [
        ({"type": "slack", "webhook_url": HOOK}, {"webhook_url": "https://hooks.slack.com/…"}),
        ({"type": "slack", "webhookUrl": HOOK}, {"webhookUrl": "https://hooks.slack.com/…"}),
        (
            {"type": "discord", "webhookUrl": "https://discord.com/api/webhooks/123456/secretsecret"},
            {"webhookUrl": "https://discord.com/…"},
        ),
        (
            {"type": "slack", "webhook_url": "https://chat.example/hooks/secretsecret"},
            {"webhook_url": "https://chat.example/…"},
        ),
        ({"type": "push", "url": "ntfys://user:secretsecret@ntfy.example/topic"}, {"url": "ntfys://ntfy.example/…"}),
        ({"type": "push", "url": "pover://secretsecret@tokensecret"}, {"url": "pover://…"}),
        ({"type": "email", "to": "ann@mail.example"}, {"to": "ann@mail.example"}),
    ],
)
async def test_no_secret_is_shown_again(daemon: Daemon, channel: Any, shown: Any) -> None:
    admin = await console(daemon)
    answer = await admin.call("POST", "/alert-rules", {**BODY, "channels": [channel]})
    (kept,) = answer.json["data"]["channels"]
    log = await admin.call("GET", "/audit-log")

    assert {name: value for name, value in kept.items() if name not in ("id", "type")} == shown
    for told in (answer.body, log.body):
        assert b"secret" not in told
        assert b"abcdefgh" not in told


async def test_a_console_may_send_back_what_it_was_shown(daemon: Daemon) -> None:
    admin = await console(daemon)
    rule = await admin.post("/alert-rules", BODY)
    again = await admin.call("PATCH", f"/alert-rules/{rule['id']}", {**rule, "name": "Renamed"})

    assert again.status == 200, again.body
    assert again.json["data"]["channels"] == rule["channels"]


BAD = [
    ({"name": " "}, "name"),
    ({"name": None}, "name"),
    ({"triggerType": "job_late"}, "triggerType"),
    ({"triggerType": None}, "triggerType"),
    ({"channels": None}, "channels"),
    ({"channels": ["slack"]}, "channels[0]"),
    ({"channels": [{"type": "slack"}] * 11}, "channels"),
    ({"channels": [{"webhook_url": HOOK}]}, "channels[0].type"),
    ({"channels": [{"type": "fax", "to": "1"}]}, "channels[0].type"),
    ({"channels": [{"type": "slack"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhookUrl": " "}]}, "channels[0].webhookUrl"),
    ({"channels": [{"type": "slack", "webhook_url": 7}]}, "channels[0].webhook_url"),
    (
        {"channels": [{"type": "slack", "webhook_url": "http://hooks.slack.com/services/T/B/x"}]},
        "channels[0].webhook_url",
    ),
    ({"channels": [{"type": "slack", "webhook_url": "file:///etc/passwd"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://u:p@a.example/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://a.example:99999/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://[::1/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://127.0.0.1/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://[::1]/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://2130706433/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://0x7f000001/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": "https://localhost/x"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "discord", "webhook_url": "https://169.254.169.254/latest"}]}, "channels[0].webhook_url"),
    ({"channels": [{"type": "slack", "webhook_url": HOOK}, {"type": "push", "url": "x"}]}, "channels[1].url"),
    ({"channels": [{"type": "push", "url": "json://10.0.0.1/x"}]}, "channels[0].url"),
    ({"channels": [{"type": "push", "url": "syslog://local0"}]}, "channels[0].url"),
    ({"channels": [{"type": "push", "url": "mailto://a.example"}]}, "channels[0].url"),
    ({"channels": [{"type": "push", "url": "ntfys://a.example/\nx"}]}, "channels[0].url"),
    ({"channels": [{"type": "push", "url": "ntfys://a.example/ x"}]}, "channels[0].url"),
    ({"channels": [{"type": "push", "url": "ntfys://" + "a" * 3000}]}, "channels[0].url"),
    ({"channels": [{"type": "email", "to": "nobody"}]}, "channels[0].to"),
    ({"channels": [{"type": "email", "to": "a@b.example,c@d.example"}]}, "channels[0].to"),
    ({"channels": [{"type": "email", "to": "a@b.example?cc=c@d.example"}]}, "channels[0].to"),
    ({"channels": [{"type": "slack", "webhook_url": "https://hooks.slack.com/…"}]}, "channels[0].webhook_url"),
    ({"severityFilter": "warning"}, "severityFilter"),
    ({"quietHoursEnabled": "yes"}, "quietHoursEnabled"),
    ({"quietStart": "25:00"}, "quietStart"),
    ({"quietStart": 23}, "quietStart"),
    ({"quietEnd": "08:00+02:00"}, "quietEnd"),
    ({"quietHoursEnabled": True, "quietStart": "08:00", "quietEnd": "08:00"}, "quietEnd"),
    ({"triggerConfig": []}, "triggerConfig"),
    ({"triggerConfig": {"deep": {"er": 1}}}, "triggerConfig"),
    ({"triggerType": "http_error_rate", "triggerConfig": {"thresholdPercent": 1000}}, "triggerConfig.thresholdPercent"),
    ({"quietHours": True}, None),
    ({"trigerType": "job_failed"}, "trigerType"),
]


@pytest.fixture
async def admin(daemon: Daemon) -> Console:
    return await console(daemon)


@rows(("change", "field"), BAD)
async def test_what_is_wrong_is_named_and_nothing_is_stored(admin: Console, change: Any, field: str | None) -> None:
    before = (await admin.get("/alert-rules"))["pagination"]["total"]
    answer = await admin.call("POST", "/alert-rules", {**BODY, **change})
    if field is None:
        assert answer.status == 201
        return

    assert (answer.status, list(answer.json["error"]["details"])) == (422, [field]), answer.body
    assert (await admin.get("/alert-rules"))["pagination"]["total"] == before


async def test_another_projects_rules_are_not_there(daemon: Daemon) -> None:
    admin, other = await console(daemon), await console(daemon, project="other")
    rule = await admin.post("/alert-rules", BODY)

    assert (await other.get("/alert-rules"))["items"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("PATCH", "/toggle"), ("DELETE", "")):
        assert (await other.call(method, f"/alert-rules/{rule['id']}{path}", BODY)).status == 404
    assert (await other.call("POST", "/alert-rules", {**BODY, "projectId": admin.project.uid})).status == 404


async def test_a_read_key_only_reads(daemon: Daemon) -> None:
    reader = await console(daemon, Scope.READ)

    assert (await reader.call("GET", "/alert-rules")).status == 200
    assert (await reader.call("POST", "/alert-rules", BODY)).status == 403


async def test_the_log_names_the_rule_and_shows_what_quiet_hours_held_back(daemon: Daemon) -> None:
    admin = await console(daemon)
    # It is 23:33 UTC for the daemon.
    quiet = {"quietHoursEnabled": True, "quietStart": "23:00", "quietEnd": "08:00"}
    rule = await admin.post("/alert-rules", {**BODY, **quiet})
    await admin.post("/cron-monitors", {"name": "Job", "slug": "job", "schedule": "1h"})
    await admin.heartbeat("job", "failed")
    (entry,) = (await admin.get("/notification-log"))["items"]

    told = (entry["alertRuleId"], entry["status"], entry["channelType"], entry["triggerType"], entry["errorMessage"])
    assert told == (rule["id"], "skipped_quiet_hours", "slack", "job_failed", None)
