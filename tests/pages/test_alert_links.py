"""What an alert links is there: the page of the job, and a page that asks before it silences."""

import re
from pathlib import Path

from tests.journeys.daemon import Daemon, Webhook, curl, wait_for


def test_every_address_in_an_alert_leads_to_a_page_and_changes_nothing(tmp_path: Path) -> None:
    with Webhook() as hook:
        channel = f"default_channels = ['ops']\n[channels.ops]\nurl = 'json://127.0.0.1:{hook.port}/'\n"
        with Daemon(tmp_path, channel) as daemon:
            daemon.cli("monitor", "add", "etl-orders", "--schedule", "1d")
            key = daemon.cli("key", "create", "cron").strip()
            assert daemon.heartbeat(key, "etl-orders", "failed") == 202
            wait_for(lambda: hook.received, 15, "the alert")
            links = re.findall(rf"{daemon.url}\S+", hook.received[0][1]["message"])
            for _ in range(2):
                shown = {link.removeprefix(daemon.url): curl("-w", "%{http_code}", link).stdout for link in links}

            assert shown.keys() == {"/m/etl-orders", "/i/1/silence"}
            assert all(text.endswith("200") for text in shown.values())
            assert "silenced" not in daemon.cli("incident", "ls").lower()
