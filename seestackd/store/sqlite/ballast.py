"""Room that is kept on the database's disk for the day that it is full (reliability.md 2)."""

import contextlib
import os
import shutil
from pathlib import Path

SIZE = 32 * 2**20
ROOM = 8 * SIZE
NEEDED_TO_START = 4 * 2**20


class Ballast:
    """A file beside the database that is of no use but to be deleted: then 32 MiB are free at once."""

    def __init__(self, database: Path) -> None:
        self._file = database.with_name(database.name + ".ballast")

    @property
    def there(self) -> bool:
        """Whether there is something to be given up."""
        return self._file.exists()

    def give_up(self) -> bool:
        """Free its room; returns whether there was any."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True

    def make(self) -> bool:
        """Take the room again when there is plenty; returns whether it is there."""
        if self.there:
            return True
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self._file.parent).free < ROOM:
                return False
            unfinished = self._file.with_name(self._file.name + ".part")
            try:
                with unfinished.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, SIZE)
                unfinished.rename(self._file)
            finally:
                unfinished.unlink(missing_ok=True)
            return True
        return False

    def open_the_door(self) -> bool:
        """Give it up when the disk is too full for a start; returns whether it did."""
        try:
            free = shutil.disk_usage(self._file.parent).free
        except OSError:
            return False
        return free < NEEDED_TO_START and self.give_up()
