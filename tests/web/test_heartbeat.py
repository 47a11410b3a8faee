"""POST /ingest/v1/heartbeat: every row of contract.md 2."""

import asyncio
import json
from typing import Any

import pytest

from seestackd.core.pings import PingKind
from seestackd.operations import monitors
from seestackd.operations.pings import archived_pings
from tests.rows import rows
from tests.web.conftest import NOW, SECRET, Daemon

PATH = "/ingest/v1/heartbeat"
GOOD = {"slug": "nightly", "status": "success", "durationMs": 1200}


def but(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != field}


async def test_a_heartbeat_is_accepted_and_stored(daemon: Daemon) -> None:
    answer = await daemon.send(PATH, but(message="copied 12 files"))

    assert answer.status == 202
    assert answer.json == {"ok": True, "monitorId": daemon.monitor_uid}
    assert answer.headers["Content-Type"] == "application/json"
    (stored,) = await daemon.pings()
    assert stored.ping.kind is PingKind.SUCCESS
    assert stored.ping.arrived_at == NOW
    assert (stored.ping.duration_ms, stored.ping.message) == (1200, "copied 12 files")


@pytest.mark.parametrize("status", ["failed", "FAILED", "Failed"])
async def test_a_failed_run_is_recorded_in_any_ascii_case(daemon: Daemon, status: str) -> None:
    assert (await daemon.send(PATH, but(status=status))).status == 202
    assert [stored.ping.kind for stored in await daemon.pings()] == [PingKind.FAILED]


@pytest.mark.parametrize("header", ["X-SeeStack-Key", "X-AllStak-Key", "x-allstak-KEY"])
async def test_both_header_names_open_the_door(daemon: Daemon, header: str) -> None:
    assert (await daemon.send(PATH, GOOD, key=None, headers={header: SECRET})).status == 202


@pytest.mark.parametrize(
    "document",
    [
        but(durationMs=0),
        but(durationMs=12.0),
        but(durationMs=12.75),
        but(durationMs=2**63 - 1),
        but(message=None),
        but(message=""),
        but(message="m" * 65_536),
        but(message="héllo 🎉 \u2028"),
        but(unknown={"a": [1, None]}, release="1.2"),
        but(eventId="run-7", at=NOW - 60_000, sentAt=NOW, host="web1", traceId="t", rid="r"),
        but(eventId=None, at=None, sentAt=None, host=None, traceId=None, rid=None),
        but(host="h" * 5000),
    ],
    ids=lambda document: str(document)[50:90],
)
async def test_it_takes_what_the_contract_allows(daemon: Daemon, document: dict[str, Any]) -> None:
    assert (await daemon.send(PATH, document)).status == 202
    assert len(await daemon.pings()) == 1


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "Application/Json;x=y"])
async def test_the_media_type_may_be_written_in_any_way(daemon: Daemon, kind: str) -> None:
    assert (await daemon.send(PATH, GOOD, headers={"Content-Type": kind})).status == 202


@rows(
    ("document", "details"),
    [
        (without("slug"), {"slug": "must not be blank"}),
        (but(slug=None), {"slug": "must not be blank"}),
        (but(slug=""), {"slug": "must not be blank"}),
        (but(slug=" \t"), {"slug": "must not be blank"}),
        (but(slug="Nightly"), {"slug": "must consist of lower-case letters, digits and hyphens"}),
        (but(slug="nightly\n"), {"slug": "must consist of lower-case letters, digits and hyphens"}),
        (but(slug=7), {"slug": "must be a string"}),
        (without("status"), {"status": "must not be blank"}),
        (but(status=" \u2003"), {"status": "must not be blank"}),
        (but(status=True), {"status": "must be a string"}),
        (without("durationMs"), {"durationMs": "must not be null"}),
        (but(durationMs=None), {"durationMs": "must not be null"}),
        (but(durationMs=True), {"durationMs": "must be an integer"}),
        (but(durationMs="12"), {"durationMs": "must be an integer"}),
        (but(durationMs=[1]), {"durationMs": "must be an integer"}),
        (but(durationMs=-1), {"durationMs": "must be greater than or equal to 0"}),
        (but(durationMs=-1.0), {"durationMs": "must be greater than or equal to 0"}),
        (but(durationMs=2**63), {"durationMs": f"must be less than or equal to {2**63 - 1}"}),
        (but(durationMs=1e300), {"durationMs": f"must be less than or equal to {2**63 - 1}"}),
        (but(message=5), {"message": "must be a string"}),
        (but(message={"a": 1}), {"message": "must be a string"}),
        (but(eventId=5), {"eventId": "must be a string"}),
        (but(eventId="é" * 65), {"eventId": "must be at most 128 bytes long"}),
        (but(at="2026"), {"at": "must be an integer"}),
        (but(sentAt=-1), {"sentAt": "must be greater than or equal to 0"}),
        (but(host=1), {"host": "must be a string"}),
        ({}, {"slug": "must not be blank", "status": "must not be blank", "durationMs": "must not be null"}),
    ],
)
async def test_a_broken_field_is_named(daemon: Daemon, document: Any, details: dict[str, str]) -> None:
    answer = await daemon.send(PATH, document)

    assert answer.status == 422
    assert answer.json["success"] is False
    assert answer.json["error"] == {"code": "VALIDATION_ERROR", "message": "Validation failed", "details": details}
    assert await daemon.nothing_stored()


