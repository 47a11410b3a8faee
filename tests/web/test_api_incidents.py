"""Incidents, maintenance, blind windows, notifications and the audit log over the management API."""

from typing import Any

import pytest

from seestackd.core.incidents import Alert, AlertKind, Severity
from seestackd.core.keys import Scope
from seestackd.operations import blind
from seestackd.store.interface import Transaction
from tests.rows import rows
from tests.web.api import BODY, Console, console
from tests.web.conftest import NOW, Daemon

WINDOWS = "/maintenance-windows"
ONCE = {"title": "Upgrade", "startsAt": "2026-04-01T02:00:00Z", "endsAt": "2026-04-01T04:00:00Z"}
RECURRING = {"title": "Sundays", "schedule": "0 2 * * 0", "durationSec": 7200, "timezone": "Europe/Berlin"}


@pytest.fixture
async def admin(daemon: Daemon) -> Console:
    return await console(daemon)


async def trouble(admin: Console) -> Any:
    await admin.heartbeat("nightly", "failed", "disk full")
    (incident,) = (await admin.get("/incidents?state=open"))["items"]
    return incident


async def test_an_incident_is_listed_by_state_and_monitor(admin: Console) -> None:
    monitor = await admin.post("/cron-monitors", BODY)
    incident = await trouble(admin)

    assert (incident["kind"], incident["severity"], incident["closedAt"]) == ("failed", "critical", None)
    assert incident["monitor"]["slug"] == "nightly"
    assert (await admin.get("/incidents"))["pagination"] == {"page": 1, "perPage": 20, "total": 1}
    assert (await admin.get("/incidents?state=closed"))["items"] == []
    assert (await admin.get(f"/incidents?monitorId={monitor['id']}"))["items"] == []
    assert (await admin.get(f"/incidents?monitorId={incident['monitor']['id']}"))["items"] == [incident]
    assert await admin.get(f"/incidents/{incident['id']}") == incident


async def test_somebody_takes_care(admin: Console) -> None:
    incident = await trouble(admin)

    acked = await admin.post(f"/incidents/{incident['id']}/ack", {"by": "on-call"})
    again = await admin.post(f"/incidents/{incident['id']}/ack")

    assert (acked["ackedBy"], acked["ackedAt"]) == ("on-call", "2026-03-31T23:33:20.000Z")
    assert again == acked


async def test_without_a_name_the_key_takes_care(admin: Console) -> None:
    incident = await trouble(admin)

    assert (await admin.post(f"/incidents/{incident['id']}/ack"))["ackedBy"] == "admin-key"


@pytest.mark.parametrize("by", ["", " ", "a\nb", "\x1b[2J", "x" * 256, 5])
async def test_whoever_takes_care_has_a_name_of_one_line(admin: Console, by: Any) -> None:
    incident = await trouble(admin)

    answer = await admin.call("POST", f"/incidents/{incident['id']}/ack", {"by": by})

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == ["by"]
    assert await admin.get(f"/incidents/{incident['id']}") == incident


async def test_an_incident_is_silenced_for_a_while_or_until_an_instant(admin: Console) -> None:
    path = f"/incidents/{(await trouble(admin))['id']}/silence"

    for_a_while = await admin.post(path, {"durationSec": 3600})
    until = await admin.post(path, {"until": "2026-04-01T08:00:00+02:00"})

    assert for_a_while["silencedUntil"] == "2026-04-01T00:33:20.000Z"
    assert until["silencedUntil"] == "2026-04-01T06:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "until"),
        ({"until": "2026-04-02T00:00:00Z", "durationSec": 60}, "until"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "9999-12-31T23:59:59Z"}, "until"),
        ({"durationSec": 0}, "durationSec"),
        ({"durationSec": 10**12}, "durationSec"),
        ({"duration": 60}, "until"),
        ({"durationSecs": 60, "until": "2026-04-02T00:00:00Z"}, "durationSecs"),
    ],
)
async def test_a_silence_says_how_long(admin: Console, body: Any, field: str) -> None:
    incident = await trouble(admin)

    answer = await admin.call("POST", f"/incidents/{incident['id']}/silence", body)

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == [field]
    assert await admin.get(f"/incidents/{incident['id']}") == incident


