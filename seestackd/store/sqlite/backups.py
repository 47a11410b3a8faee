"""The folder of scheduled backups: what lies there, one more, and no more than are to be kept."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seestackd.errors import Invalid
from seestackd.store.sqlite.backup import Verified, back_up, verify
from seestackd.store.sqlite.copying import Watch, unwatched

_NAME = re.compile(r"seestackd-([0-9]{8}T[0-9]{6}Z)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup by its name: when it was taken (ms UTC), and its size in bytes."""

    file: Path
    at: int
    size: int


def listed(folder: Path) -> list[Backup]:
    """Return the backups in a folder, the newest first; other files are none, and no folder holds none.

    Every one of them was whole when it got its name. Raises OSError when the folder cannot be read.
    """
    try:
        files = list(folder.iterdir())
    except FileNotFoundError:
        return []
    return sorted((found for file in files if (found := _backup(file))), key=lambda backup: backup.at, reverse=True)


def newest_verified(folder: Path) -> tuple[Backup, Verified] | None:
    """Return the newest backup that is still whole, read from end to end; None when there is none.

    Raises OSError when the folder cannot be read.
    """
    for backup in listed(folder):
        try:
            return backup, verify(backup.file)
        except (Invalid, OSError):
            continue
    return None


def take(database: Path, folder: Path, at: int, keep: int, watch: Watch = unwatched) -> tuple[Backup, Verified]:
    """Back the database up into the folder, which is made when needed, then delete the oldest beyond `keep`.

    Nothing is deleted unless the new one is verified. Raises what `back_up` raises.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(".seestackd-*.part*"):
        # Of a process that was killed: the caller sees to it that only one is at work.
        left.unlink(missing_ok=True)
    file = folder / f"seestackd-{datetime.fromtimestamp(at / 1000, UTC).strftime(_STAMP)}.db"
    verified = back_up(database, file, watch=watch)
    for old in listed(folder)[keep:]:
        if old.file != file:
            old.file.unlink(missing_ok=True)
    return Backup(file, at // 1000 * 1000, verified.size), verified


def _backup(file: Path) -> Backup | None:
    named = _NAME.fullmatch(file.name)
    if named is None or not file.is_file():
        return None
    try:
        taken = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Backup(file, int(taken.timestamp() * 1000), file.stat().st_size)
