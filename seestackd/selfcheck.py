"""Is the daemon doing its work? One check, asked by /readyz, the watchdog and the outside dead man (semantics.md 8)."""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from seestackd.clock import Clock
from seestackd.core.durations import format_duration
from seestackd.delivery.worker import Delivery
from seestackd.errors import Busy
from seestackd.operations.outbox import waiting_since
from seestackd.runner import Runner
from seestackd.scheduler import Scheduler

log = logging.getLogger(__name__)

Result = TypeVar("Result")

JUDGED_WITHIN_S = 10.0
PASSED_WITHIN_S = 60.0
ANSWERED_WITHIN_S = 3.0
LOCKED_S = 2.0
UNDELIVERED_MS = 15 * 60_000
FREE_SHARE = 0.05
FREE_BYTES = 64 * 1024 * 1024
BLOCKED_S = 2.0
BLOCKED_SHOWN_S = 5.0
BEAT_S = 0.25
FRESH_S = 1.0

Disk = Callable[[Path], tuple[int, int, int]]


class SelfCheck:
    """Finds what keeps the daemon from its work. `disk` returns (total, used, free) bytes of the database's disk.

    Whether the database takes writes is found out by writing: the stamp "I hear", at most once a second.
    """

    def __init__(
        self,
        runner: Runner,
        scheduler: Scheduler,
        delivery: Delivery,
        clock: Clock,
        database: Path,
        disk: Disk = shutil.disk_usage,
    ) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._delivery = delivery
        self._clock = clock
        self._folder = database.parent
        self._database, self._log_of_writes = database, database.with_name(f"{database.name}-wal")
        self._inodes: dict[Path, int] = {}
        self._leaving = False
        self._disk = disk
        self._asking = asyncio.Lock()
        self._found: Mapping[str, str] = {}
        self._found_at = -FRESH_S
        self._blocked: tuple[float, float] = (-BLOCKED_SHOWN_S, 0.0)

    async def troubles(self) -> Mapping[str, str]:
        """Return what is wrong as part -> reason, fit for strangers; empty when all is well. Never older than 1 s."""
        async with self._asking:
            if self._clock.monotonic() - self._found_at >= FRESH_S:
                found = {**self._judge(), **self._loop(), **self._outbox(), **self._space()}
                written, waited = await asyncio.gather(self._writes(), self._undelivered())
                self._found = {**waited, **written, **self._files(), **found}
                self._found_at = self._clock.monotonic()
            return self._found

    def stuck(self, seconds: float) -> bool:
        """Tell whether no judging pass has ended for `seconds`: the judge, the loop or the writer hangs.

        That is what a new process mends. A full disk or a dead channel is not, and does not count here.
        """
        return self._scheduler.passed_ago() >= seconds

    async def watch_loop(self) -> None:
        """Notice when something held up the event loop, or took a file away. Runs for ever."""
        last = self._clock.monotonic()
        while True:
            self._save_from_removal()
            await asyncio.sleep(BEAT_S)
            now = self._clock.monotonic()
            if now - last - BEAT_S > BLOCKED_S:
                self._blocked = (now, now - last)
            last = now

    def _save_from_removal(self) -> None:
        """End the daemon in order when its write-ahead log was removed: a stop puts into the database what is in it.

        It is still open, so all goes on as if it were there; but a crash would lose what was acknowledged since.
        """
        if self._is_elsewhere(self._log_of_writes) and not self._leaving:
            self._leaving = True
            log.critical(
                "%s was removed while it is in use: what it holds is saved by ending now; start again",
                self._log_of_writes,
            )
            signal.raise_signal(signal.SIGTERM)

    def _files(self) -> dict[str, str]:
        if self._is_elsewhere(self._database):
            return {"database": "its file was removed or replaced while in use: put it back, and restart the daemon"}
        return {}

    def _is_elsewhere(self, file: Path) -> bool:
        """Tell whether a file that was seen is not at its place any more, or another one is."""
        try:
            inode = os.stat(file).st_ino
        except OSError:
            return file in self._inodes
        return self._inodes.setdefault(file, inode) != inode

    def _judge(self) -> dict[str, str]:
        ago = self._scheduler.judged_ago()
        return {} if ago < JUDGED_WITHIN_S else {"judge": f"no judging pass has ended for {_seconds(ago)}"}

    def _loop(self) -> dict[str, str]:
        at, lasted = self._blocked
        if self._clock.monotonic() - at >= BLOCKED_SHOWN_S:
            return {}
        return {"loop": f"the event loop was held up for {_seconds(lasted)}"}

    def _outbox(self) -> dict[str, str]:
        ago = self._delivery.passed_ago()
        return {} if ago < PASSED_WITHIN_S else {"outbox": f"no pass over the outbox has ended for {_seconds(ago)}"}

    def _space(self) -> dict[str, str]:
        try:
            total, _, free = self._disk(self._folder)
        except OSError as error:
            return {"disk": f"its free space cannot be told: {error.strerror}"}
        if free > max(FREE_BYTES, FREE_SHARE * total):
            return {}
        return {"disk": f"{free // 2**20} MiB are free, {free / max(total, 1):.1%}"}

    async def _writes(self) -> dict[str, str]:
        trouble = await _within(self._scheduler.stamp(), "it takes no writes", "a write")
        since = self._runner.begins_since
        waited = 0.0 if since is None else self._clock.monotonic() - since
        if waited >= LOCKED_S and isinstance(trouble, str):
            return {"database": f"another process has kept it locked for {_seconds(waited)}"}
        return {"database": trouble} if isinstance(trouble, str) else {}

    async def _undelivered(self) -> dict[str, str]:
        since = await _within(self._runner.read(waiting_since, None), "it answers no queries", "a query")
        if isinstance(since, str):
            return {"database": since}
        waited = 0 if since is None else self._clock.now() - since
        if waited < UNDELIVERED_MS:
            return {}
        return {"alerts": f"the oldest undelivered alert has waited for {format_duration(waited)}"}


async def _within(asked: Awaitable[Result], refused: str, what: str) -> Result | str:
    """Return the answer, or what to say of the database when there was none."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            return await asked
    except Busy:
        return refused
    except TimeoutError:
        return f"{what} has not ended within {ANSWERED_WITHIN_S:g} s"
    except Exception:
        log.exception("the self-check failed")
        return refused


def _seconds(length: float) -> str:
    return format_duration(round(length * 1000))