async def test_a_closed_incident_is_left_alone(admin: Console) -> None:
    incident = await trouble(admin)
    await admin.heartbeat("nightly")

    answers = [
        await admin.call("POST", f"/incidents/{incident['id']}/ack"),
        await admin.call("POST", f"/incidents/{incident['id']}/silence", {"durationSec": 60}),
    ]

    assert [answer.status for answer in answers] == [409, 409]
    assert "closed already" in answers[0].json["error"]["message"]


async def test_another_projects_trouble_is_nobodys_business(daemon: Daemon, admin: Console) -> None:
    incident = await trouble(admin)
    window = await admin.post(WINDOWS, ONCE)
    other = await console(daemon, project="shop")

    assert (await other.get("/incidents"))["items"] == []
    assert (await other.get(WINDOWS))["items"] == []
    for method, path, body in (
        ("GET", f"/incidents/{incident['id']}", b""),
        ("POST", f"/incidents/{incident['id']}/ack", b""),
        ("POST", f"/incidents/{incident['id']}/silence", {"durationSec": 60}),
        ("GET", f"/incidents?monitorId={incident['monitor']['id']}", b""),
        ("GET", f"{WINDOWS}/{window['id']}", b""),
        ("DELETE", f"{WINDOWS}/{window['id']}", b""),
    ):
        assert (await other.call(method, path, body)).status == 404, path


async def test_windows_are_planned_listed_and_called_off(admin: Console) -> None:
    once = await admin.post(WINDOWS, {**ONCE, "monitors": ["nightly"], "tags": ["db"]})
    recurring = await admin.post(WINDOWS, RECURRING)

    assert (once["startsAt"], once["monitors"], once["schedule"]) == ("2026-04-01T02:00:00.000Z", ["nightly"], None)
    assert (recurring["durationSec"], recurring["timezone"]) == (7200, "Europe/Berlin")
    assert (await admin.get(WINDOWS))["items"] == [once, recurring]
    assert await admin.get(f"{WINDOWS}/{once['id']}") == once
    assert (await admin.call("DELETE", f"{WINDOWS}/{once['id']}")).status == 204
    assert (await admin.get(f"{WINDOWS}?perPage=1"))["pagination"] == {"page": 1, "perPage": 1, "total": 1}
    assert (await admin.call("DELETE", f"{WINDOWS}/{once['id']}")).status == 404


@rows(
    ("body", "field"),
    [
        ({"title": "x"}, "startsAt"),
        ({**ONCE, "title": " "}, "title"),
        ({**ONCE, "endsAt": ONCE["startsAt"]}, "endsAt"),
        ({**ONCE, "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-02T00:00:00Z"}, "endsAt"),
        ({**ONCE, "endsAt": "2027-04-01T04:00:00Z"}, "endsAt"),
        ({**ONCE, "schedule": "0 2 * * 0", "durationSec": 60}, "schedule"),
        ({**ONCE, "durationSec": 60}, "durationSec"),
        ({**ONCE, "timezone": "UTC"}, "timezone"),
        ({**ONCE, "monitors": ["nightli"]}, "monitors"),
        ({**RECURRING, "durationSec": None}, "durationSec"),
        ({**RECURRING, "schedule": "1h"}, "schedule"),
        ({**RECURRING, "timezone": "Mars"}, "timezone"),
    ],
)
async def test_a_window_that_makes_no_sense_is_refused(admin: Console, body: Any, field: str) -> None:
    answer = await admin.call("POST", WINDOWS, body)

    assert answer.status == 422
    assert list(answer.json["error"]["details"]) == [field]
    assert (await admin.get(WINDOWS))["items"] == []


