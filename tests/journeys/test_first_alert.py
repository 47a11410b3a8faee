"""The journey of a first user: a monitor, curl reporting, the job stops, the mail comes; it is back, and told."""

import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.journeys.daemon import Daemon, Webhook, curl, wait_for
from tests.ports import free_port


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    received = Mailbox()
    port = free_port()
    server = Controller(received, hostname="127.0.0.1", port=port)
    server.start()
    yield received, port
    server.stop()


def test_a_job_that_stops_is_mailed_and_posted_once_and_so_is_its_return(
    tmp_path: Path, mailbox: tuple[Mailbox, int]
) -> None:
    mails, smtp_port = mailbox
    with Webhook() as webhook:
        settings = (
            'default_channels = ["mail", "hook"]\n'
            f'[channels.mail]\nurl = "mailto://127.0.0.1:{smtp_port}?from=mon@example.org&to=ops@example.org"\n'
            f'[channels.hook]\nurl = "json://127.0.0.1:{webhook.port}/"\n'
        )
        with Daemon(tmp_path, settings, afresh=True) as daemon:
            key = daemon.cli("key", "create", "cron").strip()
            daemon.cli("monitor", "add", "backup", "--schedule", "2s", "--grace", "1s", "--name", "Nightly backup")
            _report_with_curl(daemon, key)
            wait_for(lambda: mails.mails and webhook.received, 20, "the first alerts")
            assert mails.subjects()[0].startswith("MISSED")
            assert webhook.titles()[0] == mails.subjects()[0]
            _report_with_curl(daemon, key)
            wait_for(lambda: len(mails.mails) > 1 and len(webhook.received) > 1, 20, "the recovery")
            daemon.cli("monitor", "rm", "backup", "--yes")
            shown = json.loads(daemon.cli("monitor", "ls", "--json"))
        assert [subject.split()[0] for subject in mails.subjects()] == ["MISSED", "RECOVERED"]
        assert [title.split()[0] for title in webhook.titles()] == ["MISSED", "RECOVERED"]
        assert "Expected:" in mails.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "backup" not in json.dumps(shown)


def _report_with_curl(daemon: Daemon, key: str) -> None:
    done = curl(
        "-f", "-w", "%{http_code}", f"{daemon.url}/ingest/v1/heartbeat", "-H", f"X-SeeStack-Key: {key}",
        "-H", "Content-Type: application/json", "-d", '{"slug":"backup","status":"success","durationMs":12}',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("202")
