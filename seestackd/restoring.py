"""A backup in the place of the database: asked for by an operator, or at a start that finds the file damaged."""

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seestackd.clock import Clock
from seestackd.feed import Feed
from seestackd.operations import erasure
from seestackd.operations.backup import NoteRestored, Restored, note_restored
from seestackd.runner import Runner
from seestackd.settings import Settings
from seestackd.store.sqlite.backup import put_in_place, staged
from seestackd.store.sqlite.backups import newest_verified
from seestackd.store.sqlite.connection import UNREADABLE, SqliteStore
from seestackd.store.sqlite.copying import Watch, unwatched
from seestackd.store.sqlite.damage import Damaged, Suspicion, damage_of
from seestackd.store.sqlite.looking import looking

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swapped:
    """What came of it; `aside` is the database that was there, None when there was none.

    `erased_again` counts sessions and users that had been erased since the backup.
    """

    noted: Restored
    aside: Path | None
    erased_again: int = 0


def swap_in(
    settings: Settings, backup: Path, clock: Clock, *, damage: str | None = None, watch: Watch = unwatched
) -> Swapped:
    """Verify a copy of the backup, settle its unsent alerts, then swap the files; the present one is kept.

    The caller holds the database lock. Raises Invalid, OSError, sqlite3.Error; nothing was changed then.
    """
    database = settings.storage.path
    stamp = datetime.fromtimestamp(clock.now() / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    word = "damaged" if damage else "before-restore"
    aside = database.with_name(f"{database.name}.{word}-{stamp}")
    with staged(backup, database, watch) as copy:
        store = SqliteStore.open(copy)
        try:
            runner = Runner(store, clock, Feed(), on_broken=lambda: os._exit(70))
            runner.route(settings.routing)
            noted = runner.call(note_restored, NoteRestored(damage, aside.name if damage else None))
            erased_again = _erase_again(runner, database)
        finally:
            store.close()
        kept = put_in_place(copy, database, aside)
    return Swapped(noted, aside if kept else None, erased_again)


def _erase_again(runner: Runner, database: Path) -> int:
    """Erase from the backup what the present database says was erased since; returns how many names came back."""
    try:
        with looking(database) as look:
            erased = erasure.log(look.transaction, None, 0)
    except UNREADABLE:
        return 0
    found: int = runner.call(erasure.ask_again, erased)
    while runner.call(erasure.step, None).more:
        pass
    return found


def mend(settings: Settings, clock: Clock) -> None:
    """Look at the database before it is opened; a damaged one is set aside for the newest backup that is whole.

    The caller holds the database lock. Raises Damaged when there is no such backup.
    """
    database, folder = settings.storage.path, settings.backup.directory
    suspicion = Suspicion(database)
    if not database.exists():
        return
    damage = damage_of(database)
    if damage is None:
        suspicion.drop()
        return
    log.critical("the database %s is damaged: %s", database, damage)
    suspicion.raise_it()
    found = newest_verified(folder) if folder is not None else None
    if found is None:
        steps = "put one back with `seestackd restore FILE`, or move the file away to begin anew"
        raise Damaged(f"{database} cannot be used: {damage}, and no scheduled backup is whole; {steps}")
    backup, verified = found
    swapped = swap_in(settings, backup.file, clock, damage=damage)
    suspicion.drop()
    log.critical(
        "restored %s with %d monitors; the damaged database is kept as %s",
        backup.file, verified.monitors, swapped.aside,
    )  # fmt: skip
