"""What holds for all three endpoints: keys, types, encodings, sizes, JSON (contract.md 1)."""

import gzip
import json
import re
import uuid
import zlib
from typing import Any

import pytest

from seestackd.core.keys import Scope, digest
from seestackd.operations import keys
from tests.rows import rows
from tests.web.conftest import NOW, SECRET, Daemon

HEARTBEAT, REQUESTS, REPLAY = PATHS = [
    "/ingest/v1/heartbeat",
    "/ingest/v1/http-requests",
    "/ingest/v1/replay",
]
GOOD: dict[str, Any] = {
    HEARTBEAT: {"slug": "nightly", "status": "success", "durationMs": 1},
    REQUESTS: {
        "requests": [
            {"traceId": "t", "direction": "inbound", "method": "GET", "host": "h", "path": "/", "statusCode": 200,
             "durationMs": 1, "timestamp": "2026-03-31T12:00:00Z"}
        ]
    },
    REPLAY: {"fingerprint": "f", "sessionId": "s", "events": [{"eventType": "a", "eventData": "b"}]},
}  # fmt: skip
every_path = pytest.mark.parametrize("path", PATHS)


def with_field(path: str, value: bytes) -> bytes:
    """Return the good document of a path with a field that nobody reads."""
    return json.dumps(GOOD[path]).encode()[:-1] + b',"ignored":' + value + b"}"


def is_error(body: Any) -> bool:
    if "success" in body:
        uuid.UUID(body["meta"]["requestId"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["meta"]["timestamp"])
        return body["success"] is False and bool(body["error"]["code"]) and bool(body["error"]["message"])
    return body["ok"] is False and bool(body["code"]) and bool(body["message"])


@every_path
@rows("key", [None, "", "  ", SECRET + "x", SECRET[:-1], SECRET.lower(), "ß☃", "k" * 5000])
async def test_without_a_good_key_the_answer_is_401_whatever_the_body(
    daemon: Daemon, path: str, key: str | None
) -> None:
    for body in (b"{broken", json.dumps(GOOD[path]).encode()):
        answer = await daemon.send(path, body, key=key)

        assert answer.status == 401
        assert answer.json["error"] == {"code": "INVALID_API_KEY", "message": "Invalid or missing API key"}
        assert is_error(answer.json)
    assert await daemon.nothing_stored()


async def test_a_key_is_read_from_the_header_only(daemon: Daemon) -> None:
    answer = await daemon.send(
        f"{HEARTBEAT}?key={SECRET}&X-SeeStack-Key={SECRET}",
        GOOD[HEARTBEAT],
        key=None,
        headers={"Authorization": f"Bearer {SECRET}", "Cookie": f"X-SeeStack-Key={SECRET}"},
    )

    assert answer.status == 401


@pytest.mark.parametrize(("scope", "status"), [("ingest", 202), ("admin", 202), ("ping", 403), ("read", 403)])
async def test_the_scope_of_a_key_decides(daemon: Daemon, scope: str, status: int) -> None:
    key = f"seestack_live_of_another_form_{scope}"
    await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, scope, Scope(scope), key))

    assert (await daemon.send(HEARTBEAT, GOOD[HEARTBEAT], key=key)).status == status


async def test_a_new_key_works_and_a_revoked_one_stops_at_once(daemon: Daemon) -> None:
    await daemon.runner.run(keys.create, keys.CreateKey(daemon.project_id, "new", Scope.INGEST, "a-new-key"))
    assert (await daemon.send(HEARTBEAT, GOOD[HEARTBEAT], key="a-new-key")).status == 202

    await daemon.runner.run(keys.revoke, keys.RevokeKey(daemon.project_id, "new"))
    assert (await daemon.send(HEARTBEAT, GOOD[HEARTBEAT], key="a-new-key")).status == 401


async def test_the_use_of_a_key_is_noted_and_stored_later(daemon: Daemon) -> None:
    await daemon.send(HEARTBEAT, GOOD[HEARTBEAT])

    await daemon.keys.flush_uses()

    (key,) = await daemon.runner.read(keys.all_keys, None)
    assert key.hash == digest(SECRET)
    assert (key.last_used_at, key.last_used_from) == (NOW, "127.0.0.1")


