"""What is sent is bound, never spelled into SQL; logged in one line; masked in time linear in it."""

import asyncio
import json
import logging
import sqlite3
import time
from typing import Any
from urllib.parse import quote

import pytest

from seestackd.core.keys import Scope, make_secret
from seestackd.core.masking import mask_event, mask_text, mask_url
from seestackd.operations import keys
from seestackd.store.sqlite.connection import SqliteStore
from seestackd.web.api.routes import ROUTES
from seestackd.web.hardening import HEADERS
from tests.attacks.vectors import request, talked
from tests.rows import rows
from tests.web.conftest import Daemon

ADMIN = make_secret(b"\x08" * 32)
QUOTE = "zq'zq"
FORGED = [
    "a\r\nERROR forged",
    "a\nERROR forged",
    "a\x1b[2JERROR",
    "a\u2028ERROR forged",
    "a\u0085forged",
    "a\u202eforged",
]
LENGTH = 150_000


def spiked(value: Any) -> Any:
    """The value with every text in it made hostile to SQL."""
    if isinstance(value, str):
        return value + QUOTE
    if isinstance(value, dict):
        return {name: spiked(inner) for name, inner in value.items()}
    return [spiked(inner) for inner in value] if isinstance(value, list) else value


async def test_nothing_that_is_sent_is_spelled_into_sql(daemon: Daemon) -> None:
    """SQLite tells every statement with its values filled in: there a quote that was bound stands doubled."""
    store = daemon.runner._store
    assert isinstance(store, SqliteStore)
    await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "admin", Scope.ADMIN, ADMIN))
    told: list[str] = []
    reader = store._reader

    def heard() -> sqlite3.Connection:
        connection = reader()
        connection.set_trace_callback(told.append)
        return connection

    store._reader = heard  # type: ignore[method-assign]
    store._connection.set_trace_callback(told.append)
    bearer = {"Authorization": f"Bearer {ADMIN}"}
    heartbeat = {"slug": "nightly", "status": "success", "durationMs": 1}
    odd = dict.fromkeys(("message", "rid", "host", "traceId", "eventId"), QUOTE)
    assert (await daemon.send("/ingest/v1/heartbeat", {**heartbeat, **odd})).status == 202
    item = {"traceId": QUOTE, "direction": "inbound", "method": QUOTE, "host": QUOTE, "path": QUOTE, "statusCode": 200,
            "durationMs": 1, "timestamp": "2026-03-31T12:00:00Z", "userId": QUOTE}  # fmt: skip
    assert (await daemon.send("/ingest/v1/http-requests", {"requests": [item]})).status == 202
    replay = {"fingerprint": QUOTE, "sessionId": QUOTE, "events": [{"eventType": QUOTE, "eventData": QUOTE}]}
    assert (await daemon.send("/ingest/v1/replay", replay)).status == 202

    for route in ROUTES:
        path = route.full_path.replace("{id}", daemon.monitor_uid)
        query = "&".join(f"{field.alias or name}={quote(QUOTE)}" for name, field in route.query.model_fields.items())
        for asked in ("", f"?{query}", f"?q={quote(QUOTE)}"):
            for body in (dict(route.example or {}), spiked(dict(route.example or {}))):
                answer = await daemon.send(path + asked, body, method=route.method, key=None, headers=bearer)
                assert answer.status < 500
    assert any("zq''zq" in statement for statement in told)
    assert not [statement for statement in told if QUOTE in statement.replace("zq''zq", "")]


CLIMBING = """
/static/../app.py /static/%2e%2e/app.py /static/..%2fapp.py /static//etc/passwd /docs/../../etc/passwd
/..%2f..%2fetc/passwd
/static/vendor/../../server.py
/ping/../../etc/passwd /static/app.css%00.js /static/....//app.css /badge/../../etc/passwd
"""


@rows("climbing", CLIMBING.split())
async def test_no_path_leads_out_of_what_is_served(daemon: Daemon, climbing: str) -> None:
    answer = await talked(daemon.port, request(line=f"GET {climbing} HTTP/1.1", body=b"", key=None))

    assert answer.split(b" ")[1] in (b"404", b"400")
    assert b"root:" not in answer
    assert b"import" not in answer


