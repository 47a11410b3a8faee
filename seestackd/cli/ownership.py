"""As root, become the owner of the data directory: no file may be left that the daemon cannot open."""

import ctypes
import os
from pathlib import Path

_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2
_PR_SET_KEEPCAPS = 8


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
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
    # The new user holds root's rights but uses none of them: take up one, drop the rest.
    header = _Header(_CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)(_Sets(_CAP_DAC_READ_SEARCH, _CAP_DAC_READ_SEARCH, 0), _Sets(0, 0, 0))
    _checked(libc.capset(ctypes.byref(header), ctypes.byref(sets)))


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