async def test_blind_windows_name_no_monitor_of_another_project(daemon: Daemon, admin: Console) -> None:
    def blinded(tx: Transaction, command: None, at: int) -> None:
        blind.blinded(tx, blind.Blinded(NOW - 600_000, NOW, "not running"), at)
        tx.blind.blame(NOW - 600_000, "nightly")

    await daemon.runner.run(blinded, None)
    other = await console(daemon, project="shop")

    (mine,) = (await admin.get("/blind-windows"))["items"]
    (theirs,) = (await other.get("/blind-windows"))["items"]
    assert mine == {
        "startedAt": "2026-03-31T23:23:20.000Z",
        "endedAt": "2026-03-31T23:33:20.000Z",
        "cause": "not running",
        "unknownRuns": 1,
        "monitors": ["nightly"],
    }
    assert theirs == {**mine, "monitors": []}


async def test_what_was_told_is_listed_and_read(daemon: Daemon, admin: Console) -> None:
    def told(tx: Transaction, project_id: int, at: int) -> None:
        kinds = (AlertKind.MISSED, AlertKind.FAILED, AlertKind.SLOW, AlertKind.RECOVERED)
        facts = {"slug": "nightly"}
        rows = tx.outbox.put(
            [Alert(tx.new_id(), "ops", kind, Severity.CRITICAL, facts, project_id) for kind in kinds], at
        )
        for row_id, state in zip(rows, ("delivered", "dead", "delivered", "superseded"), strict=True):
            tx.outbox.settle(row_id, state, f"{state} because", at)

    await daemon.runner.run(told, admin.project.id)
    other = await console(daemon, project="shop")

    entries = (await admin.get("/notification-log"))["items"]
    read = await admin.call("PATCH", f"/notifications/{entries[0]['id']}/read")
    one_less = await admin.get("/notifications/unread-count")
    foreign = await other.call("PATCH", f"/notifications/{entries[1]['id']}/read")
    await other.call("PATCH", "/notifications/read-all")
    untouched = await admin.get("/notifications/unread-count")
    all_read = await admin.call("PATCH", "/notifications/read-all")

    assert [(entry["triggerType"], entry["status"], entry["errorMessage"]) for entry in entries] == [
        ("job_duration_spike", "sent", None),
        ("job_failed", "failed", "dead because"),
        ("job_missed", "sent", None),
    ]
    assert (entries[0]["channelType"], entries[0]["monitor"], entries[0]["isRead"]) == ("ops", "nightly", False)
    assert read.json["data"] == {**entries[0], "isRead": True}
    assert (one_less, untouched) == ({"count": 2}, {"count": 2})
    assert foreign.status == 404
    assert all_read.json["data"] == {"success": True}
    assert await admin.get("/notifications/unread-count") == {"count": 0}
    assert (await other.get("/notifications"))["items"] == []


async def test_every_change_is_on_record_with_who_and_from_where(daemon: Daemon, admin: Console) -> None:
    monitor = await admin.post("/cron-monitors", {**BODY, "someoneElsesField": "secret"})
    path = f"/cron-monitors/{monitor['id']}"
    await admin.call("POST", "/cron-monitors", BODY)
    await admin.post(f"{path}/pause", {"until": "2026-04-01T12:00:00Z"})
    made = await admin.post("/api-keys", {"name": "deploy"})
    await admin.call("DELETE", path)
    reader = await console(daemon, Scope.READ)

    log = await reader.get("/audit-log")

    assert [(entry["action"], entry["about"]) for entry in log["items"]] == [
        ("monitor.delete", monitor["id"]),
        ("key.create", "deploy"),
        ("monitor.pause", monitor["id"]),
        ("monitor.create", "nightly-backup"),
    ]
    assert {entry["actor"] for entry in log["items"]} == {f"key admin-key ({admin.key[:8]}…)"}
    assert {entry["source"] for entry in log["items"]} == {"127.0.0.1"}
    assert log["items"][2]["changes"] == {"until": "2026-04-01T12:00:00.000Z"}
    assert log["items"][3]["changes"] == BODY
    assert made["key"] not in str(log)
    assert log["pagination"]["total"] == 4
