"""New databases: the migrations run once in a process, and every test begins with a copy of what they made."""

import tempfile
from functools import cache
from pathlib import Path

from seestackd.store.sqlite.connection import SqliteStore


def new_store(path: Path, kind: type[SqliteStore] = SqliteStore) -> SqliteStore:
    """Open a database that nothing is in yet. The folder is there, the file is not."""
    assert not path.exists(), f"{path} is no new database; open it with SqliteStore.open"
    path.write_bytes(_empty())
    return kind.open(path)


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        SqliteStore.open(path).close()
        return path.read_bytes()
