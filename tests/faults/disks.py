"""Disks of the test's own: an ext4 file system in a file, that can be cut off or filled."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SHUTDOWN = 0x8004587D
_NO_FLUSH = 2


def needs_root(*programs: str) -> None:
    """Skip, and say why, where the fault cannot be planted."""
    if os.geteuid() != 0:
        pytest.skip("this fault is planted by root only: sudo make faults")
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is missing: see the packages in .ci/run")


class Disk:
    """An ext4 file system in `image`, mounted at `at`."""

    def __init__(self, image: Path, at: Path, mib: int) -> None:
        self.image, self.at = image, at
        at.mkdir()
        with image.open("wb") as file:
            file.truncate(mib * 2**20)
        # No reserve for root, whom the daemon of a test may be.
        _run("mkfs.ext4", "-q", "-m", "0", str(image))
        self.mounted = False

    def mount(self) -> None:
        mounted = _run("mount", "-o", "loop", str(self.image), str(self.at), check=False)
        if mounted.returncode != 0:
            pytest.skip(f"no loop device can be mounted here: {mounted.stderr.strip()}")
        self.mounted = True

    def unmount(self) -> None:
        if self.mounted:
            _run("umount", str(self.at))
            self.mounted = False

    def cut(self) -> None:
        """Cut the power: nothing reaches the disk any more that has not reached it yet."""
        folder = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_FLUSH))
        finally:
            os.close(folder)

    def fill(self, leave: int = 0) -> Path:
        """Take all room but `leave` bytes; returns the file that took it."""
        file = self.at / "filler"
        with file.open("wb") as filler:
            block = 2**20
            while block >= 4096:
                try:
                    os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), block)
                except OSError:
                    block //= 2
            if leave:
                filler.truncate(filler.seek(0, os.SEEK_END) - leave)
        return file


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=60)


@contextmanager
def disk(folder: Path, mib: int = 64) -> Iterator[Disk]:
    """Give a mounted disk; skips without root or loop devices."""
    needs_root("mkfs.ext4", "mount", "umount")
    made = Disk(folder / "disk.img", folder / "disk", mib)
    made.mount()
    try:
        yield made
    finally:
        made.unmount()
        made.image.unlink()