@every_path
@rows("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"])
async def test_other_types_are_refused(daemon: Daemon, path: str, kind: str) -> None:
    answer = await daemon.send(path, GOOD[path], headers={"Content-Type": kind})

    assert (answer.status, is_error(answer.json)) == (415, True)
    assert await daemon.nothing_stored()


@every_path
async def test_gzip_is_understood_in_any_spelling(daemon: Daemon, path: str) -> None:
    body = gzip.compress(json.dumps(GOOD[path]).encode())
    for word in ("gzip", "GZIP", "x-gzip"):
        assert (await daemon.send(path, body, headers={"Content-Encoding": word})).status == 202
    assert (await daemon.send(path, GOOD[path], headers={"Content-Encoding": "identity"})).status == 202


@every_path
async def test_other_encodings_are_refused(daemon: Daemon, path: str) -> None:
    body = zlib.compress(json.dumps(GOOD[path]).encode())
    for word in ("deflate", "br", "zstd", "gzip, gzip", "compress"):
        answer = await daemon.send(path, body, headers={"Content-Encoding": word})
        assert (answer.status, is_error(answer.json)) == (415, True)
    assert await daemon.nothing_stored()


@every_path
async def test_damaged_gzip_is_refused(daemon: Daemon, path: str) -> None:
    whole = gzip.compress(json.dumps(GOOD[path]).encode() + b" " * 2000)
    damaged = [whole[:-5], whole[:12], b"", b"plain", whole[:-8] + b"\0" * 8, whole + b"tail", whole * 9]
    for body in damaged:
        answer = await daemon.send(path, body, headers={"Content-Encoding": "gzip"})
        assert (answer.status, is_error(answer.json)) == (400, True)
    assert await daemon.nothing_stored()


@every_path
async def test_a_body_of_one_megabyte_is_taken_and_one_byte_more_is_not(daemon: Daemon, path: str) -> None:
    plain = json.dumps(GOOD[path]).encode()
    full = plain + b" " * (1024 * 1024 - len(plain))

    for zipped in (False, True):
        assert (await daemon.send(path, full, zipped=zipped)).status == 202
        answer = await daemon.send(path, full + b" ", zipped=zipped)
        assert answer.status == 413
        assert is_error(answer.json)
        assert b"PAYLOAD_TOO_LARGE" in answer.body


@every_path
async def test_a_gzip_bomb_is_refused(daemon: Daemon, path: str) -> None:
    bomb = gzip.compress(b"[" * 50_000_000)

    answer = await daemon.send(path, bomb, headers={"Content-Encoding": "gzip"})

    assert answer.status == 413
    assert await daemon.nothing_stored()


HOSTILE = {
    "empty": b"",
    "blank": b"  ",
    "truncated": b'{"slug":"nightly","status"',
    "not json": b"slug=nightly",
    "trailing comma": b'{"slug":"nightly",}',
    "two documents": b"{}{}",
    "a list": b"[]",
    "null": b"null",
    "a number": b"12",
    "a string": b'"nightly"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"slug":"nightly"}'.encode("utf-16"),
    "latin-1": b'{"slug":"\xe9"}',
}


@every_path
async def test_what_is_no_json_object_is_refused(daemon: Daemon, path: str) -> None:
    for name, body in HOSTILE.items():
        answer = await daemon.send(path, body)
        assert (answer.status, is_error(answer.json)) == (400, True), name
    assert await daemon.nothing_stored()


IGNORED = {
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "-Infinity": b'{"a":-Infinity}',
    "lone surrogate": b'"\\ud800"',
    "surrogates the wrong way round": b'"\\udc00\\ud800"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "lone surrogate as a key": b'{"\\ud800":1}',
    "NUL": b'"a\\u0000b"',
    "NUL after backslashes": b'"\\\\\\\\\\u0000"',
    "NUL in a key": b'{"\\u0000":1}',
    "a bare control character": b'"\x01"',
    "nesting of 33": b"[" * 32 + b"]" * 32,
    "nesting of 40 mixed": b'{"a":[' * 20 + b"1" + b"]}" * 20,
    "nesting of 400,000": b"[" * 400_000 + b"]" * 400_000,
    "1,001 keys": b"{" + b",".join(b'"%d":1' % n for n in range(1001)) + b"}",
    "900,000 digits": b"9" * 900_000,
}
HARMLESS = {
    "the word NaN": b'"NaN and -Infinity"',
    "brackets in a text": b'"' + b'[{\\"' * 500 + b'"',
    "an escaped backslash before u0000": b'"\\\\u0000"',
    "nesting of 32": b"[" * 31 + b"]" * 31,
    "1,000 keys": b"{" + b",".join(b'"%d":1' % n for n in range(1000)) + b"}",
    "many small objects": b"[" + b",".join([b'{"a":1,"b":[2]}'] * 1500) + b"]",
    "an integer beyond int64": b"%d" % 2**70,
    "a pair of surrogates": b'"\\ud83d\\ude00"',
    "a huge exponent": b"1e999",
}


