"""Is the file whole? Looked at before every start, for as long as a start may take (decisions.md)."""

import contextlib
import sqlite3
from pathlib import Path

from seestackd.errors import SeestackdError
from seestackd.store.sqlite.connection import is_damage

THOROUGH_BYTES = 32 * 2**20
QUICK_BYTES = 128 * 2**20
TELL_AGAIN_MS = 3_600_000
_SHOWN = 3


class Damaged(SeestackdError):
    """The database is damaged, and there is no backup to take its place."""


class Suspicion:
    """A mark beside the database: the last process found it damaged, or could not be sure that its disk took writes."""

    def __init__(self, database: Path) -> None:
        self._file = database.with_name(database.name + ".suspect")

    @property
    def raised(self) -> bool:
        return self._file.exists()

    def raise_it(self) -> None:
        """Have the next start look at every page; does nothing when the disk takes no file any more."""
        with contextlib.suppress(OSError):
            self._file.touch(mode=0o600)

    def drop(self) -> None:
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def may_tell(self, at: int) -> bool:
        """Tell whether nobody was told within the last hour, and note that somebody is now (`at` in ms UTC)."""
        with contextlib.suppress(OSError, ValueError):
            if 0 <= at - int(self._file.read_text() or 0) < TELL_AGAIN_MS:
                return False
        with contextlib.suppress(OSError):
            self._file.write_text(str(at))
        return True


def damage_of(database: Path) -> str | None:
    """Return what is wrong with the file, None when nothing was found. Nobody else has it open.

    Up to 32 MiB, or when there is a suspicion, every page and index is compared; up to 128 MiB every page is read;
    beyond that the schema only. Raises sqlite3.Error for what is no damage, such as a full disk.
    """
    size = database.stat().st_size
    if size == 0:
        return None
    try:
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            for pragma in _checks(database, size):
                found = [row[0] for row in connection.execute(f"PRAGMA {pragma}({_SHOWN})")]
                if found != ["ok"]:
                    return "; ".join(" ".join(line.split()) for line in found)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    except UnicodeDecodeError:
        # SQLite quotes what it stumbles over.
        return "its schema, or what is wrong with it, holds text that is none"
    return None


def _checks(database: Path, size: int) -> tuple[str, ...]:
    if size <= THOROUGH_BYTES or Suspicion(database).raised:
        return ("integrity_check",)
    return ("quick_check",) if size <= QUICK_BYTES else ()
