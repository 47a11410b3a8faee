"""The journey of a script: curl and a key, from the first monitor to its rotation."""

import json
from pathlib import Path
from typing import Any

from tests.journeys.daemon import Daemon, curl, wait_for

CHANNEL = '[channels.ops]\nurl = "json://127.0.0.1:9/"\n'


class Script:
    """Calls the API with curl."""

    def __init__(self, daemon: Daemon, key: str) -> None:
        self._base, self.key = f"{daemon.url}/api/v1", key

    def call(self, method: str, path: str, body: Any = None, *more: str) -> tuple[int, Any]:
        """Return status and document."""
        sent = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = curl("-X", method, "-H", f"Authorization: Bearer {self.key}", "-w", "\n%{http_code}", *sent, *more,
                    self._base + path)  # fmt: skip
        assert done.returncode == 0, done.stderr
        text, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(text) if text else None


def test_a_script_looks_after_its_monitors_with_curl(tmp_path: Path) -> None:
    with Daemon(tmp_path, CHANNEL) as daemon:
        script = Script(daemon, daemon.cli("key", "create", "deploy", "--scope", "admin").split()[0])
        status, made = script.call("POST", "/cron-monitors", {
            "name": "Nightly backup", "slug": "backup", "schedule": "0 3 * * *", "timezone": "Europe/Berlin",
            "graceSec": 900, "channels": ["ops"],
        })  # fmt: skip
        monitor = made["data"]
        path = f"/cron-monitors/{monitor['id']}"
        assert (status, monitor["channels"], monitor["gracePeriodMin"]) == (201, ["ops"], 15)

        _, refused = script.call("POST", "/cron-monitors", {**monitor, "slug": "b", "channels": ["opps"]})
        assert "did you mean ops?" in refused["error"]["details"]["channels"]

        key = script.call("POST", "/api-keys", {"name": "sdk"})[1]["data"]["key"]
        assert daemon.heartbeat(key, "backup", "failed", message="disk full") == 202
        (incident,) = script.call("GET", "/incidents?state=open")[1]["data"]["items"]
        assert script.call("POST", f"/incidents/{incident['id']}/ack", {"by": "on-call"})[0] == 200
        assert daemon.heartbeat(key, "backup") == 202
        history = script.call("GET", f"{path}/history")[1]["data"]["items"]
        assert [ping["status"] for ping in history] == ["success", "failed"]

        stale = ("-H", 'If-Match: "1"')
        assert script.call("PUT", path, {**monitor, "name": "Backup"}, *stale)[0] == 200
        assert script.call("PUT", path, {**monitor, "name": "Other"}, *stale)[0] == 412

        fresh = Script(daemon, script.call("POST", "/api-keys", {"name": "new", "scope": "admin"})[1]["data"]["key"])
        old = next(key for key in fresh.call("GET", "/api-keys")[1]["data"]["items"] if key["name"] == "deploy")
        assert fresh.call("DELETE", f"/api-keys/{old['id']}")[0] == 200
        assert script.call("GET", path)[0] == 401
        assert fresh.call("GET", path)[1]["data"]["name"] == "Backup"

        wait_for(lambda: "backup" in daemon.cli("monitor", "ls"), 5, "the command line to see the monitor")
        assert fresh.call("DELETE", path)[0] == 204
        actions = [entry["action"] for entry in fresh.call("GET", "/audit-log")[1]["data"]["items"]]
        assert actions == ["monitor.delete", "key.revoke", "key.create", "monitor.update", "incident.ack", "key.create",
                           "monitor.create"]  # fmt: skip
