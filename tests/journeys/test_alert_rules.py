"""A rule made over the API brings a target of its own, and the daemon sends there: if its operator lets it."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.journeys.daemon import Daemon, Webhook, wait_for


def call(daemon: Daemon, key: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{daemon.url}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["data"]


def rule(*channels: dict[str, str]) -> dict[str, Any]:
    return {"name": "rule", "triggerType": "job_failed", "channels": list(channels)}


def test_a_rule_made_a_moment_ago_is_told_of_a_failure_in_the_form_of_its_service(tmp_path: Path) -> None:
    with Webhook() as hook, Daemon(tmp_path, "[alert_rules]\nallow_private = true") as daemon:
        key = daemon.cli("key", "create", "admin", "--scope", "admin").strip()
        call(daemon, key, "POST", "/cron-monitors", {"name": "Job", "slug": "job", "schedule": "1h"})
        slack = {"type": "slack", "webhook_url": f"http://127.0.0.1:{hook.port}/hook?wait=1"}
        push = {"type": "push", "url": f"json://127.0.0.1:{hook.port}/push"}
        made = call(daemon, key, "POST", "/alert-rules", rule(slack, push))
        daemon.heartbeat(key, "job", "failed", message="disk full")
        wait_for(lambda: len(hook.received) == 2, 10, "both messages")
        by_form = {frozenset(body): body for _, body in hook.received}
        assert "**FAILED** `Job`" in by_form[frozenset({"text"})]["text"]
        assert by_form[frozenset({"version", "title", "message", "attachments", "type"})]["title"].startswith("FAILED")

        daemon.end()
        daemon.start()
        daemon.heartbeat(key, "job", "success")
        wait_for(lambda: len(hook.received) == 4, 10, "the recovery, after a restart")
        log = wait_for(lambda: _settled(daemon, key, 4), 10, "the log")
        assert {(entry["alertRuleId"], entry["channelType"], entry["status"]) for entry in log} == {
            (made["id"], "slack", "sent"),
            (made["id"], "push", "sent"),
        }


def _settled(daemon: Daemon, key: str, count: int) -> Any:
    items = call(daemon, key, "GET", "/notification-log")["items"]
    return items if len(items) == count else None


def test_what_leads_to_this_machine_gets_no_message_once_that_is_not_allowed_any_more(tmp_path: Path) -> None:
    with Webhook() as hook, Daemon(tmp_path, "[alert_rules]\nallow_private = true") as daemon:
        key = daemon.cli("key", "create", "admin", "--scope", "admin").strip()
        call(daemon, key, "POST", "/cron-monitors", {"name": "Job", "slug": "job", "schedule": "1h"})
        push = {"type": "push", "url": f"json://127.0.0.1:{hook.port}/push"}
        call(daemon, key, "POST", "/alert-rules", rule(push))
        daemon.config.write_text(daemon.config.read_text().replace("= true", "= false"))
        daemon.cli("reload")
        daemon.heartbeat(key, "job", "failed")
        told = wait_for(lambda: _tried(daemon), 10, "the attempt")

        assert "may not reach an address of a private network" in told
        assert hook.received == []


def _tried(daemon: Daemon) -> str:
    (alert,) = json.loads(daemon.cli("alert", "ls", "--json"))["alerts"]
    return str(alert["result"] or "")
