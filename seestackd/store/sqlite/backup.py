"""Copies of the database: taken while it is in use, verified, and put back in its place (reliability.md 4)."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seestackd.errors import Conflict, Invalid
from seestackd.store.sqlite.connection import UNREADABLE
from seestackd.store.sqlite.copying import Watch, copy_into, unwatched
from seestackd.store.sqlite.looking import reading
from seestackd.store.sqlite.migrations import KNOWN, applied

_BESIDE = ("-wal", "-shm", "-journal")
_SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True)
class Verified:
    """A database file that is whole: its size in bytes and how many monitors and pings it holds."""

    size: int
    monitors: int
    pings: int


def back_up(database: Path, target: Path, *, overwrite: bool = False, watch: Watch = unwatched) -> Verified:
    """Copy the database to `target`, for this user alone, while others may write to it.

    The copy is one snapshot, made in one statement: it cannot be starved by writers and holds nothing that was
    deleted. It takes its name once it is verified. Raises Conflict when `target` exists, Invalid when the copy is
    not whole, FileNotFoundError without a database, OSError, sqlite3.Error.
    """
    _check_target(database, target, overwrite)
    with _unfinished(target) as copy:
        _copy(database, copy, watch)
        verified = _verified(copy, watch)
        _sync(copy)
        if overwrite:
            copy.replace(target)
        else:
            _name(copy, target)
    _sync(target.parent)
    return verified


def verify(file: Path) -> Verified:
    """Open a database that nobody writes to and read every page of it.

    Raises Invalid when it is damaged, no database of seestackd, or written by a newer version.
    """
    try:
        with contextlib.closing(reading(file, immutable=True)) as connection:
            _check_schema(connection)
            problems = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_SHOWN_PROBLEMS})")]
            if problems != ["ok"]:
                raise Invalid(f"it is damaged: {'; '.join(problems)}; take another backup", field=str(file))
            monitors, pings = connection.execute(
                "SELECT (SELECT count(*) FROM monitors), (SELECT count(*) FROM pings)"
            ).fetchone()
    except UNREADABLE as error:
        raise Invalid(f"it cannot be read as a database: {error}; take another file", field=str(file)) from None
    return Verified(file.stat().st_size, monitors, pings)


def _verified(copy: Path, watch: Watch) -> Verified:
    watch("verifying", 0, copy.stat().st_size)
    return verify(copy)


@contextlib.contextmanager
def staged(backup: Path, database: Path, watch: Watch = unwatched) -> Iterator[Path]:
    """Give a verified copy of `backup` beside `database`, to be worked on; it is removed if it is still there after.

    Raises Invalid, OSError.
    """
    if not backup.is_file():
        raise Invalid("there is no such file", field=str(backup))
    with _unfinished(database) as copy:
        try:
            _copy(backup, copy, watch)
        except UNREADABLE as error:
            raise Invalid(f"it cannot be read as a database: {error}; take another file", field=str(backup)) from None
        try:
            _verified(copy, watch)
        except Invalid as error:
            raise Invalid(error.message, field=str(backup)) from None
        yield copy


def put_in_place(copy: Path, database: Path, aside: Path) -> bool:
    """Let `copy` take the database's place, which is kept as `aside`; returns whether there was one.

    The caller holds the database lock. The present one has both names until the new one has its own, so that a crash
    in between loses neither.
    """
    _sync(copy)
    there = database.exists()
    if there:
        _fold(database)
        for suffix in ("-wal", ""):
            source = database.with_name(database.name + suffix)
            if source.exists():
                os.link(source, aside.with_name(aside.name + suffix))
        _sync(database.parent)
    for suffix in _BESIDE:
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    copy.replace(database)
    _sync(database.parent)
    return there


def _check_target(database: Path, target: Path, overwrite: bool) -> None:
    if not database.is_file():
        raise FileNotFoundError(2, "there is no database; is --data right?", str(database))
    if target.exists() and target.samefile(database):
        raise Conflict("is the database itself; choose another file", field=str(target))
    if target.is_dir():
        raise Conflict("is a folder; name a file in it", field=str(target))
    if target.exists() and not overwrite:
        raise Conflict(f"{target} exists already; choose another name, or add --force", field="file")


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Make an empty file of this user's alone beside `target`; gone afterwards unless it was renamed."""
    copy = target.with_name(f".{target.name}.{os.getpid()}.part")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    try:
        yield copy
    finally:
        for suffix in ("", *_BESIDE):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _copy(source: Path, copy: Path, watch: Watch) -> None:
    # A lone file may lie where nothing can be written; with a log beside it, it was not closed and needs both.
    lone = not source.with_name(source.name + "-wal").exists()
    with contextlib.closing(reading(source, immutable=lone and not _in_use(source))) as connection:
        copy_into(connection, copy, watch)


def _in_use(source: Path) -> bool:
    return source.with_name(source.name + ".lock").exists()


def _check_schema(connection: sqlite3.Connection) -> None:
    seen = applied(connection)
    if not seen:
        raise Invalid("it is not a database of seestackd")
    if newer := seen - KNOWN:
        raise Invalid(f"a newer seestackd wrote it (schema {max(newer)}); install that version, or take an older file")


def _fold(database: Path) -> None:
    """Move the log into the file, if the file still can take it; a damaged one is kept with its log."""
    with contextlib.suppress(*UNREADABLE), contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _name(copy: Path, target: Path) -> None:
    try:
        os.link(copy, target)
    except FileExistsError:
        raise Conflict(f"{target} exists already; choose another name, or add --force", field="file") from None
    except OSError:
        # Some file systems know no hard links.
        copy.replace(target)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