async def test_every_answer_tells_browsers_not_to_guess_run_or_frame_it(daemon: Daemon) -> None:
    paths = {resource.canonical for resource in daemon.app.router.resources()} | {"/nowhere", "/ping/x/y"}
    bare = {}
    for path in sorted(paths):
        for method in ("GET", "POST", "OPTIONS"):
            answer = await daemon.send(path, b"", method=method, key=None)
            policy = answer.headers.get("Content-Security-Policy", "")
            missing = [name for name in HEADERS if name not in answer.headers]
            if (
                missing
                or "default-src 'none'" not in policy
                or "unsafe" not in policy + "unsafe"
                or answer.status >= 500
            ):
                bare[f"{method} {path}"] = missing
    malformed = await talked(daemon.port, b"nonsense\r\n\r\n")

    assert bare == {}
    assert b"nosniff" in malformed


@pytest.mark.parametrize("text", FORGED, ids=ascii)
async def test_a_line_of_the_log_cannot_be_forged(daemon: Daemon, caplog: pytest.LogCaptureFixture, text: str) -> None:
    caplog.set_level(logging.DEBUG)
    bearer = {"Authorization": f"Bearer {ADMIN}"}
    for path in (f"/ping/{quote(text)}/{quote(text)}", f"/api/v1/cron-monitors/{quote(text)}", f"/{quote(text)}"):
        await daemon.send(path, {"slug": text}, key=text.encode().hex(), headers=bearer)
    await daemon.send(
        "/ingest/v1/heartbeat", {"slug": text, "status": text, "durationMs": 1, "message": text, "host": text}
    )

    shown = [record.getMessage() for record in caplog.records if record.name.startswith("seestackd")]
    assert not [line for line in shown if not line.isprintable() or "forged" in line]


HOSTILE = {
    "letters": "a",
    "addresses": "a@",
    "digits": "4111 ",
    "one long number": "1",
    "open quotes": '"password":"',
    "nested quotes": '\\"token\\":\\"',
    "backslashes": "\\",
    "schemes": "a://",
    "parameters": "?token=",
    "assignments": "password=",
    "bearers": "Bearer ",
    "dots": "eyJ.",
    "keys": "ssk_",
    "types": '"type":"password"',
    "values": '"value":"',
    "braces": "{",
    "braces and letters": "{a",
    "braces and quotes": '{"',
    "dashes": "-----BEGIN ",
    "brackets": "[",
    "spaces": " ",
    "cookies": "Cookie: a=b; ",
    "percent": "%22password%22%3A",
}


def test_every_masking_rule_takes_time_linear_in_a_text_made_against_it() -> None:
    slow = {}
    for name, piece in HOSTILE.items():
        text = '{"type":"password"' + piece * (LENGTH // len(piece)) + '"type":"password"'
        for mask in (mask_event, mask_text, mask_url):
            # A rule that goes back over what it has read takes minutes.
            if (took := spent(mask, text)) > 3:
                slow[f"{mask.__name__} {name}"] = took

    assert slow == {}


@pytest.mark.long
def test_it_shows_what_masking_costs_per_megabyte() -> None:
    for name, piece in HOSTILE.items():
        text = '{"type":"password"' + piece * (1_000_000 // len(piece))
        costs = [f"{mask.__name__} {spent(mask, text) * 1000:7.1f} ms" for mask in (mask_event, mask_text, mask_url)]
        print(f"{name:<20} " + "  ".join(costs))


def spent(mask: Any, text: str) -> float:
    begun = time.perf_counter()
    mask(text)
    return time.perf_counter() - begun


async def test_a_bomb_costs_little_memory(daemon: Daemon) -> None:
    from tests.attacks.vectors import VECTORS

    bombs = [
        VECTORS["a gzip bomb (200 MB in 200 kB)"],
        VECTORS["nested 400,000 deep"],
        VECTORS["a number of 900,000 digits"],
    ]
    before = peak_kib()
    await asyncio.gather(*(talked(daemon.port, bomb) for bomb in bombs * 3))

    assert peak_kib() - before <= 64 * 1024
    assert json.loads((await talked(daemon.port, request())).partition(b"\r\n\r\n")[2])["ok"] is True


def peak_kib() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
