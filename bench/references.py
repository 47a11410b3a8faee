"""What the daemon is held against in the same run: servers that keep nothing on disk, and SQLite alone."""

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bench.fleet import running
from tests.ports import free_port

BATCH = 64
_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ return 202; }} }} }}
"""
_TUNED = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
Commit = Callable[[sqlite3.Connection, int], int]
"""Stores what goes into one commit, given how much is stored already; returns how much more that is."""


@contextmanager
def constant(folder: Path, loop: str = "asyncio") -> Iterator[tuple[str, int]]:
    """Run aiohttp answering a constant 202 on the `loop` that the daemon runs on; gives address and process id."""
    port = free_port()
    command = [sys.executable, "-m", "bench.constant", str(port), loop]
    with running(command, port, folder / "constant.log") as process:
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


class Alone:
    """SQLite without a server: one connection that commits as fast as it can, `synchronous=FULL`, on a real file."""

    def __init__(self, file: Path, schema: str, commit: Commit) -> None:
        self._file, self._commit, self._stored = file, commit, 0
        with closing(self._open()) as db:
            db.executescript(_TUNED + schema)

    def run(self, seconds: float) -> tuple[float, float]:
        """Return how much is stored in a second, and the processor time of each (us)."""
        before, began, cpu = self._stored, time.perf_counter(), time.process_time()
        with closing(self._open()) as db:
            db.executescript(_TUNED)
            while time.perf_counter() < began + seconds:
                db.execute("BEGIN IMMEDIATE")
                self._stored += self._commit(db, self._stored)
                db.execute("COMMIT")
        stored = max(1, self._stored - before)
        return stored / (time.perf_counter() - began), (time.process_time() - cpu) / stored * 1e6

    def size_each(self) -> float:
        """Return the bytes of the file for each of what is stored."""
        return used_bytes(self._file) / max(1, self._stored)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, isolation_level=None)


def used_bytes(file: Path) -> int:
    """Return the bytes of the pages in use."""
    with closing(sqlite3.connect(file)) as db:
        (pages, free, size) = db.execute(
            "SELECT page_count, freelist_count, page_size"
            " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
        ).fetchone()
    return int((pages - free) * size)


def group_commit(folder: Path) -> Alone:
    """Return SQLite appending rows, with a row updated for each, 64 a commit."""

    def commit(db: sqlite3.Connection, stored: int) -> int:
        batch = [(number % 1000, number, "backup finished: 1234 files") for number in range(stored, stored + BATCH)]
        db.executemany("INSERT INTO pings (monitor, at, message) VALUES (?, ?, ?)", batch)
        db.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", [(m, at, at) for m, at, _ in batch])
        return BATCH

    schema = """
      CREATE TABLE pings (id INTEGER PRIMARY KEY, monitor INTEGER, at INTEGER, message TEXT);
      CREATE TABLE states (monitor INTEGER PRIMARY KEY, at INTEGER, ping INTEGER)
    """
    return Alone(folder / "commits.db", schema, commit)


def rows_alone(file: Path, schema: str, insert: str, batches: Sequence[Sequence[Any]], together: int) -> Alone:
    """Return SQLite storing rows that are made already, `together` batches a commit."""

    def commit(db: sqlite3.Connection, stored: int) -> int:
        begin, count = stored // len(batches[0]), 0
        for number in range(begin, begin + together):
            rows = batches[number % len(batches)]
            db.executemany(insert, rows)
            count += len(rows)
        return count

    return Alone(file, schema, commit)
