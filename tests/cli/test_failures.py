"""What a person is told to do next about a database that cannot be used."""

import sqlite3
from pathlib import Path

import pytest

from seestackd.cli.failures import next_step


def test_a_file_that_is_no_database_is_doubted(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("no database at all, just a text that is long enough to be read\n" * 20)
    connection = sqlite3.connect(file)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        connection.execute("SELECT * FROM sqlite_master")
    connection.close()

    assert next_step(caught.value) == "is it a seestackd database?"


def test_a_database_that_cannot_be_written_has_its_disk_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "small.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE t (body BLOB)")
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()

    assert next_step(caught.value) == "is the disk full, or read-only? see: seestackd doctor"
