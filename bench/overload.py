"""More than the daemon can serve, and a disk that takes 200 ms to sync. `python -m bench.overload [crowd|twice|slow]`.

`twice` has a disk that takes 100 ms to sync, so that the processors can offer twice what it lets through: that is
measured first. `crowd` has 16,000 clients that ask anew at once; what they ask in all is what the processors answer.
Whoever is not served is to hear 503 with Retry-After within a second, alerts are to be on time, and all that was
acknowledged is to be stored. wrk counts every answer; a thousand further clients tell their pings apart and time them.
Slow disks are strace's doing.
"""

import contextlib
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import results, wrk
from bench.askers import Answer, asking
from bench.fleet import Fleet, build, daemon, memory_mb

MONITORS, SECONDS, CEILING_S = 1_000, 10, 5
CROWD, CROWD_CEILING = 16_000, 64
TWICE_SYNC_MS, TWICE_CEILING, TWICE_PAUSE_MS = 100, 2_000, 500
EXPECTED_S = 0.6
DUE, DUE_AFTER_MS = 20, 12_000
SYNC_MS, SLOW_CLIENTS = 200, 256
_CHANNEL = 'default_channels = ["hook"]\n[channels.hook]\nurl = "json://127.0.0.1:9/"\n'
_TRUSTED = "trusted_proxies = ['127.0.0.1']\n"


@dataclass
class Overload:
    """What one overload showed: times in seconds, memory in MB, alerts in ms after their deadlines."""

    refused: list[float]
    bare: int
    lost: int
    memory_mb: float
    late: list[float]


def crowd() -> int:
    """16,000 clients that ask anew as soon as they are answered."""
    found = _overloaded((), CROWD_CEILING, CROWD, 0)
    return _judge("crowd", found)


def twice() -> int:
    """Twice what a slow disk lets through."""
    return _judge("twice", _overloaded(_slow(TWICE_SYNC_MS), TWICE_CEILING, None, TWICE_PAUSE_MS))


def _judge(kind: str, found: Overload) -> int:
    good = (
        results.tell(f"{kind}_refused", max(found.refused, default=0.0)),
        results.tell(f"{kind}_bare", found.bare),
        results.tell(f"{kind}_lost", found.lost),
        results.tell(f"{kind}_memory", found.memory_mb),
        results.tell(f"{kind}_alerts", max(found.late, default=0.0)),
    )
    print(f"{len(found.late)} of {DUE} alerts stored")
    return 0 if all(good) and len(found.late) == DUE else 1


def _overloaded(before: Sequence[str], few: int, many: int | None, pause_ms: int) -> Overload:
    """Measure what `few` clients are served; then have `many` ask, or as many as send twice that with their pauses."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS + DUE)
        deadlines = _arm(fleet)
        with daemon(fleet, _CHANNEL, _TRUSTED, before=before) as (url, pid):
            ceiling = _load(fleet, url, few, CEILING_S, 0)
            print(f"ceiling {ceiling.rate:,.0f}/s at {few} clients, {memory_mb(pid):.0f} MB")
            clients = many or int(ceiling.rate * 2 * (pause_ms / 1000 + EXPECTED_S))
            with _memory(pid) as most, asking(url, fleet.key, MONITORS, SECONDS + 1) as answers:
                load = _load(fleet, url, clients, SECONDS, pause_ms)
            time.sleep(2)
        late, lost = _late(fleet, deadlines), _lost(fleet, (ceiling, load), answers)
    _print(ceiling, load, clients, answers)
    refused = [answer for answer in answers if answer.status == 503]
    bare = load.counted("bare") + sum(not answer.says_when for answer in refused)
    return Overload([answer.seconds for answer in refused], bare, lost, most[0], late)


def _load(fleet: Fleet, url: str, clients: int, seconds: int, pause_ms: int) -> wrk.Load:
    return wrk.drive(
        url, fleet.key, connections=clients, monitors=MONITORS, seconds=seconds, keep_alive=True, delay_ms=pause_ms,
        script="overload.lua",
    )  # fmt: skip


def _slow(sync_ms: int) -> list[str]:
    delay = ["-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_enter={sync_ms * 1000}"]
    return ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", *delay]


def _print(ceiling: wrk.Load, load: wrk.Load, clients: int, answers: Sequence[Answer]) -> None:
    taken, refused, other = (load.counted(name) for name in ("taken", "refused", "other"))
    print(
        f"{clients:,} clients: {load.rate:,.0f}/s asked, {load.rate / ceiling.rate:.1f} times the ceiling; {taken:,}"
        f" taken ({taken / SECONDS / ceiling.rate:.0%} of it), {refused:,} refused, {other:,} others"
    )
    for status, what in ((202, "taken"), (503, "refused"), (0, "cut off")):
        times = sorted(answer.seconds for answer in answers if answer.status == status)
        if times:
            print(
                f"of the {len(answers):,} that were timed {len(times):,} {what}, after {times[len(times) // 2]:.2f} s,"
                f" p99 {times[int(len(times) * 0.99)]:.2f} s, at most {times[-1]:.2f} s"
            )


def _lost(fleet: Fleet, loads: Sequence[wrk.Load], answers: Sequence[Answer]) -> int:
    """Return how many acknowledged pings are not stored: those told apart by name, of the others by number."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as db:
        named = {row[0] for row in db.execute("SELECT message FROM pings WHERE message LIKE 'asker %'")}
        (others,) = db.execute("SELECT count(*) FROM pings WHERE message NOT LIKE 'asker %'").fetchone()
    acknowledged = {answer.name for answer in answers if answer.status == 202}
    counted = sum(load.counted("taken") for load in loads)
    print(
        f"{len(acknowledged):,} acknowledged by name, {len(acknowledged & named):,} of them stored;"
        f" {counted:,} others acknowledged, {others:,} stored"
    )
    return len(acknowledged - named) + max(0, counted - others)


