"""What is sent wrongly to the management API: the status of the table, an error that names it, nothing changed."""

import contextlib
import gzip
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio

from seestackd.core.incidents import Alert, AlertKind, Severity
from seestackd.core.keys import Scope
from seestackd.store.interface import Transaction
from seestackd.web.api.fields import Body, Query
from seestackd.web.api.route import Route
from seestackd.web.api.routes import ROUTES
from seestackd.web.server import WebSettings
from tests.rows import rows
from tests.web.api import Console, console
from tests.web.bad_requests import BODY, CONFLICTING, LONG, MAY_BE_NULL, NEEDED, QUERY, RAW, RULE_CHANNELS
from tests.web.conftest import Answer, Prepared, listening

on_one_loop = pytest.mark.asyncio(loop_scope="module")
PUTS = {"PUT /cron-monitors/{id}": {"slug": "nightly"}, "PUT /projects/{id}": {"slug": "default"}}
"""What may not change."""

ELSEWHERE = "01a21023-8482-7276-8d85-56d364ccdab8"
LABELS = {f"{route.method} {route.path}": route for route in ROUTES}
MUTATING = {label: route for label, route in LABELS.items() if route.method != "GET"}


@dataclass
class World:
    """A daemon with one of every kind of object, and what it has stored."""

    admin: Console
    reader: Console
    pinger: Console
    database: Path
    ids: dict[str, str]

    def path(self, route: Route, **parts: str) -> str:
        """Return a path of a route that exists."""
        kind = route.path.split("/")[1]
        known = {"id": self.ids.get(kind, ""), "keyId": self.ids["api-keys"], "fingerprint": "f", "sessionId": "s",
                 "userId": "u"}  # fmt: skip
        return route.path.format(**{**known, **{name: quote(part, safe="") for name, part in parts.items()}})

    def stored(self) -> list[Any]:
        """Return all rows but when keys were used."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = {"keys": "uid, name, scope, revoked_at"}
            return [(name, database.execute(f"SELECT {columns.get(name, '*')} FROM {name}").fetchall())
                    for name in tables]  # fmt: skip

    def audited(self) -> int:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM audit").fetchone()[0])


def _told(tx: Transaction, project_id: int, at: int) -> str:
    alert = Alert(tx.new_id(), "ops", AlertKind.MISSED, Severity.CRITICAL, {"slug": "nightly"}, project_id)
    (row_id,) = tx.outbox.put([alert], at)
    tx.outbox.settle(row_id, "delivered", "sent", at)
    return alert.alert_id


@contextlib.asynccontextmanager
async def world_in(prepared: Prepared, folder: Path) -> AsyncIterator[World]:
    async with listening(prepared, folder, WebSettings(max_body_bytes=200_000, shutdown_timeout=1)) as daemon:
        admin = await console(daemon)
        window = {"title": "Upgrade", "schedule": "0 3 * * *", "durationSec": 60, "tags": ["none"]}
        rule = {"name": "Errors", "triggerType": "http_error_rate", "channels": []}
        await admin.heartbeat("nightly", "failed")
        ids = {
            "cron-monitors": daemon.monitor_uid,
            "maintenance-windows": (await admin.post("/maintenance-windows", window))["id"],
            "projects": admin.project.uid,
            "api-keys": (await admin.post("/api-keys", {"name": "spare"}))["id"],
            "alert-rules": (await admin.post("/alert-rules", rule))["id"],
            "incidents": (await admin.get("/incidents"))["items"][0]["id"],
            "notifications": await daemon.runner.run(_told, daemon.project_id),
        }
        reader, pinger = await console(daemon, Scope.READ), await console(daemon, Scope.PING)
        yield World(admin, reader, pinger, folder / "seestackd.db", ids)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world_in(prepared, tmp_path_factory.mktemp("world")) as made:
        yield made


@dataclass(frozen=True)
class Wrong:
    """A request that is refused: `names` begins the path of a detail, or is nothing."""

    what: str
    status: int
    names: str = ""
    query: str = ""
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    path: str | None = None


def good_body(route: Route) -> Any:
    """Return a body that is taken."""
    if route.body is None:
        return b""
    example = {} if route.path.endswith("/pause") else dict(route.example or {})
    return {**example, **PUTS.get(f"{route.method} {route.path}", {})}


def names_of(model: type[Body | Query]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def wrong_queries(route: Route) -> Iterator[Wrong]:
    for name in names_of(route.query):
        for value in QUERY[name]:
            yield Wrong(f"{name}={value[:40]!r}", 422, name, urlencode({name: value}))
        yield Wrong(f"{name} with NUL", 422, name, f"{name}=a%00b")
        yield Wrong(f"{name} twice", 422, name, f"{name}=1&{name}=1")
    if "from" in names_of(route.query):
        yield Wrong("from behind to", 422, "to", "from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z")
    yield Wrong("another project", 404, body=good_body(route), query=f"projectId={ELSEWHERE}")
    yield Wrong("a slip", 422, "project-id", "project-id=x")
    if route.path in NEEDED:
        yield Wrong("without what is looked for", 422, NEEDED[route.path])


def wrong_bodies(route: Route) -> Iterator[Wrong]:
    if route.body is None:
        return
    good = good_body(route)
    for name, info in route.body.model_fields.items():
        alias = info.alias or name
        values = RULE_CHANNELS if alias == "channels" and "alert-rules" in route.path else BODY[alias]
        for value in values:
            yield Wrong(f"{alias}: {str(value)[:40]!r}", 422, alias, body={**good, alias: value})
        if info.is_required():
            yield Wrong(f"no {alias}", 422, alias, body={key: good[key] for key in good if key != alias})
            yield Wrong(f"{alias}: null", 422, alias, body={**good, alias: None})
        if alias == "projectId":
            yield Wrong("another project", 404, body={**good, alias: ELSEWHERE})
    for raw, status in RAW:
        if raw or route.body_required:
            yield Wrong(f"the body {raw[:20]!r}", status, body=raw)
    yield Wrong("too large", 413, body={**good, "more": "x" * 250_000})
    yield Wrong("too large, squeezed", 413, body=gzip.compress(b" " * 2_000_000), headers={"Content-Encoding": "gzip"})
    yield Wrong("no gzip", 400, body=b"nonsense", headers={"Content-Encoding": "gzip"})
    yield Wrong("another encoding", 415, body=good, headers={"Content-Encoding": "br"})
    yield Wrong("no JSON", 415, body=good, headers={"Content-Type": "text/plain"})
    for changed, status, names in CONFLICTING.get(f"{route.method} {route.path}", ()):
        sent = {key: value for key, value in {**good, **changed}.items() if value is not None}
        yield Wrong(f"{changed}", status, names, body=sent)


def wrong_paths(world: World, route: Route) -> Iterator[Wrong]:
    part = next((name for name in ("id", "keyId") if f"{{{name}}}" in route.path), None)
    good = good_body(route)
    for value in (
        "x",
        ELSEWHERE,
        ELSEWHERE.upper(),
        "\0",
        "a\nb",
        "\x1b[2J",
        "9" * 400,
        "%",
        "'--",
        "ä",
        "x" * 5000,
    ):
        if part is not None:
            query = f"{NEEDED[route.path]}=1" if route.path in NEEDED else ""
            yield Wrong(f"{part} {value[:20]!r}", 404, query=query, body=good, path=world.path(route, **{part: value}))


async def sent(
    world: World, route: Route, wrong: Wrong, by: Console | None = None, method: str | None = None
) -> Answer:
    path = wrong.path or world.path(route)
    path += f"?{wrong.query}" if wrong.query else ""
    return await (by or world.admin).call(method or route.method, path, wrong.body, wrong.headers)


def complaint_about(wrong: Wrong, answer: Answer) -> str:
    """Return what is wrong with an answer; nothing when it is as it should be."""
    if answer.status != wrong.status:
        return f"{answer.status}, not {wrong.status}: {answer.body[:200]!r}"
    error = answer.json["error"]
    details = error.get("details", {})
    said = [error["message"], *details, *details.values()]
    if not all(text and text.isprintable() and len(text) < 1000 for text in said):
        return f"not to be read: {said}"
    if wrong.status == 422 and not any(
        name.split(".")[0].split("[")[0].startswith(wrong.names) for name in details or [""]
    ):
        return f"does not name {wrong.names}: {error}"
    if "x" * 1000 in answer.body.decode():
        return "quotes all that was sent"
    return ""


def test_every_name_has_its_rows() -> None:
    queries = {name for route in ROUTES for name in names_of(route.query)}
    bodies = {name for route in ROUTES if route.body for name in names_of(route.body)}

    assert (queries, bodies) == (QUERY.keys(), BODY.keys())
    assert CONFLICTING.keys() <= LABELS.keys()
    assert bodies >= MAY_BE_NULL
    assert len(LONG) < 200_000


@on_one_loop
@rows("label", LABELS)
async def test_what_is_wrong_is_refused_by_name_and_changes_nothing(world: World, label: str) -> None:
    route, before, bad = LABELS[label], world.stored(), []
    for wrong in (*wrong_queries(route), *wrong_bodies(route), *wrong_paths(world, route)):
        if said := complaint_about(wrong, await sent(world, route, wrong)):
            bad.append(f"{wrong.what}: {said}")

    assert not bad, "\n".join(bad)
    assert world.stored() == before


@on_one_loop
@rows("label", LABELS)
async def test_whoever_may_not_is_told_so(world: World, label: str) -> None:
    route, before = LABELS[label], world.stored()
    good = Wrong("", 0, body=good_body(route))
    nobody = [
        await sent(world, route, Wrong("", 0, body=good.body, headers={"Authorization": value}))
        for value in ("", "Bearer", "Bearer x", "Basic x", f"Bearer {'x' * 5000}", "Bearer \xe9")
    ]
    strangers = [world.pinger] + ([world.reader] if route.scope is Scope.ADMIN else [])
    forbidden = [await sent(world, route, good, by=stranger) for stranger in strangers]
    others = {each.method for each in ROUTES if each.path == route.path} | {"HEAD", "OPTIONS"}
    method = next(each for each in ("DELETE", "PUT", "PATCH", "POST") if each not in others)
    misused = await sent(world, route, good, method=method)

    assert [(answer.status, answer.json["error"]["code"]) for answer in nobody] == [
        (401, nobody[0].json["error"]["code"])
    ] * 6
    assert {answer.status for answer in forbidden} <= {401, 403}
    assert misused.status == 405
    assert route.method in misused.headers["Allow"]
    assert world.stored() == before


@pytest.mark.parametrize("label", MUTATING)
async def test_every_change_is_kept_in_the_audit_log_once(prepared: Prepared, tmp_path: Path, label: str) -> None:
    async with world_in(prepared, tmp_path) as world:
        route = LABELS[label]
        spare = await world.admin.post("/projects", {"name": "Spare"}) if label == "DELETE /projects/{id}" else None
        before = world.audited()
        path = f"/projects/{spare['id']}" if spare else None
        answer = await sent(world, route, Wrong("", 0, body=good_body(route), path=path))

        assert (answer.status, world.audited() - before) == (route.status, 1), answer.body
        entry = (await world.admin.get("/audit-log"))["items"][0]
        assert (entry["actor"].split(" (")[0], entry["source"]) == ("key admin-key", "127.0.0.1")
        assert json.dumps(entry["changes"])


@on_one_loop
@pytest.mark.parametrize(("made", "change"), [("alert-rules", "PATCH"), ("projects", "PUT")])
async def test_what_somebody_else_has_changed_is_left_alone(world: World, made: str, change: str) -> None:
    route = LABELS[f"POST /{made}"]
    path = f"/{made}/{(await world.admin.post(f'/{made}', {**good_body(route), 'slug': 'two'}))['id']}"
    first = (await world.admin.call("GET", path)).headers["ETag"]
    changed = await world.admin.call(
        change, path, {**good_body(route), "slug": "two", "name": "New"}, {"If-Match": first}
    )
    before = world.stored()
    stale = [
        await world.admin.call(method, path, {**good_body(route), "slug": "two"}, {"If-Match": first})
        for method in (change, "DELETE")
    ]
    nonsense = await world.admin.call("DELETE", path, headers={"If-Match": 'W/"x"'})
    unchanged = world.stored() == before

    assert (changed.status, changed.headers["ETag"] == first) == (200, False), changed.body
    assert [(answer.status, answer.json["error"]["code"]) for answer in stale] == [(412, "PRECONDITION_FAILED")] * 2
    assert (nonsense.status, list(nonsense.json["error"]["details"])) == (422, ["If-Match"])
    assert unchanged
    gone = await world.admin.call("DELETE", path, headers={"If-Match": changed.headers["ETag"]})
    assert gone.status in (200, 204)
