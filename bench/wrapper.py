"""What `seestackd run` costs a job: how soon its command runs, how much longer the whole takes."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.fleet import Fleet, build, daemon
from tests.ports import free_port

ROUNDS = 40
SILENT_ROUNDS = 3
BULK_MB = 512
COMMAND = str(Path(sys.executable).with_name("seestackd"))
STAMP = ["date", "+%s%N"]
ROW = "{:<46}{:>10}{:>10}{:>10}"


def measure() -> int:
    """Print the figures; returns 1 when a run ended otherwise than its command."""
    print(ROW.format("seestackd run -- true", "median ms", "p95 ms", "worst ms"))
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as name:
        folder = Path(name)
        fleet = build(folder / "fleet", 1)
        key = _ping_key(fleet)
        plain = [_lasted(["true"], {}) for _ in range(ROUNDS)]
        _print("plain true", plain)
        with daemon(fleet) as (url, _):
            env = _environment(folder, url, key)
            _lasted([COMMAND, "run", "job-000000", "--", "true"], env)
            _print("from the start to the command's first instant", _starts(env))
            _print("whole run beside it, daemon answering", _over(plain, ROUNDS, env))
            _print_bulk(env)
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never answers
            ports = {"daemon down": free_port(), "daemon silent": silent.getsockname()[1]}
            for what, port in ports.items():
                env = _environment(folder, f"http://127.0.0.1:{port}", key)
                _print(f"whole run beside it, {what}", _over(plain, SILENT_ROUNDS, env))
    print()
    return 0


def _ping_key(fleet: Fleet) -> str:
    """Make a key of scope ping in the fleet's database."""
    config = fleet.folder / "seestackd.toml"
    config.write_text(f"[storage]\npath = '{fleet.folder / 'data' / 'seestackd.db'}'\n")
    words = [COMMAND, "--config", str(config), "key", "create", "wrapper", "--scope", "ping"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def _environment(folder: Path, url: str, key: str) -> dict[str, str]:
    spool = folder / "spool" / url.rpartition("/")[2]
    return {"SEESTACKD_URL": url, "SEESTACKD_PING_KEY": key, "SEESTACKD_SPOOL": str(spool)}


def _lasted(words: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(words, env={**os.environ, **env}, check=True)
    return (time.perf_counter() - began) * 1000


def _over(plain: list[float], rounds: int, env: dict[str, str]) -> list[float]:
    """Return how much longer than plain `true` the wrapped one takes, in ms."""
    usual = sorted(plain)[len(plain) // 2]
    return [_lasted([COMMAND, "run", "job-000000", "--", "true"], env) - usual for _ in range(rounds)]


def _starts(env: dict[str, str]) -> list[float]:
    """Return the ms until the command runs, less what the command itself needs until it can look at the clock."""
    own = sorted(_until_stamp(STAMP, {}) for _ in range(ROUNDS))[ROUNDS // 2]
    return [_until_stamp([COMMAND, "run", "job-000000", "--", *STAMP], env) - own for _ in range(ROUNDS)]


def _until_stamp(words: list[str], env: dict[str, str]) -> float:
    began = time.time_ns()
    done = subprocess.run(words, env={**os.environ, **env}, stdout=subprocess.PIPE, check=True)
    return (int(done.stdout) - began) / 1e6


def _print(what: str, values: list[float]) -> None:
    ordered = sorted(values)
    middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(ROW.format(what, f"{middle:.1f}", f"{high:.1f}", f"{ordered[-1]:.1f}"))


def _print_bulk(env: dict[str, str]) -> None:
    words = ["head", "-c", str(BULK_MB * 1024 * 1024), "/dev/zero"]
    seconds = []
    for command in (words, [COMMAND, "run", "job-000000", "--", *words]):
        with subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as sink:
            began = time.perf_counter()
            subprocess.run(command, stdout=sink.stdin, env={**os.environ, **env}, check=True)
            seconds.append(time.perf_counter() - began)
    plain, wrapped = (BULK_MB / lasted for lasted in seconds)
    print(f"output carried: {wrapped:,.0f} MB/s, without us {plain:,.0f} MB/s")


if __name__ == "__main__":
    sys.exit(measure())
