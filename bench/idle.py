"""A daemon with 100 monitors that nobody uses: processor time and bytes written. `python -m bench.idle`."""

import sys
import tempfile
import time
from pathlib import Path

from bench import results
from bench.fleet import build, cpu_seconds, daemon, resident_mb

MONITORS, SETTLE_S, WATCHED_S = 100, 35, 60
PAGE = 4096
# What a start leaves to do is done within half a minute.


def measure() -> int:
    """Print the figures; returns 1 at 0.5 % of a core or more, or at more than one page written in 10 s."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS)
        with daemon(fleet) as (_, pid):
            time.sleep(SETTLE_S)
            before, written = cpu_seconds(pid), _written(pid)
            time.sleep(WATCHED_S)
            share = (cpu_seconds(pid) - before) / WATCHED_S
            pages = (_written(pid) - written) / PAGE
            memory = resident_mb(pid)
    print(
        f"{MONITORS} monitors, idle for {WATCHED_S} s: {share:.2%} of a core, {pages / WATCHED_S * 10:.1f} pages of"
        f" {PAGE} bytes written in 10 s, {memory:.0f} MB"
    )
    good = (results.tell("idle_cpu", share), results.tell("idle_pages", pages / WATCHED_S * 10))
    return 0 if all(good) else 1


def _written(pid: int) -> int:
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    sys.exit(measure())
