"""The real daemon as a process of its own, and real receivers for what it sends."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.forked import Forked, run_forked
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
STARTUP_S = 30.0


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `condition`; raises TimeoutError naming `what` after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class Daemon:
    """`seestackd serve` with its own folder, configuration and port; the command line beside it.

    It is forked from a process that has imported everything, or, `afresh`, started as users start it. `limit` is how
    many files it may have open.
    """

    def __init__(
        self,
        folder: Path,
        settings: str = "",
        port: int | None = None,
        *,
        afresh: bool = False,
        limit: int | None = None,
    ) -> None:
        self.folder = folder
        self._afresh = afresh or limit is not None
        self._limit = limit
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "seestackd.toml"
        self.config.write_text(
            f"{settings}\n[server]\nlisten = '127.0.0.1:{self.port}'\npublic_url = '{self.url}'\n"
            f"[storage]\npath = '{folder / 'data' / 'seestackd.db'}'\n"
        )
        self.log = folder / "daemon.log"
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(("SEESTACKD_", "JOURNAL_"))}

    def start(self) -> "Daemon":
        """Start it and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = self._begin(log.fileno())
        wait_for(self._listens, STARTUP_S, f"the daemon to listen; its log:\n{self.log.read_text()}")
        return self

    def _begin(self, log: int) -> "subprocess.Popen[bytes] | Forked":
        serve = ["--config", str(self.config), "serve"]
        if not self._afresh:
            return Forked(serve, self._environment, log)
        return subprocess.Popen(
            [*self._limited(), sys.executable, "-m", "seestackd", *serve],
            cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip

    def _limited(self) -> list[str]:
        return [] if self._limit is None else ["prlimit", f"--nofile={self._limit}:{self._limit}"]

    def _listens(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended with {self.process.returncode}:\n{self.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=2):
                return True
        except OSError:
            return False

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self.process = None
        return status

    def __enter__(self) -> "Daemon":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.end(signal.SIGKILL if self.process.poll() is not None else signal.SIGTERM)

    def cli(self, *arguments: str) -> str:
        """Run a command of the command line and return what it prints on standard output."""
        done = self._run(["--config", str(self.config), *arguments])
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def _run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        if not self._afresh:
            return run_forked(words, self._environment, 60)
        return subprocess.run(
            [sys.executable, "-m", "seestackd", *words], cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def heartbeat(self, key: str, slug: str, status: str = "success", **fields: Any) -> int:
        """Send a heartbeat with urllib and return the HTTP status."""
        body = json.dumps({"slug": slug, "status": status, "durationMs": 0, **fields}).encode()
        request = urllib.request.Request(
            f"{self.url}/ingest/v1/heartbeat",
            data=body,
            headers={"X-SeeStack-Key": key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real curl."""
    return subprocess.run(
        ["curl", "-sS", "-m", "10", *arguments], capture_output=True, text=True, timeout=30, check=False
    )


class Webhook:
    """A real HTTP receiver; `received` holds the JSON bodies with their arrival (seconds of `time.time`)."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[tuple[float, dict[str, Any]]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((time.time(), json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> "Webhook":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def titles(self) -> list[str]:
        """Return the titles received so far, oldest first."""
        return [str(body["title"]) for _, body in self.received]
