"""Scheduled backups: taken by the running daemon, verified, the oldest deleted."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seestackd.clock import Clock
from seestackd.errors import SeestackdError
from seestackd.settings.upkeep import Backup as BackupSettings
from seestackd.store.sqlite.backups import listed, take

log = logging.getLogger(__name__)

AGAIN_AFTER_MS = 600_000


@dataclass(frozen=True, slots=True)
class BackupState:
    """How scheduled backups stand: when the newest was taken (ms UTC), and what kept the last try from one."""

    newest_at: int | None = None
    trouble: str | None = None


class Backups:
    """Takes a backup whenever `settings()` say that one is due; `due` is for a job that runs every minute."""

    def __init__(self, database: Path, clock: Clock, settings: Callable[[], BackupSettings]) -> None:
        self.state = BackupState()
        self._database = database
        self._clock = clock
        self._settings = settings
        self._at_work = False
        self._again_at = 0.0

    async def due(self) -> None:
        """Take a backup if it is time; what goes wrong is logged, and tried again ten minutes later."""
        settings = self._settings()
        if settings.directory is None or self._at_work or self._clock.monotonic() < self._again_at:
            return
        self._at_work = True
        try:
            await asyncio.to_thread(self._look_and_take, settings.directory, settings)
        finally:
            self._at_work = False

    def _look_and_take(self, folder: Path, settings: BackupSettings) -> None:
        now = self._clock.now()
        try:
            newest = next(iter(listed(folder)), None)
            # One that seems to be of the future was taken by a clock that was wrong.
            if newest is not None and 0 <= now - newest.at < settings.every_ms:
                self.state = BackupState(newest.at)
                return
            taken, verified = take(self._database, folder, now, settings.keep)
        except (OSError, sqlite3.Error, SeestackdError) as error:
            self._failed(folder, error)
            return
        self.state = BackupState(taken.at)
        log.info("backup %s: %.1f MiB, %d pings, verified", taken.file, verified.size / 2**20, verified.pings)

    def _failed(self, folder: Path, error: Exception) -> None:
        self._again_at = self._clock.monotonic() + AGAIN_AFTER_MS / 1000
        reason = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        self.state = BackupState(self.state.newest_at, reason)
        log.error("no backup could be taken into %s: %s; the next try is in 10 minutes", folder, reason)
