"""`seestackd passwd` beside no daemon."""

import subprocess
import sys
from pathlib import Path

from seestackd.core.passwords import matches
from seestackd.operations import logins
from seestackd.store.sqlite.connection import SqliteStore


def passwd(folder: Path, typed: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seestackd", "--data", str(folder), "passwd", *options]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=30, check=False)


def stored(folder: Path) -> str | None:
    store = SqliteStore.open(folder / "seestackd.db")
    try:
        found: str | None = store.read(lambda tx: logins.password(tx, None, 0))
    finally:
        store.close()
    return found


def test_a_password_is_set_changed_and_removed(tmp_path: Path) -> None:
    done = passwd(tmp_path, "three words long\n")
    kept = stored(tmp_path)
    removed = passwd(tmp_path, "", "--remove")

    assert (done.returncode, done.stderr) == (0, "")
    assert kept is not None
    assert matches("three words long", kept)
    assert not matches("three words lonG", kept)
    assert removed.returncode == 0
    assert stored(tmp_path) is None


def test_a_short_password_is_refused_without_repeating_it(tmp_path: Path) -> None:
    done = passwd(tmp_path, "short\n")

    assert done.returncode == 1
    assert "at least 8 characters" in done.stderr
    assert "short" not in done.stderr
    assert not (tmp_path / "seestackd.db").exists()
