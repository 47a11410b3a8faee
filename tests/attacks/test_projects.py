"""Two projects, each with the other's keys: nothing is reached, told or changed."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys
from seestackd.web.api.route import Route
from seestackd.web.api.routes import ROUTES
from tests.web.api import BODY, Console, console
from tests.web.conftest import NOW, Daemon

MARK = "only-of-one"
NAME = "named-by-both"  # what two itself may call a session, error or user of its own
HOOK = "https://hooks.slack.com/services/T0/B0/onlyofone"
RULE = {"name": MARK, "triggerType": "job_failed", "channels": [{"type": "slack", "webhook_url": HOOK}]}
WINDOW = {"title": MARK, "startsAt": "2026-04-01T02:00:00Z", "endsAt": "2026-04-01T04:00:00Z"}
LISTS = (
    "/cron-monitors", "/incidents", "/maintenance-windows", "/alert-rules", "/sessions", "/http-requests", "/erasures",
)  # fmt: skip


@pytest.fixture
async def one(daemon: Daemon) -> Console:
    return await console(daemon, project="one")


@pytest.fixture
async def two(daemon: Daemon) -> Console:
    return await console(daemon, project="two")


async def furnished(one: Console) -> dict[str, str]:
    """Fill a project; returns what its things are called in paths."""
    monitor = await one.post("/cron-monitors", {**BODY, "name": MARK, "slug": MARK})
    await one.heartbeat(MARK, "failed", MARK)
    window = await one.post("/maintenance-windows", WINDOW)
    rule = await one.post("/alert-rules", RULE)
    key = await one.post(f"/projects/{one.project.uid}/api-keys", {"name": MARK, "scope": "read"})
    event = {"eventType": "click", "eventData": f'{{"text": "{MARK}"}}', "url": None, "timestampMillis": NOW}
    batch = {"fingerprint": NAME, "sessionId": NAME, "events": [event]}
    request = {
        "timestamp": "2026-03-31T23:33:20Z", "traceId": MARK, "direction": "inbound", "method": "GET", "host": MARK,
        "path": "/", "statusCode": 200, "durationMs": 1, "userId": NAME,
    }  # fmt: skip
    for path, body in (("replay", batch), ("http-requests", {"requests": [request]})):
        answer = await one.daemon.send(f"/ingest/v1/{path}", body, key=one.key)
        assert answer.status == 202, answer.body
    (incident,) = (await one.get("/incidents"))["items"]
    uids = {"monitor": monitor["id"], "incident": incident["id"], "window": window["id"], "rule": rule["id"]}
    return {**uids, "key": key["id"], "project": one.project.uid, "text": NAME}


async def seen(one: Console) -> Mapping[str, Any]:
    return {path: await one.get(path) for path in LISTS}


def paths(route: Route, ids: Mapping[str, str]) -> Iterator[str]:
    parts = re.findall(r"\{\w+\}", route.path)
    values = [ids["text"]] if route.part == "text" else [value for name, value in ids.items() if name != "text"]
    for chosen in itertools.product(values, repeat=len(parts)):
        path = route.path
        for part, value in zip(parts, chosen, strict=True):
            path = path.replace(part, value)
        yield path


async def test_no_key_reaches_into_another_project(one: Console, two: Console) -> None:
    ids, reached, tried = await furnished(one), [], 0
    before = await seen(one)
    for route in ROUTES:
        for path, query in itertools.product(paths(route, ids), ("", f"?projectId={one.project.uid}")):
            answer = await two.call(route.method, path + query, dict(route.example or {}))
            tried += 1
            body = answer.body.decode(errors="replace")
            told = MARK in body or (answer.status < 300 and one.project.uid in body)
            took = answer.status < 300 and not route.any_project
            took = took and (bool(query) or (route.part == "uuid" and "{" in route.path))
            if told or took or answer.status >= 500:
                reached.append((route.method, path, query, answer.status))

    assert tried > 300
    assert reached == []
    assert await seen(one) == before


async def test_no_report_lands_in_another_project(one: Console, two: Console) -> None:
    await furnished(one)
    for_urls = make_secret(b"\x17" * 32)
    project = await one.daemon.runner.run(keys.ensure_project, keys.EnsureProject("two", "two"))
    await one.daemon.runner.run(keys.create, keys.CreateKey(project.id, "urls", Scope.PING, for_urls))
    before = await seen(one)

    body = {"slug": MARK, "status": "failed", "durationMs": 1, "message": "of two"}
    by_heartbeat = await two.daemon.send("/ingest/v1/heartbeat", body, key=two.key)
    by_url = await two.daemon.send(f"/ping/{for_urls}/{MARK}/fail", method="GET", key=None)

    assert (by_heartbeat.status, by_url.status) == (404, 404)
    assert await seen(one) == before
    assert MARK not in json.dumps(await seen(two))
