"""Floods of half-open connections and of wrong keys beside jobs that report: a slice, and all in `make attacks`."""

import json
import resource
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.daemon import ROOT, Daemon

HALF = min(20_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2)
EVERY_S = 0.02


def reported(port: int, key: str) -> float:
    """Report a run on a connection of its own, as cron and curl do; returns the seconds until it was answered 202."""
    body = b'{"slug":"job","status":"success","durationMs":1}'
    head = f"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\nX-SeeStack-Key: {key}\r\nContent-Length: {len(body)}\r\n"
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(head.encode() + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        assert one.recv(4096).startswith(b"HTTP/1.1 202"), "a good report was not taken"
    return time.monotonic() - begun


def under(kind: str, folder: Path, seconds: float, amount: int) -> dict[str, Any]:
    """Report fifty times a second beside a flood; returns the figures."""
    with Daemon(folder, afresh=True) as daemon:
        key = daemon.cli("key", "create", "cron").strip()
        daemon.cli("monitor", "add", "job", "--schedule", "1d")
        before = daemon.log.read_text().count("\n")
        # Attackers have machines of their own: here they are not to take the core of those that report.
        command = ["nice", "-n", "10", sys.executable, "-m", "tests.attacks.flood"]
        command += [kind, str(daemon.port), str(seconds), str(amount)]
        flood = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        waits, begun = [], time.monotonic()
        while flood.poll() is None:
            waits.append(reported(daemon.port, key))
            time.sleep(max(0.0, EVERY_S - waits[-1]))
        took = time.monotonic() - begun
        assert flood.stdout is not None
        did = json.loads(flood.stdout.read())
        flood.stdout.close()
        log = daemon.log.read_text()
    cuts = statistics.quantiles([wait * 1000 for wait in waits], n=100)
    return {
        **did,
        "reports": len(waits),
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "max_ms": round(max(waits) * 1000, 1),
        "lines_per_s": round((log.count("\n") - before) / took, 2),
        "tracebacks": log.count("Traceback"),
    }


def harmless(found: dict[str, Any]) -> bool:
    return found["tracebacks"] == 0 and found["lines_per_s"] <= 1 and found["reports"] > 10


def test_wrong_keys_by_the_thousand_fill_no_log(tmp_path: Path) -> None:
    found = under("keys", tmp_path, 1.5, 1_500)

    assert harmless(found), found
    assert found["answers"].keys() == {"401", "404"}
    assert sum(found["answers"].values()) == found["sent"]


def test_half_open_connections_by_the_hundred_fill_no_log(tmp_path: Path) -> None:
    found = under("sockets", tmp_path, 1.5, 600)

    assert harmless(found), found


@pytest.mark.long
@pytest.mark.timeout(180)
def test_half_of_all_descriptors_half_open_for_a_minute(tmp_path: Path) -> None:
    found = under("sockets", tmp_path, 60, HALF)
    print(f"{HALF:,} half-open connections for 60 s: {found}")

    assert harmless(found), found
    assert found["most_at_once"] >= HALF * 0.9


@pytest.mark.long
@pytest.mark.timeout(180)
def test_five_thousand_wrong_keys_a_second_for_a_minute(tmp_path: Path) -> None:
    found = under("keys", tmp_path, 60, 5_000)
    print(f"5,000 wrong keys a second for 60 s: {found}")

    assert harmless(found), found
    assert found["sent"] > 250_000