def slow_disk() -> int:
    """Print how many heartbeats a daemon takes whose every fsync takes 200 ms; returns 1 below 500/s."""
    with tempfile.TemporaryDirectory(prefix="seestackd-bench-") as folder:
        fleet = build(Path(folder) / "fleet", MONITORS)
        with daemon(fleet, before=_slow(SYNC_MS)) as (url, _):
            load = _load(fleet, url, SLOW_CLIENTS, SECONDS, 0)
    print(
        f"{SYNC_MS} ms per fsync, {SLOW_CLIENTS} clients: {load.rate:,.0f} heartbeats/s, p50 {load.p50_ms:.0f} ms,"
        f" p99 {load.p99_ms:.0f} ms, {load.bad} refused"
    )
    return 0 if results.tell("slow_disk", load.rate) and not load.bad else 1


def _arm(fleet: Fleet) -> dict[int, int]:
    """Have monitors that nobody reports fall due while the load lasts; returns id -> deadline (ms UTC)."""
    begin = time.time_ns() // 1_000_000 + DUE_AFTER_MS
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as db, db:
        ids = [row[0] for row in db.execute("SELECT id FROM monitors ORDER BY id DESC LIMIT ?", (DUE,))]
        deadlines = {monitor: begin + number * 200 for number, monitor in enumerate(ids)}
        for monitor, at in deadlines.items():
            db.execute(
                "UPDATE monitor_state SET expected_at = ?1 - 300000, deadline_at = ?1, wake_at = ?1"
                " WHERE monitor_id = ?2",
                (at, monitor),
            )
    return deadlines


def _late(fleet: Fleet, deadlines: dict[int, int]) -> list[float]:
    """Return by how much each alert was stored after its deadline (ms): its row's instant is the judgement's."""
    with closing(sqlite3.connect(fleet.folder / "data" / "seestackd.db")) as db:
        rows = db.execute("SELECT monitor_id, created_at FROM outbox WHERE kind = 'missed'").fetchall()
    return [created_at - deadlines[monitor] for monitor, created_at in rows if monitor in deadlines]


@contextlib.contextmanager
def _memory(pid: int) -> Iterator[list[float]]:
    """Give the most memory that the daemon has had (MB)."""
    most, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            most[0] = max(most[0], memory_mb(pid))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield most
    finally:
        ended.set()
        looker.join()


PARTS: dict[str, Callable[[], int]] = {"crowd": crowd, "twice": twice, "slow": slow_disk}


def main(names: Sequence[str]) -> int:
    """Measure the named parts, or all."""
    if shutil.which("strace") is None:
        print("strace is missing: apt-get install strace", file=sys.stderr)
        return 2
    return max(PARTS[name]() for name in names or PARTS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
