"""A receiver of reports that remembers them, and the wrapper as a process beside it."""

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.cli.conftest import environment

KEY = "ssk_" + "k" * 36


@dataclass(frozen=True)
class Told:
    """One ping as it arrived: the end of its path, its parameters, its body."""

    slug: str
    action: str
    fields: dict[str, str]
    output: bytes


class Receiver:
    """Answers pings with `status`, or not before `hold` is set."""

    def __init__(self, status: int = 200, hold: threading.Event | None = None) -> None:
        self.told: list[Told] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = urlsplit(self.path)
                _, ping, key, slug, *action = parts.path.split("/")
                assert (ping, key) == ("ping", KEY)
                fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
                told.append(Told(slug, action[0] if action else "", fields, body))
                if hold is not None:
                    hold.wait(20)
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"OK\n")

            def log_message(self, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                assert isinstance(sys.exception(), ConnectionError)  # a client that gave up waiting

        self._hold = hold
        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._hold is not None:
            self._hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def of(self, slug: str) -> list[Told]:
        return [one for one in self.told if one.slug == slug]


class Line:
    """A connection to a daemon that is down at first: nobody listens on its port until `mend`."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread: threading.Thread | None = None

    def mend(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._socket.listen()
        self._thread = threading.Thread(target=self._accept, args=((host, int(port)),))
        self._thread.start()

    def cut(self) -> None:
        if self._thread is not None:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
        self._socket.close()

    def _accept(self, address: tuple[str, int]) -> None:
        while True:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            with near, socket.create_connection(address) as far:
                self._carry({near: far, far: near})

    @staticmethod
    def _carry(ends: dict[socket.socket, socket.socket]) -> None:
        while True:
            for one in select.select(list(ends), [], [], 10)[0]:
                if not (data := one.recv(65_536)):
                    return
                ends[one].sendall(data)


def wrapped(slug: str, *options: str) -> list[str]:
    """The words that run what follows them under the wrapper."""
    return [sys.executable, "-m", "seestackd", "run", slug, *options, "--"]


def told_to(url: str, spool: Path, **more: str) -> dict[str, str]:
    """The environment of a wrapper that reports to `url`."""
    return environment(SEESTACKD_URL=url, SEESTACKD_PING_KEY=KEY, SEESTACKD_SPOOL=str(spool), **more)


def without_wrapper() -> dict[str, str]:
    return environment()


def until(condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    """Wait for a true value of `condition` and return it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return value


def ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(20)
    finally:
        if process.poll() is None:
            os.kill(process.pid, 9)
