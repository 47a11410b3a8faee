"""Where a database may be: on a disk of this machine, in a folder and files that nobody else may read."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from seestackd.errors import Forbidden

OTHERS = 0o077
# f_type of statfs(2): linux/magic.h, and ceph, fuse and cifs of their own headers.
NETWORKS = {
    0x6969: "NFS",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB",
    0x517B: "SMB",
    0x01021997: "9P",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x00C36400: "Ceph",
    0x73757245: "Coda",
    0x7461636F: "OCFS2",
    0x01161970: "GFS2",
    0x0BD00BD0: "Lustre",
}
_STATFS_BYTES = 256  # struct statfs is 120 bytes or less; its first word is f_type


def check(database: Path) -> None:
    """Raise Forbidden, with what mends it, where a database or its folder is open to others or not on a local disk."""
    database = Path(os.path.realpath(database))
    if network := network_name(file_system(database.parent)):
        raise Forbidden(
            f"{database.parent} is on a network file system ({network}), which keeps no database's locks and promises; "
            "name a folder of a local disk: --data, or storage.path"
        )
    if database.exists() and not database.is_file():
        raise Forbidden(f"{database} is there and is no file; name another place: --data, or storage.path")
    if database.parent.stat().st_mode & OTHERS:
        raise Forbidden(f"{database.parent} is open to others; close it with: chmod 700 {database.parent}")
    wide = [str(path) for path in _files(database) if path.stat().st_mode & OTHERS]
    if wide:
        raise Forbidden(f"{', '.join(wide)} can be read by others; close with: chmod 600 {' '.join(wide)}")


def network_name(kind: int) -> str | None:
    """Return the name of a network file system by its number, None for any other."""
    return NETWORKS.get(kind & 0xFFFFFFFF)


def file_system(folder: Path) -> int:
    """Return the number of the file system that a folder is on (statfs(2)). Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if library.statfs(os.fsencode(folder), buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))
    return int(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ulong))[0])


def _files(database: Path) -> Iterator[Path]:
    for suffix in ("", "-wal", "-shm", ".lock"):
        path = database.with_name(database.name + suffix)
        if path.exists():
            yield path
