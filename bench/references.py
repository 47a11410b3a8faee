"""What the daemon is held against in the same run: servers that keep nothing on disk, and SQLite alone."""

import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench.fleet import free_port, running

BATCH = 64
_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ return 202; }} }} }}
"""


@contextmanager
def constant(folder: Path) -> Iterator[tuple[str, int]]:
    """Run aiohttp answering a constant 202; gives address and process id."""
    port = free_port()
    with running([sys.executable, "-m", "bench.constant", str(port)], port, folder / "constant.log") as process:
        yield f"http://127.0.0.1:{port}", process.pid


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[str, int]]:
    """Run nginx answering a constant 202."""
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port))
    command = ["nginx", "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(config)]
    with running(command, port, folder / "nginx.out") as process:
        yield f"http://127.0.0.1:{port}", process.pid


@contextmanager
def pushgateway(folder: Path) -> Iterator[tuple[str, int]]:
    """Run Prometheus' Pushgateway, which keeps what it is told in memory."""
    port = free_port()
    command = ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with running(command, port, folder / "pushgateway.log") as process:
        yield f"http://127.0.0.1:{port}", process.pid


def installed(name: str) -> bool:
    """Whether a program is there."""
    return shutil.which(name) is not None


def group_commit(folder: Path, seconds: float) -> float:
    """Return how many rows a second SQLite appends, with a row updated for each, 64 a commit, `synchronous=FULL`."""
    with closing(sqlite3.connect(folder / "commits.db", isolation_level=None)) as db:
        db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
            "CREATE TABLE pings (id INTEGER PRIMARY KEY, monitor INTEGER, at INTEGER, message TEXT);"
            "CREATE TABLE states (monitor INTEGER PRIMARY KEY, at INTEGER, ping INTEGER)"
        )
        rows, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            batch = [(number % 1000, number, "backup finished: 1234 files") for number in range(rows, rows + BATCH)]
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO pings (monitor, at, message) VALUES (?, ?, ?)", batch)
            db.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", [(m, at, at) for m, at, _ in batch])
            db.execute("COMMIT")
            rows += BATCH
    return rows / seconds
