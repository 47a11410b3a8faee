"""How the parts of the daemon hold together when one of them breaks."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.app import LINGER
from seestackd.opening import BROKEN_EXIT
from tests.cli.conftest import COMMAND, environment
from tests.forked import run_forked
from tests.journeys.daemon import Daemon, free_port, wait_for


def test_a_failing_fsync_ends_the_process_for_another_to_start(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing: apt-get install strace")
    data = ["--data", str(tmp_path / "data")]
    options = {"capture_output": True, "text": True, "timeout": 40, "check": False, "env": environment()}
    # The file is made first, so that the fault meets the daemon at work and not while it opens the store.
    made = run_forked([*data, "monitor", "add", "job", "--schedule", "1d"], environment(), 40)
    fault = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]
    fault += ["-e", "inject=fdatasync,fsync:error=EIO:when=1+", "--"]

    broken = subprocess.run([*fault, *COMMAND, *data, "serve", "--listen", "127.0.0.1:0"], **options)
    listed = run_forked([*data, "monitor", "ls", "-q"], environment(), 40)

    assert made.returncode == 0, made.stderr
    assert broken.returncode == BROKEN_EXIT, broken.stderr
    assert re.search(r"CRITICAL.*the process ends, to start anew", broken.stderr)
    assert (listed.returncode, listed.stdout) == (0, "job\n")


class Faulty:
    """A daemon under strace with a fault, its service manager, and a monitor `job` to report to."""

    def __init__(self, folder: Path, *fault: str) -> None:
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("strace is missing: apt-get install strace")
        self.port = free_port()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        data = ["--data", str(folder / "data")]
        run_forked([*data, "monitor", "add", "job", "--schedule", "1d"], environment(), 40).check_returncode()
        key = run_forked([*data, "key", "create", "cron"], environment(), 40)
        key.check_returncode()
        self.key = str(key.stdout).strip()
        told = {**environment(), "NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "2000000"}
        traced = [strace, "-f", "-qq", "-o", "/dev/null", *fault, "--", *COMMAND, *data]
        serve = ["serve", "--listen", f"127.0.0.1:{self.port}"]
        silent = subprocess.DEVNULL
        self.process = subprocess.Popen([*traced, *serve], stdin=silent, stdout=silent, stderr=silent, env=told)

    def __enter__(self) -> "Faulty":
        try:
            self.manager.settimeout(20)
            assert self.manager.recv(1000).startswith(b"READY=1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # What strace runs outlives it.
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
        self.process.wait(20)
        self.manager.close()

    def ready(self) -> tuple[int, dict[str, str]]:
        """Return the status of /readyz and the reasons in it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
                return answer.status, {}
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["reasons"]

    def report(self) -> int:
        """Send a heartbeat and return the status of the answer."""
        headers = {"X-SeeStack-Key": self.key, "Content-Type": "application/json"}
        body = b'{"slug":"job","status":"success","durationMs":0}'
        url = f"http://127.0.0.1:{self.port}/ingest/v1/heartbeat"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def fed(self, within_s: float) -> bool:
        """Tell whether the watchdog is fed from now on within so many seconds."""
        self.manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.manager.recv(100):
                pass
        self.manager.settimeout(within_s)
        try:
            return self.manager.recv(100) == b"WATCHDOG=1"
        except TimeoutError:
            return False


def test_a_full_disk_makes_it_not_ready_until_there_is_room_and_is_no_reason_to_restart(tmp_path: Path) -> None:
    with Faulty(tmp_path, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=80..88") as daemon:
        assert daemon.ready() == (200, {})
        wait_for(lambda: daemon.report() == 503, 10, "the disk to be full")
        reasons = wait_for(lambda: daemon.ready()[1], 10, "it to be not ready")
        assert reasons["database"] == "it takes no writes"
        assert daemon.fed(3)
        wait_for(lambda: daemon.report() == 202, 10, "room on the disk")
        wait_for(lambda: daemon.ready() == (200, {}), 10, "it to be ready again")


def test_a_writer_that_hangs_is_not_ready_and_the_watchdog_is_fed_no_more(tmp_path: Path) -> None:
    with Faulty(tmp_path, "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=6000000:when=30") as daemon:
        assert daemon.fed(3)
        hung = threading.Thread(target=lambda: [daemon.report() for _ in range(30)])
        hung.start()
        reasons = wait_for(lambda: daemon.ready()[1], 10, "it to be not ready")
        assert reasons["database"] == "a write has not ended within 3 s"
        assert not daemon.fed(1.5)
        hung.join(20)
        wait_for(lambda: daemon.ready() == (200, {}), 10, "it to be ready again")
        assert daemon.fed(3)


def test_a_daemon_at_work_is_heard_of_outside(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        outside.settimeout(20)
        with Daemon(tmp_path, f'[deadman]\nurl = "http://127.0.0.1:{outside.getsockname()[1]}/ping/secret"\n'):
            ours, _ = outside.accept()
            with ours:
                assert ours.recv(1000).startswith(b"GET /ping/secret HTTP/1.1\r\n")
                ours.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert "secret" not in (tmp_path / "daemon.log").read_text()


def test_the_last_stamp_is_made_when_the_listener_has_closed(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        asked_to_stop = int(time.time() * 1000)
        assert daemon.end() == 0
    with closing(sqlite3.connect(tmp_path / "data" / "seestackd.db")) as database:
        ((heard_at,),) = database.execute("SELECT at FROM alive").fetchall()

    assert heard_at >= asked_to_stop + round(sum(LINGER) * 1000), "whoever is let in until then is heard out"
    assert heard_at <= time.time() * 1000
