"""A database with many monitors and a key, built in process, and the daemon on top of it."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seestackd.clock import Clock
from seestackd.core.keys import RANDOM_BYTES, Scope, make_secret
from seestackd.core.monitor import NewMonitor, new_monitor
from seestackd.feed import Feed
from seestackd.operations.keys import CreateKey, EnsureProject, create, ensure_project
from seestackd.operations.monitors import AddMonitor, add
from seestackd.runner import Runner
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.connection import SqliteStore

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Fleet:
    """A database in `folder`, the key to its project, and the key for its ping URLs."""

    folder: Path
    key: str
    ping_key: str = ""


def _fill(tx: Transaction, command: tuple[str, str, list[NewMonitor]], at: int) -> None:
    secret, for_urls, monitors = command
    project = ensure_project(tx, EnsureProject(), at)
    create(tx, CreateKey(project.id, "bench", Scope.INGEST, secret), at)
    create(tx, CreateKey(project.id, "bench-urls", Scope.PING, for_urls), at)
    for new in monitors:
        add(tx, AddMonitor(project.id, new, secrets.token_urlsafe(16)), at)


def build(folder: Path, monitors: int, schedule: str = "1h", extra: Sequence[NewMonitor] = ()) -> Fleet:
    """Make a database with `monitors` monitors named job-000000 and so on, and the `extra` ones."""
    secret, for_urls = (make_secret(secrets.token_bytes(RANDOM_BYTES)) for _ in range(2))
    (folder / "data").mkdir(mode=0o700, parents=True)
    store = SqliteStore.open(folder / "data" / "seestackd.db")
    try:
        news = [new_monitor(f"job-{number:06d}", schedule) for number in range(monitors)]
        news += extra
        Runner(store, Clock(), Feed(), lambda: None).call(_fill, (secret, for_urls, news))
    finally:
        store.close()
    return Fleet(folder, secret, for_urls)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block; it must answer on the port within 60 s."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait(process, port, log)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text()[-2000:]}")


@contextmanager
def daemon(fleet: Fleet, settings: str = "", server: str = "", before: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Run the daemon over the fleet's database, by a command that stands `before` it; gives address and process id."""
    port = free_port()
    config = fleet.folder / "seestackd.toml"
    config.write_text(
        f"{settings}\n[server]\nlisten = '127.0.0.1:{port}'\n{server}"
        f"[storage]\npath = '{fleet.folder / 'data' / 'seestackd.db'}'\n"
    )
    command = [*before, sys.executable, "-m", "seestackd", "--config", str(config), "serve"]
    with running(command, port, fleet.folder / "daemon.log") as process:
        yield f"http://127.0.0.1:{port}", process.pid


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
