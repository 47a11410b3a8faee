"""A file of the database that the disk is asked to keep, beside the connections that write it."""

import os
from pathlib import Path


class SyncedFile:
    """It is opened when that is first asked, and stays open until `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def sync(self) -> None:
        """Wait until the disk keeps all that was written to it; raises OSError."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY)
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close it. Of the database itself this takes all locks of the process away, so its connections go first."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