@rows("status", ["ok", " success", "success ", "ſuccess", "faıled", "missed"])
async def test_another_status_is_refused(daemon: Daemon, status: str) -> None:
    answer = await daemon.send(PATH, but(status=status))

    assert answer.status == 422
    message = "Status must be 'success' or 'failed'"
    assert answer.json == {"ok": False, "code": "VALIDATION_ERROR", "message": message}
    assert await daemon.nothing_stored()


async def test_an_unknown_slug_is_not_found(daemon: Daemon) -> None:
    answer = await daemon.send(PATH, but(slug="weekly"))

    assert answer.status == 404
    message = "No cron monitor found with slug: weekly"
    assert answer.json == {"ok": False, "code": "NOT_FOUND", "message": message}
    assert await daemon.nothing_stored()


async def test_heartbeats_of_an_archived_monitor_are_not_found_and_counted(daemon: Daemon) -> None:
    archived = await daemon.runner.run(monitors.archive, monitors.MonitorNamed(daemon.project_id, "nightly"))

    answers = [await daemon.send(PATH, GOOD) for _ in range(2)]

    assert [answer.status for answer in answers] == [404, 404]
    assert await daemon.runner.read(archived_pings, archived.id) == 2
    assert await daemon.nothing_stored()


async def test_the_status_is_checked_before_the_slug_is_looked_up(daemon: Daemon) -> None:
    assert (await daemon.send(PATH, but(slug="weekly", status="ok"))).status == 422


async def test_the_fields_are_checked_before_the_status(daemon: Daemon) -> None:
    answer = await daemon.send(PATH, but(status="ok", durationMs=None))

    assert answer.json["error"]["details"] == {"durationMs": "must not be null"}


async def test_secrets_in_a_message_are_masked_before_they_are_stored(daemon: Daemon) -> None:
    await daemon.send(PATH, but(message='login failed: {"password":"hunter2"} via mysql://root:toor@db/x'))

    (stored,) = await daemon.pings()
    assert stored.ping.message == 'login failed: {"password":"***REDACTED***"} via mysql://root:***REDACTED***@db/x'


@pytest.mark.parametrize("place", ["body", "header"])
async def test_a_heartbeat_seen_before_changes_nothing(daemon: Daemon, place: str) -> None:
    body = but(eventId="run-7") if place == "body" else GOOD
    headers = {"Idempotency-Key": "run-7"} if place == "header" else {}

    first = await daemon.send(PATH, body, headers=headers)
    second = await daemon.send(PATH, body, headers=headers)

    assert first.status == second.status == 202
    assert first.body == second.body
    assert len(await daemon.pings()) == 1


async def test_an_idempotency_key_of_undecodable_bytes_is_a_key(daemon: Daemon) -> None:
    body = json.dumps(GOOD).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-SeeStack-Key: {SECRET}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: "

    for _ in range(2):
        answer = await daemon.talk(head.encode() + b"k\xff\xfe\r\n\r\n" + body)
        assert answer.startswith(b"HTTP/1.1 202 ")

    assert len(await daemon.pings()) == 1


async def test_a_long_idempotency_key_is_refused(daemon: Daemon) -> None:
    answer = await daemon.send(PATH, GOOD, headers={"Idempotency-Key": "k" * 129})

    assert answer.status == 422
    assert answer.json["error"]["details"] == {"Idempotency-Key": "must be at most 128 bytes long"}


async def test_a_heartbeat_kept_by_its_client_counts_from_its_own_time(daemon: Daemon) -> None:
    await daemon.send(PATH, but(at=5_000, sentAt=65_000))

    (stored,) = await daemon.pings()
    assert (stored.ping.at, stored.ping.arrived_at) == (NOW - 60_000, NOW)


async def test_a_store_that_cannot_commit_says_when_to_come_back(daemon: Daemon) -> None:
    await daemon.runner.stop()

    answer = await daemon.send(PATH, GOOD)

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["ok"] is False
    assert answer.json["code"] == "UNAVAILABLE"


async def test_a_mistake_of_ours_is_answered_without_its_story(
    daemon: Daemon, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    def drop(tx: Any, command: None, at: int) -> None:
        tx.behind.execute("DROP TABLE pings")

    await daemon.runner.run(drop, None)

    answer = await daemon.send(PATH, GOOD)

    assert answer.status == 500
    assert answer.json == {"ok": False, "code": "INTERNAL_ERROR", "message": "Something went wrong on our side"}
    assert "Could not take /ingest/v1/heartbeat" in caplog.text
    assert SECRET not in caplog.text


async def test_sixteen_clients_at_once_are_all_heard(daemon: Daemon) -> None:
    answers = await asyncio.gather(*(daemon.send(PATH, GOOD) for _ in range(64)))

    assert {answer.status for answer in answers} == {202}
    assert len(await daemon.pings()) == 64


async def test_a_heartbeat_is_kept_with_the_address_it_came_from(daemon: Daemon) -> None:
    assert (await daemon.send(PATH, GOOD)).status == 202

    [stored] = await daemon.pings()
    assert stored.ping.source == "127.0.0.1"