@every_path
async def test_hostile_json_is_refused_in_fields_that_nobody_reads_too(daemon: Daemon, path: str) -> None:
    for name, value in IGNORED.items():
        answer = await daemon.send(path, with_field(path, value))
        assert answer.status in (400, 422), name
        assert is_error(answer.json), name
    assert await daemon.nothing_stored()


@every_path
async def test_what_only_looks_hostile_is_taken(daemon: Daemon, path: str) -> None:
    for name, value in HARMLESS.items():
        assert (await daemon.send(path, with_field(path, value))).status == 202, name


async def test_an_error_never_quotes_what_was_sent(daemon: Daemon) -> None:
    for body in (b'{"slug": canary}', b'{"slug":"CANARY canary","status":1}', b'{"canary'):
        answer = await daemon.send(HEARTBEAT, body)
        assert b"canary" not in answer.body.lower()


@every_path
@rows("method", ["GET", "PUT", "PATCH", "DELETE", "PROPFIND"])
async def test_another_method_is_not_allowed(daemon: Daemon, path: str, method: str) -> None:
    for key in (SECRET, None):
        answer = await daemon.send(path, method=method, key=key)
        assert (answer.status, answer.headers["Allow"], is_error(answer.json)) == (405, "POST", True)


@every_path
async def test_head_is_answered_without_a_body(daemon: Daemon, path: str) -> None:
    answer = await daemon.send(path, method="HEAD")

    assert (answer.status, answer.body) == (405, b"")


@pytest.mark.parametrize(
    "path", ["/ingest/v1/errors", "/ingest/v1/sessions/start", "/ingest/", "/ingest/v1/heartbeat/"]
)
async def test_an_unknown_path_is_not_found_and_never_401(daemon: Daemon, path: str) -> None:
    for key in (SECRET, None):
        answer = await daemon.send(path, GOOD[HEARTBEAT], key=key)
        assert (answer.status, answer.json["error"]["code"], is_error(answer.json)) == (404, "NOT_FOUND", True)


async def test_a_wrong_method_elsewhere_names_the_right_ones(daemon: Daemon) -> None:
    answer = await daemon.send("/livez", method="POST")

    assert (answer.status, answer.headers["Allow"], is_error(answer.json)) == (405, "GET,HEAD", True)


async def test_it_says_that_it_is_alive(daemon: Daemon) -> None:
    answer = await daemon.send("/livez", method="GET", key=None)

    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_without_settings_no_page_may_send(daemon: Daemon) -> None:
    answer = await daemon.send(HEARTBEAT, method="OPTIONS", key=None, headers={"Origin": "https://shop.example"})

    assert (answer.status, answer.body) == (204, b"")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@every_path
async def test_a_page_of_an_allowed_origin_may_send(open_to_browsers: Daemon, path: str) -> None:
    shop = {"Origin": "https://shop.example"}

    preflight = await open_to_browsers.send(path, method="OPTIONS", key=None, headers=shop)
    sent = await open_to_browsers.send(path, GOOD[path], headers=shop)
    refused = await open_to_browsers.send(path, GOOD[path], key="wrong", headers=shop)

    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST"
    assert {"content-type", "x-allstak-key"} <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert (sent.status, refused.status) == (202, 401)
    for answer in (preflight, sent, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert answer.headers["Vary"] == "Origin"


async def test_a_page_of_another_origin_may_not(open_to_browsers: Daemon) -> None:
    headers = {"Origin": "https://shop.example.evil.example"}

    for method in ("OPTIONS", "POST"):
        answer = await open_to_browsers.send(HEARTBEAT, GOOD[HEARTBEAT], method=method, headers=headers)
        assert "Access-Control-Allow-Origin" not in answer.headers
