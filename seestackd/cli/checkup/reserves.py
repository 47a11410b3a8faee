"""What is there for the worst day: copies of the database, room on its disk, and whether a bad day has been already."""

from collections.abc import Iterator
from pathlib import Path

from seestackd.cli.checkup import Finding, broken, fine, note
from seestackd.settings.upkeep import Backup
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.backups import listed
from seestackd.store.sqlite.ballast import Ballast
from seestackd.store.sqlite.damage import Suspicion

OVERDUE = 2
MAX_NAMED = 5


def reserves(database: Path, backup: Backup, daemon_runs: bool, now: int) -> Iterator[Finding]:
    """Check the scheduled backups, the ballast and the marks of a damage, without opening the database."""
    yield _backups(backup, now)
    yield _ballast(database, daemon_runs)
    aside = sorted(database.parent.glob(f"{database.name}.damaged-*"))
    if aside:
        yield note("damaged files", f"{aside[-1].name} was set aside", "look what is missing since, then delete it")
    else:
        yield fine("damaged files", "none was set aside")
    if Suspicion(database).raised:
        yield note("suspicion", "the last process doubted the database or its disk", "restart the daemon: it looks")
    else:
        yield fine("suspicion", "nobody doubted the database")


def schedules(tx: Transaction) -> Finding:
    """Check that every stored schedule can be read."""
    found = [one for project in tx.projects.all() for one in tx.monitors.in_project(project.id) if one.schedule.problem]
    if not found:
        return fine("schedules", "all can be read")
    names = ", ".join(monitor.slug for monitor in found[:MAX_NAMED])
    return broken(
        "schedules", f"not judged, they cannot be read: {names}", "seestackd monitor edit SLUG --schedule ..."
    )


def _backups(backup: Backup, now: int) -> Finding:
    if backup.directory is None:
        return note("backups", "none are scheduled", "set directory in [backup]")
    try:
        newest = next(iter(listed(backup.directory)), None)
    except OSError as error:
        return broken("backups", f"{backup.directory}: {error.strerror}", "let the daemon's user read and write it")
    if newest is None:
        return note("backups", f"none is in {backup.directory} yet", "see the daemon's log if that stays so")
    hours = (now - newest.at) // 3_600_000
    if now - newest.at > OVERDUE * backup.every_ms:
        return broken("backups", f"the newest is {hours:,} hours old", "see the daemon's log for why none is taken")
    return fine("backups", f"the newest is {hours:,} hours old")


def _ballast(database: Path, daemon_runs: bool) -> Finding:
    if Ballast(database).there:
        return fine("ballast", "32 MiB are kept for a full disk")
    if daemon_runs:
        return note("ballast", "it was given up for a full disk, or could not be made", "make room; it comes back")
    return fine("ballast", "made when the daemon starts")
