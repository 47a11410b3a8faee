"""The lock beside the database file."""

from pathlib import Path

import pytest

from seestackd.store.sqlite.lock import DatabaseInUse, DatabaseLock


def test_a_database_has_one_lock_whatever_links_lead_to_it(tmp_path: Path) -> None:
    for name in ("real", "other"):
        (tmp_path / name).mkdir()
    database = tmp_path / "real" / "seestackd.db"
    linked_file = tmp_path / "other" / "seestackd.db"
    linked_file.symlink_to(database)
    linked_folder = tmp_path / "linked"
    linked_folder.symlink_to(tmp_path / "real")

    with DatabaseLock(database):
        for other in (linked_file, linked_folder / "seestackd.db"):
            with pytest.raises(DatabaseInUse), DatabaseLock(other):
                pass
