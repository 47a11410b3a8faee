"""Drives a server with wrk and reads its report."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Load:
    """What wrk saw; latencies in milliseconds. A run with `bad` answers is void."""

    rate: float
    p50_ms: float
    p99_ms: float
    bad: int
    report: str = ""

    def counted(self, name: str) -> int:
        """Return a count that the script itself has printed."""
        return int(_found(rf"^{name} (\d+)$", self.report) or 0)


def available() -> bool:
    """Whether wrk is installed."""
    return shutil.which("wrk") is not None


def drive(
    url: str,
    key: str,
    *,
    connections: int,
    monitors: int,
    seconds: int,
    keep_alive: bool,
    first: int = 0,
    at_random: bool = False,
    delay_ms: int = 0,
    seed: int | None = None,
    script: str = "heartbeat.lua",
) -> Load:
    """Send heartbeats of monitors from the `first` on, as fast as `connections` clients can.

    Each client waits `delay_ms` on average before the next; monitors report in turn, or `at_random` by `seed`.
    """
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "20",
        "-s",
        str(Path(__file__).with_name(script)),
    ]
    command += [url, "--", key, str(first), str(monitors)]
    command += [*([] if keep_alive else ["close"]), *(["random"] if at_random else [])]
    command += [f"delay={delay_ms}"] if delay_ms else []
    command += [f"seed={seed}"] if seed is not None else []
    report = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    return Load(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", report) or 0),
        p50_ms=_latency("50", report),
        p99_ms=_latency("99", report),
        bad=int(_found(r"Non-2xx or 3xx responses: (\d+)", report) or 0),
        report=report,
    )


def send(url: str, key: str, path: str, bodies: Path, connections: int, seconds: int) -> tuple[float, int]:
    """Post the lines of a file in turn; returns requests a second, and how many were answered badly."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20"]
    command += ["-s", str(Path(__file__).with_name("bodies.lua")), url, "--", key, path, str(bodies)]
    report = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    bad = int(_found(r"Non-2xx or 3xx responses: (\d+)", report) or 0)
    return float(_found(r"Requests/sec:\s+([\d.]+)", report) or 0) - bad / seconds, bad


def _found(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else None


def _latency(percentile: str, report: str) -> float:
    match = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s|m)\b", report)
    return float(match[1]) * _UNITS[match[2]] if match else 0.0
