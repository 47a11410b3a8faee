"""The files: who may read them, the disk below them, and whether the database is whole."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from seestackd.cli.checkup import Finding, broken, fine, note
from seestackd.selfcheck import FREE_BYTES, FREE_SHARE
from seestackd.store.interface import Transaction
from seestackd.store.sqlite.looking import looking

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs"})
FEW_INODES_SHARE = 0.02
LONG_LOG_BYTES = 512 * 1024 * 1024
_RESTORE = "stop the daemon, then: seestackd restore BACKUP"


def files(database: Path) -> Iterator[Finding]:
    """Check the data folder and the files in it, without opening the database."""
    folder = database.parent
    if not folder.is_dir():
        yield broken("data folder", f"{folder} is not there", "start the daemon once, or name the right --data")
        return
    yield _folder_mode(folder)
    yield _file_modes(database)
    yield _owners(database)
    yield _file_system(folder)
    yield _writable(folder)
    yield _space(folder)
    yield _inodes(folder)
    yield _log(database)


def contents(database: Path, look: Callable[[Transaction], Iterator[Finding]]) -> Iterator[Finding]:
    """Check the database itself, then what `look` finds in it."""
    if not database.is_file():
        yield broken("database", f"{database} is not there", "start the daemon once, or name the right --data")
        return
    try:
        with looking(database) as seen:
            if seen.problems:
                yield broken("database", f"it is damaged: {seen.problems[0]}", _RESTORE)
            else:
                yield fine("database", f"{database.stat().st_size / 2**20:,.1f} MiB, whole")
            if seen.journal_mode == "wal":
                yield fine("journal", "write-ahead log")
            else:
                yield note("journal", f"mode {seen.journal_mode}", "start the daemon once: it sets the mode")
            yield from look(seen.transaction)
    except sqlite3.Error as error:
        yield broken("database", f"it cannot be read: {error}", _RESTORE)


def _beside(database: Path) -> list[Path]:
    names = [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm", ".lock")]
    return [path for path in names if path.exists()]


def _folder_mode(folder: Path) -> Finding:
    if folder.stat().st_mode & 0o077:
        return broken("data folder", f"others may look into {folder}: the daemon will not start", f"chmod 700 {folder}")
    return fine("data folder", f"{folder}, for its owner alone")


def _file_modes(database: Path) -> Finding:
    wide = [str(path) for path in _beside(database) if path.stat().st_mode & 0o077]
    if wide:
        return broken("file modes", f"others may read {', '.join(wide)}", f"chmod 600 {' '.join(wide)}")
    return fine("file modes", "for their owner alone")


def _owners(database: Path) -> Finding:
    owner = database.parent.stat().st_uid
    strange = [str(path) for path in _beside(database) if path.stat().st_uid != owner]
    if strange:
        fix = f"chown --reference={database.parent} {' '.join(strange)}"
        return broken("file owners", f"not the folder's owner's: {', '.join(strange)}", fix)
    return fine("file owners", "all the folder's owner's")


def _file_system(folder: Path) -> Finding:
    kind = _kind_of(folder.resolve(), Path("/proc/mounts"))
    if kind in NETWORK:
        return broken("file system", f"{kind} keeps no database's locks and promises", "move the data to a local disk")
    return fine("file system", kind or "not told")


def _kind_of(folder: Path, mounts: Path) -> str:
    """Return the type of the file system that a folder is on, the last one mounted there."""
    best, kind = -1, ""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, place, found, *_ = line.split()
        point = Path(place.replace(r"\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), found
    return kind


def _writable(folder: Path) -> Finding:
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return broken("disk", "it is mounted read-only", "see dmesg for the cause, then: mount -o remount,rw")
    return fine("disk", "takes writes")


def _space(folder: Path) -> Finding:
    total, _, free = shutil.disk_usage(folder)
    says = f"{free // 2**20:,} MiB are free, {free / max(total, 1):.0%}"
    if free <= max(FREE_BYTES, FREE_SHARE * total):
        return broken("space", says, "make room, or move the data: storage.path")
    return fine("space", says)


def _inodes(folder: Path) -> Finding:
    system = os.statvfs(folder)
    if system.f_files and system.f_favail < FEW_INODES_SHARE * system.f_files:
        return broken("inodes", f"{system.f_favail} are free", "delete small files on this file system")
    return fine("inodes", f"{system.f_favail:,} are free" if system.f_files else "not limited")


def _log(database: Path) -> Finding:
    log = database.with_name(database.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > LONG_LOG_BYTES:
        return note("log", f"{size // 2**20:,} MiB wait beside the database", "end whoever reads it for long: fuser -v")
    return fine("log", f"{size / 2**20:.1f} MiB")
