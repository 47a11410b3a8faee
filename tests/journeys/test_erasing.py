"""What a user has erased over HTTP is gone from the files while the daemon runs and takes more."""

import json
import urllib.request
from typing import Any

from tests.journeys.daemon import Daemon, wait_for

CANARY = "canary-5be2"


def call(daemon: Daemon, key: str, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-SeeStack-Key": key, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{daemon.url}{path}", data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def send(daemon: Daemon, key: str, user: str) -> None:
    noise = bytes(range(120)).hex() * 20
    event = {
        "eventType": "click",
        "eventData": json.dumps({"userId": user, "noise": noise}),
        "url": f"https://s/{user}",
    }
    call(daemon, key, "POST", "/ingest/v1/replay", {"fingerprint": f"fp-{user}", "sessionId": user, "events": [event]})
    asked = {"traceId": f"t-{user}", "direction": "inbound", "method": "GET", "host": "s", "path": f"/u/{user}/cart",
             "statusCode": 200, "durationMs": 5, "userId": user, "timestamp": "2026-04-01T00:00:00Z"}  # fmt: skip
    call(daemon, key, "POST", "/ingest/v1/http-requests", {"requests": [asked] * 50})
    looked_at = {**asked, "traceId": "t", "userId": "admin", "path": f"/admin/{user}?of={user}"}
    call(daemon, key, "POST", "/ingest/v1/http-requests", {"requests": [looked_at]})


def test_no_byte_of_an_erased_user_stays_in_a_running_daemon(tmp_path: Any) -> None:
    with Daemon(tmp_path) as daemon:
        key = daemon.cli("key", "create", "admin", "--scope", "admin").split()[0]
        for number in range(6):
            send(daemon, key, CANARY if number % 2 else f"user-{number}")

        def places() -> list[str]:
            return [path.name for path in (tmp_path / "data").rglob("*.db*") if CANARY.encode() in path.read_bytes()]

        assert places()
        call(daemon, key, "DELETE", f"/api/v1/users/{CANARY}")

        def done() -> Any:
            return call(daemon, key, "GET", "/api/v1/erasures")["data"]["items"][0]["erasedAt"]

        wait_for(done, 20, "the erasure")
        assert places() == []
        assert call(daemon, key, "GET", "/api/v1/erasures")["data"]["items"][0]["rows"] == 3 + 1 + 150 + 3 + 1
