"""As root, become the owner of the data directory: no file may be left that the daemon cannot open."""

import ctypes
import os
from pathlib import Path

_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become_owner(folder: Path) -> None:
    """Give up root for the owner of `folder`, for the rest of the process; nothing happens when it is root's or absent.

    The right to look into closed folders stays: systemd keeps the state of a DynamicUser below a folder of root's.
    """
    if os.geteuid() != 0 or not folder.exists():
        return
    owner = folder.stat()
    if owner.st_uid == 0:
        return
    os.setgroups([])
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    # The saved user id stays root until the right below is raised again; then only that right is left.
    os.seteuid(owner.st_uid)
    _keep(_CAP_DAC_READ_SEARCH)


def _keep(right: int) -> None:
    header = _Header(_CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)(_Sets(right, right, 0), _Sets(0, 0, 0))
    if ctypes.CDLL(None, use_errno=True).capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "capset")
