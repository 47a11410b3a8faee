"""A database with many monitors and a key, built in process, and the daemon on top of it."""

import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
LOOP = os.environ.get("LOOP", "asyncio")
"""On which event loop the daemon runs, and aiohttp beside it; an installation brings no uvloop (LOOP=uvloop)."""


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


@contextmanager
def running(
    command: list[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block; it must answer on the port within 60 s."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
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
    uvloop = "true" if LOOP == "uvloop" else "false"
    config.write_text(
        f"{settings}\n[server]\nlisten = '127.0.0.1:{port}'\nuvloop = {uvloop}\n{server}"
        f"[storage]\npath = '{fleet.folder / 'data' / 'seestackd.db'}'\n"
    )
    command = [*before, sys.executable, "-m", "seestackd", "--config", str(config), "serve"]
    with running(command, port, fleet.folder / "daemon.log") as process:
        yield f"http://127.0.0.1:{port}", process.pid


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its descendants have used."""
    return sum(_times(each) for each in _family(pid))


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and its descendants; what they share counts once."""
    family = _family(pid)
    if len(family) == 1:
        return resident_mb(pid)
    return sum(_kilobytes(Path(f"/proc/{each}/smaps_rollup"), "Pss:") for each in family) / 1024


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(file.read_text().rsplit(") ", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(file.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def _times(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:  # it has ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kilobytes(file: Path, name: str) -> int:
    with suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0
