"""A key that is sent never comes back: not in answers, logs, metrics, the database, or what /proc shows of it."""

import base64
import http.client
import json
import re
import socket
import sqlite3
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.attacks.vectors import answer_of
from tests.journeys.daemon import Daemon, curl

WRONG = "ssk_" + "Canary" * 6
HOOK = "hookCanary7d1f"
ENTRIES = ("X-SeeStack-Key", "X-AllStak-Key", "Authorization", "Cookie", "Proxy-Authorization", "X-Forwarded-For")


def raw(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=3) as one:
        one.sendall(sent)
        one.settimeout(1)
        try:
            return one.recv(65536)
        except OSError:
            return b""


def provoked(port: int, key: str) -> bytes:
    """Send a key through every entry with every kind of mistake; returns all answers."""
    sent = []
    for line in (
        "POST /ingest/v1/heartbeat", "POST /ingest/v1/replay", "PUT /ingest/v1/heartbeat", "GET /api/v1/cron-monitors",
        "POST /api/v1/alert-rules", "GET /metrics", f"GET /ping/{key}", f"GET /ping/{key}/job/nonsense",
        f"POST /ping/{key}/a/b/c", f"GET /{key}", f"GET /api/v1/cron-monitors/{key}", f"GET /?key={key}",
        f"GET /static/{key}", f"GET /badge/{key}/x.svg",
    ):  # fmt: skip
        for entry in ENTRIES:
            for broken in ("", "Content-Length: 3\r\nContent-Length: 4\r\n", f"X-SeeStack-Key : {key}\r\n",
                           ):  # fmt: skip
                value = f"Bearer {key}" if entry.endswith("Authorization") else key
                head = f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{entry}: {value}\r\n{broken}"
                sent.append(head.encode() + b"Content-Length: 3\r\n\r\n{x}")
    for odd in (
        f"X-SeeStack-Key: {key}\x01",
        f"X-SeeStack-Key: {key}\0",
        f"X-SeeStack-Key: {key}\n bad",
        f"{key}: x",
        key,
    ):
        sent.append(f"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\n{odd}\r\n\r\n".encode())
    with ThreadPoolExecutor(8) as threads:
        return b"\n".join(threads.map(lambda one: raw(port, one), sent))


def spellings(secret: str) -> list[bytes]:
    return [secret.encode(), base64.b64encode(secret.encode()), urllib.parse.quote(secret[::-1]).encode()]


def test_a_key_never_comes_back(tmp_path: Path) -> None:
    assert came_back(tmp_path, 1) > 480


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_key_never_comes_back_from_ten_thousand_mistakes(tmp_path: Path) -> None:
    assert came_back(tmp_path, 20) > 10_000


def came_back(folder: Path, rounds: int) -> int:
    """Look for keys wherever they must not be, after so many rounds of mistakes; returns how many were refused."""
    channel = f"[channels.ops]\nurl = 'json://127.0.0.1:9/{HOOK}'\n"
    with Daemon(folder, f"default_channels = ['ops']\n{channel}", afresh=True) as daemon:
        good = {
            scope: daemon.cli("key", "create", scope, "--scope", scope).strip() for scope in ("ingest", "read", "admin")
        }
        daemon.cli("monitor", "add", "job", "--schedule", "1d")
        assert (
            daemon.heartbeat(good["ingest"], "job", "failed", message=f"used {good['ingest']} and {WRONG}0000") == 202
        )
        answers = b"".join(provoked(daemon.port, key) for key in (WRONG, good["ingest"]) * rounds)
        scraped = curl(f"{daemon.url}/metrics").stdout.encode()
        assert daemon.process is not None
        process = Path(f"/proc/{daemon.process.pid}")
        shown = b"".join((process / name).read_bytes() for name in ("environ", "cmdline"))
    with sqlite3.connect(folder / "data" / "seestackd.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    stored = b"".join(path.read_bytes() for path in (folder / "data").iterdir() if path.is_file())
    places = {
        "answers": answers,
        "log": daemon.log.read_bytes(),
        "metrics": scraped,
        "/proc": shown,
        "database": stored,
    }

    found = {
        f"{name}: {secret[:8]}"
        for name, place in places.items()
        for secret in (WRONG, HOOK, *good.values())
        for spelt in spellings(secret)
        if spelt in place
    }
    assert found == set()
    assert b"Traceback" not in places["log"]
    return len(re.findall(rb"HTTP/1\.[01] 4", answers))


def test_a_login_that_fails_tells_nothing_of_the_password(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
        body = urllib.parse.urlencode({"password": WRONG, "csrf": WRONG})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": daemon.url}
        connection.request("POST", "/login", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())

    assert 400 <= answer.status < 500
    assert WRONG not in text + daemon.log.read_text()
    assert WRONG.encode() not in stored


def test_what_no_code_stands_for_is_told_by_its_status() -> None:
    assert answer_of(b"HTTP/1.1 401 x\r\n\r\n" + json.dumps({"error": {"code": "INVALID"}}).encode()) == "401 `INVALID`"
