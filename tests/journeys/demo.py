"""`make demo`: the real daemon, two jobs, real heartbeats; one job stops, the alert arrives, it comes back.

Exits 0 only when all of it was seen within 60 s.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.journeys.daemon import Daemon, Webhook, wait_for

INTERVAL_S = 3
LIMIT_S = 60.0


class Timeline:
    """Prints what happens, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def tell(self, who: str, what: str) -> None:
        with self._lock:
            print(f"{time.monotonic() - self._began:6.2f} s  {who:<16} {what}", flush=True)

    @property
    def left(self) -> float:
        return LIMIT_S - (time.monotonic() - self._began)


class Job:
    """Reports every two seconds until stopped."""

    def __init__(self, daemon: Daemon, key: str, slug: str, timeline: Timeline) -> None:
        self.slug = slug
        self._send = lambda: daemon.heartbeat(key, slug, durationMs=120)
        self._timeline = timeline
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            status = self._send()
            self._timeline.tell(self.slug, f"heartbeat answered {status}" + (" (accepted)" if status == 202 else ""))
            self._stopped.wait(2)


def status_of(daemon: Daemon, slug: str) -> str:
    return str(json.loads(daemon.cli("monitor", "show", slug, "--json"))["status"])


def story(daemon: Daemon, webhook: Webhook, timeline: Timeline) -> None:
    """Play the story; raises TimeoutError when a scene does not come."""
    key = daemon.cli("key", "create", "demo").strip()
    for slug in ("nightly-backup", "send-invoices"):
        daemon.cli("monitor", "add", slug, "--schedule", f"{INTERVAL_S}s", "--grace", "2s")
    jobs = [Job(daemon, key, slug, timeline) for slug in ("nightly-backup", "send-invoices")]
    for job in jobs:
        job.start()
    for job in jobs:
        wait_for(lambda job=job: status_of(daemon, job.slug) == "healthy", timeline.left, f"{job.slug} to be healthy")
    backup, invoices = jobs
    backup.stop()
    timeline.tell("nightly-backup", "stopped: no more heartbeats")
    wait_for(lambda: status_of(daemon, backup.slug) == "late", timeline.left, "late")
    timeline.tell("nightly-backup", "late: expected, still within its grace")
    wait_for(lambda: status_of(daemon, backup.slug) == "missed", timeline.left, "missed")
    timeline.tell("nightly-backup", "missed")
    tell_alert(webhook, timeline, "MISSED")
    backup.start()
    tell_alert(webhook, timeline, "RECOVERED")
    for job in jobs:
        job.stop()
    others = [title for title in webhook.titles() if invoices.slug in title]
    if others:
        raise RuntimeError(f"the healthy job was reported: {others}")


def tell_alert(webhook: Webhook, timeline: Timeline, word: str) -> None:
    def found() -> dict[str, object] | None:
        return next((body for _, body in webhook.received if str(body["title"]).startswith(word)), None)

    alert = wait_for(found, timeline.left, f"the {word} alert")
    timeline.tell("alert received", str(alert["title"]))
    for line in str(alert["message"]).splitlines():
        print(f"{'':>28}| {line}")


def main() -> int:
    timeline = Timeline()
    with tempfile.TemporaryDirectory(prefix="seestackd-demo-") as folder, Webhook() as webhook:
        settings = (
            'default_channels = ["demo"]\n'
            f'[channels.demo]\nurl = "json://127.0.0.1:{webhook.port}/"\n'
        )  # fmt: skip
        with Daemon(Path(folder), settings, afresh=True) as daemon:
            timeline.tell("seestackd", f"listens on {daemon.url}")
            try:
                story(daemon, webhook, timeline)
            except (TimeoutError, RuntimeError, AssertionError) as error:
                print(f"FAILED: {error}\n{daemon.log.read_text()}", file=sys.stderr)
                return 1
    timeline.tell("demo", "all of it was seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
