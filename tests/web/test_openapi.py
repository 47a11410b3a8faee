"""The OpenAPI document tells the truth: every route is in it, and what it promises is what comes back."""

import asyncio
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from seestackd.core.incidents import Alert, AlertKind, Severity
from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys
from seestackd.store.interface import Transaction
from seestackd.web.api.routes import ROUTES
from seestackd.web.openapi import document
from seestackd.web.server import WebSettings
from tests.rows import rows
from tests.web.conftest import Daemon, Prepared, listening

SECRET = make_secret(b"\x07" * 32)
KEY = {"Authorization": f"Bearer {SECRET}"}
PROMISES = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
LONG_CASES = int(os.environ.get("SEESTACKD_FUZZ_CASES", "100000"))
FIRST_TURN = int(os.environ.get("SEESTACKD_FUZZ_TURN", "0"))
"""Other numbers send other cases."""


class Page(HTMLParser):
    """Collects what a page refers to, and its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, name: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.tags if name in attributes]


def served(daemon: Daemon) -> set[tuple[str, str]]:
    """(method, path) of everything the router knows below /api."""
    resources = daemon.app.router.resources()
    return {
        (route.method, resource.canonical)
        for resource in resources
        if resource.canonical.startswith("/api/")
        for route in resource
        if route.method not in ("HEAD", "OPTIONS")
    }


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


async def test_every_route_is_in_the_document_and_nothing_else(daemon: Daemon) -> None:
    told = {(method.upper(), path) for path, item in document()["paths"].items() for method in item}

    assert told == served(daemon)


def test_every_call_is_described() -> None:
    operations = [operation for item in document()["paths"].values() for operation in item.values()]

    assert all(operation["summary"] and operation["tags"] for operation in operations)
    assert max(Counter(operation["operationId"] for operation in operations).values()) == 1


async def test_a_url_that_is_too_long_gets_a_status_that_every_call_describes(daemon: Daemon) -> None:
    answer = await daemon.send("/api/v1/cron-monitors?projectId=" + "x" * 9000, method="GET", key=None)
    described = [operation["responses"] for item in document()["paths"].values() for operation in item.values()]

    assert answer.status == 400
    assert all("400" in responses for responses in described)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(document())):
        found: Any = document()
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


@rows("route", [route for route in ROUTES if route.body is not None])
def test_every_body_has_an_example_that_is_accepted(route: Any) -> None:
    assert route.body.model_validate_json(json.dumps(dict(route.example)))


async def test_the_document_is_for_everybody(daemon: Daemon) -> None:
    answer = await daemon.send("/openapi.json", method="GET", key=None)

    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "application/json")
    assert answer.json == document()
    assert answer.json["openapi"].startswith("3.1.")


async def test_the_reference_page_needs_no_other_host_and_runs_nothing(daemon: Daemon) -> None:
    answer = await daemon.send("/docs", method="GET", key=None)
    page = Page(answer.body.decode())
    style = await daemon.send("/docs/style.css", method="GET", key=None)

    operations = [operation["operationId"] for item in document()["paths"].values() for operation in item.values()]
    links = page.values("href") + page.values("src")
    assert set(operations) <= set(page.values("id"))
    assert {link for link in links if not link.startswith("#")} == {"docs/style.css", "openapi.json"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(page.values("id"))
    assert not {"script", "style", "iframe", "img"} & {tag for tag, _ in page.tags}
    assert not page.values("style")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert style.status == 200
    assert not re.search(rb"url\(|@import", style.body)


class Fuzzed:
    """A daemon in a thread of its own, for a client that knows no event loop, and one of every kind of object."""

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        self._prepared, self._folder = prepared, folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.session = requests.Session()
        self.counted: Counter[int] = Counter()
        self.turn = FIRST_TURN

    def __enter__(self) -> "Fuzzed":
        self._thread.start()
        assert self._ready.wait(10)
        schema = schemathesis.openapi.from_url(f"{self.base}/openapi.json")
        self.operations = {each.ok().label: each.ok() for each in schema.get_all_operations()}
        return self

    def __exit__(self, *exc: object) -> None:
        self.session.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        async with listening(self._prepared, self._folder, WebSettings(shutdown_timeout=1)) as daemon:
            await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "fuzz", Scope.ADMIN, SECRET))
            self.alert = await daemon.runner.run(_told, daemon.project_id)
            self.base = f"http://127.0.0.1:{daemon.port}"
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self._ready.set()
            await self._stop.wait()

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return self.session.request(
            method, f"{self.base}{path}", json=body, headers={**KEY, "X-SeeStack-Key": SECRET}
        ).json()

    def objects(self) -> dict[str, str]:
        """Path of a kind -> id of a new object of that kind."""
        self.turn += 1
        slug = f"probe-{self.turn}"
        bodies: dict[str, Any] = {
            "cron-monitors": {"name": "Probe", "slug": slug, "schedule": "1h"},
            "maintenance-windows": {"title": "Probe", "schedule": "0 3 * * *", "durationSec": 60},
            "projects": {"name": "Probe"},
            "api-keys": {"name": "probe"},
            "alert-rules": {"name": "Probe", "triggerType": "http_error_rate", "channels": []},
        }
        answers = {kind: self._call("POST", f"/api/v1/{kind}", body) for kind, body in bodies.items()}
        # A project has so many alert rules and no more.
        made = {
            kind: answer.get("data") or self._call("GET", f"/api/v1/{kind}?perPage=1")["data"]["items"][0]
            for kind, answer in answers.items()
        }
        self._call("POST", "/ingest/v1/heartbeat", {"slug": slug, "status": "failed", "durationMs": 1})
        # None opens while a window that was sent covers the project.
        incidents = self._call("GET", "/api/v1/incidents?perPage=1")["data"]["items"]
        self.home = made["api-keys"]["projectId"]
        return {**{kind: each["id"] for kind, each in made.items()}, "incidents": incidents[0]["id"],
                "notifications": self.alert}  # fmt: skip

    def check(self, label: str, cases: int) -> None:
        """Send `cases` good requests and as many bad ones for one operation, most about an object that exists."""
        objects = self.objects() if "{" in label else {}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            self._send(label, mode, cases, objects)

    def _send(self, label: str, mode: GenerationMode, cases: int, objects: dict[str, str]) -> None:
        operation = self.operations[label]
        kind = operation.path.split("/")[3]

        @seed(self.turn)
        @settings(max_examples=cases, database=None, deadline=None, suppress_health_check=list(HealthCheck),
                  phases=[Phase.generate])  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode), real=st.integers(0, 3))
        def run(case: schemathesis.Case, real: int) -> None:
            if real and kind in objects and isinstance(case.path_parameters, dict) and "id" in case.path_parameters:
                case.path_parameters["id"] = objects[kind]
                if "keyId" in case.path_parameters:
                    case.path_parameters.update(id=self.home, keyId=objects["api-keys"])
            response = case.call(base_url=self.base, session=self.session, headers=KEY)
            self.counted[response.status_code] += 1
            case.validate_response(response, checks=PROMISES)

        run()


def _told(tx: Transaction, project_id: int, at: int) -> str:
    alert = Alert(tx.new_id(), "ops", AlertKind.MISSED, Severity.CRITICAL, {"slug": "probe"}, project_id)
    (row_id,) = tx.outbox.put([alert], at)
    tx.outbox.settle(row_id, "delivered", "sent", at)
    return alert.alert_id


LABELS = [f"{route.method} {route.full_path}" for route in ROUTES]


def test_what_is_promised_comes_back_whatever_is_sent(prepared: Prepared, tmp_path: Path) -> None:
    with Fuzzed(prepared, tmp_path) as fuzzed:
        for label in LABELS:
            fuzzed.check(label, 2)

    assert fuzzed.counted.keys() >= {200, 201, 204, 404, 422}


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_what_is_promised_comes_back_in_a_hundred_thousand_cases(prepared: Prepared, tmp_path: Path) -> None:
    cases = LONG_CASES // (len(LABELS) * 2 * 10) + 1
    with Fuzzed(prepared, tmp_path) as fuzzed:
        while fuzzed.counted.total() < LONG_CASES:
            for label in LABELS:
                fuzzed.check(label, cases)

    print(f"{fuzzed.counted.total():,} cases", sorted(fuzzed.counted.items()))
    assert fuzzed.counted.total() >= LONG_CASES
    assert not [status for status in fuzzed.counted if status >= 500]
