"""What the files say, applied: at start, on SIGHUP and on `seestackd reload`: validate everything, then swap."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from seestackd.clock import Clock
from seestackd.core.monitor import NewMonitor
from seestackd.errors import Conflict, SeestackdError
from seestackd.monitors_file import Configuration
from seestackd.operations.declared import Declare, Difference, compare, declare
from seestackd.runner import Runner
from seestackd.settings import BadSettings, Settings

log = logging.getLogger(__name__)

PING_ID_BYTES = 16
AT_START_ONLY = ("server", "storage", "judge", "dashboard", "deadman", "defaults")
"""Tables that are read at start. Of `defaults` that goes for monitors that pings make; declared ones follow at once."""


class Configured:
    """The configuration in force. `ok` is False after a reload that was refused; nothing has changed by it then.

    `trouble` says why it was refused, `applied_at` when what is in force was applied (ms UTC).
    """

    def __init__(
        self,
        configuration: Configuration,
        read: Callable[[], Configuration],
        runner: Runner,
        swap: Callable[[Settings], None],
        clock: Clock,
    ) -> None:
        self.settings = configuration.settings
        self.trouble: str | None = None
        self.applied_at = clock.now()
        self._clock = clock
        self._monitors = configuration.monitors
        self._started = configuration.settings
        self._read = read
        self._runner = runner
        self._swap = swap
        self._one_at_a_time = asyncio.Lock()
        self._begun: set[asyncio.Task[None]] = set()

    @property
    def ok(self) -> bool:
        """Whether the last reload was applied."""
        return self.trouble is None

    async def start(self) -> None:
        """Apply the monitors of the start. Raises BadSettings; too many to archive are logged and left alone."""
        try:
            difference = await self._declare(self._monitors, force=False)
        except SeestackdError as error:
            raise BadSettings([_said(error)]) from None
        if difference.refused:
            self.trouble = refusal(difference).message
            log.error("the monitors of the files were not applied: %s", self.trouble)
        elif difference.touched or difference.archived:
            log.info("monitors of the files: %s", summary(difference))

    async def reload(self, *, force: bool = False) -> dict[str, Any]:
        """Apply what the files say now; returns what that changed (JSON values).

        Raises BadSettings, Invalid, Conflict when too many monitors would be archived, Busy: the configuration in force
        stays then, as a whole.
        """
        async with self._one_at_a_time:
            try:
                changes = await self._reload(force)
            except Exception as error:
                self.trouble = _said(error)
                log.error("the configuration was not reloaded, the old one stays: %s", self.trouble)
                raise
            self.trouble, self.applied_at = None, self._clock.now()
            return changes

    def begin_reload(self) -> None:
        """Reload when it is convenient, as SIGHUP asks for; what goes wrong is in the log only.

        One that waits for the present one to end is enough, however many ask.
        """
        if len(self._begun) > 1:
            return
        task = asyncio.create_task(self._reload_unasked())
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _reload_unasked(self) -> None:
        with suppress(Exception):
            await self.reload()

    async def _reload(self, force: bool) -> dict[str, Any]:
        configuration = await asyncio.to_thread(self._read)
        difference = await self._declare(configuration.monitors, force)
        if difference.refused:
            raise refusal(difference)
        changes = self._changes(configuration.settings, difference)
        self.settings = configuration.settings
        self._swap(configuration.settings)
        log.info("the configuration is reloaded: %s", summary(difference))
        for name in changes["restart"]:
            log.warning("%s is read at start: restart to apply it", name)
        return changes

    async def difference(self) -> dict[str, Any]:
        """Return what a reload would change. Raises BadSettings, Invalid."""
        configuration = await asyncio.to_thread(self._read)
        difference = await self._runner.read(compare, configuration.monitors)
        return self._changes(configuration.settings, difference)

    def _changes(self, settings: Settings, difference: Difference) -> dict[str, Any]:
        return {
            **changes_of(difference),
            "settings": [name for name in differing(self.settings, settings) if not _at_start(name)],
            "restart": [name for name in differing(self._started, settings) if _at_start(name)],
        }

    async def _declare(self, monitors: tuple[NewMonitor, ...], force: bool) -> Difference:
        ping_ids = tuple(secrets.token_urlsafe(PING_ID_BYTES) for _ in monitors)
        return await self._runner.run(declare, Declare(monitors, ping_ids, force))


def _said(error: Exception) -> str:
    return f"{error.field}: {error}" if isinstance(error, SeestackdError) and error.field else str(error)


def changes_of(difference: Difference) -> dict[str, Any]:
    """Return a difference as JSON values."""
    return {**asdict(difference), "refused": difference.drops_many}


def refusal(difference: Difference) -> Conflict:
    """Return the error that too many monitors would be archived."""
    return Conflict(
        f"{len(difference.archived)} of the {difference.declared} monitors in the files would be archived, so nothing"
        " was changed; if they are meant to go: seestackd reload --force"
    )


def summary(difference: Difference) -> str:
    """Say what changes: "+2 monitors, ~1 changed"."""
    counts = (
        ("+", len(difference.added), "added"),
        ("~", len(difference.changed), "changed"),
        ("+", len(difference.restored), "restored"),
        ("-", len(difference.archived), "archived"),
    )
    said = [f"{sign}{count} {what}" for sign, count, what in counts if count]
    return ", ".join([*said, f"{difference.unchanged} unchanged"])


def differing(before: Settings, after: Settings) -> list[str]:
    """Return the names of the settings that differ, such as `server.listen` and `channels.ops`; never a value."""
    names = []
    for table in Settings.model_fields.keys() - {"monitors"}:
        old, new = getattr(before, table), getattr(after, table)
        if isinstance(old, dict):
            names += [f"{table}.{name}" for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        elif isinstance(old, tuple):
            names += [table] if old != new else []
        else:
            fields = type(old).model_fields
            names += [f"{table}.{name}" for name in fields if getattr(old, name) != getattr(new, name)]
    return sorted(names)


def _at_start(name: str) -> bool:
    return name.partition(".")[0] in AT_START_ONLY
