"""A machine with a real systemd: the shipped units, booted by systemd-nspawn on a copy-on-write view of this one."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.disks import needs_root
from tests.faults.traffic import end_with_children
from tests.journeys.daemon import wait_for
from tests.source import ROOT

PYTHON = "/usr/bin/python3"
_MASKED = (
    "systemd-udevd.service", "systemd-logind.service", "systemd-networkd.service", "systemd-timesyncd.service",
    "systemd-resolved.service", "networking.service", "ssh.service", "cron.service", "dbus.socket",
)  # fmt: skip


class Machine:
    """A booted machine: `leader` is its first process. It has a loopback of its own and no other network."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root, self.leader = root, leader

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        entered = ("nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", *command)
        done = subprocess.run(entered, capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}\n{self.journal()}"
        return done

    def journal(self) -> str:
        entered = ("nsenter", "-t", str(self.leader), "-m", "-p", "journalctl", "-u", "seestackd*", "-n", "60")
        return subprocess.run(entered, capture_output=True, text=True, timeout=20, check=False).stdout

    def main_pid(self) -> int:
        return int(self.run("systemctl", "show", "-P", "MainPID", "seestackd.service").stdout)


@contextmanager
def booted(folder: Path, deployed: Path) -> Iterator[Machine]:
    """Boot it, with the units in their places and the program of `deployed` at /opt/seestackd."""
    needs_root("systemd-nspawn", "nsenter", "mount", "umount")
    with _overlay(folder) as root:
        _furnish(root, deployed)
        command = [
            "systemd-nspawn", "-q", "-D", str(root), "--private-network", "--register=no", "--keep-unit",
            "--console=pipe", f"--bind-ro={deployed}:/opt/seestackd", "--bind-ro=/usr/lib/locale",
            "-b", "systemd.unit=basic.target",
        ]  # fmt: skip
        log = (folder / "console").open("wb")
        nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield Machine(root, _leader(nspawn, folder / "console"))
        finally:
            with suppress(ProcessLookupError):
                nspawn.terminate()
            try:
                nspawn.wait(15)
            except subprocess.TimeoutExpired:
                end_with_children(nspawn.pid)
                nspawn.wait(10)
            log.close()


@contextmanager
def _overlay(folder: Path) -> Iterator[Path]:
    layer, root = folder / "layer", folder / "root"
    layer.mkdir()
    root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(layer)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"nothing can be mounted here, so no machine is booted: {mounted.stderr.strip()}")
    try:
        (layer / "upper").mkdir()
        (layer / "work").mkdir()
        options = f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work"
        overlay = ["mount", "-t", "overlay", "overlay", "-o", options, str(root)]
        if (failed := subprocess.run(overlay, capture_output=True, text=True, check=False)).returncode != 0:
            pytest.skip(f"no overlay of / can be made here, so no machine is booted: {failed.stderr.strip()}")
        try:
            yield root
        finally:
            subprocess.run(["umount", "-l", str(root)], check=False)
    finally:
        subprocess.run(["umount", "-l", str(layer)], check=False)


def _furnish(root: Path, deployed: Path) -> None:
    etc = root / "etc"
    for name in ("fstab", "machine-id"):
        (etc / name).write_text("")
    units = etc / "systemd/system"
    shutil.rmtree(units)
    units.mkdir()
    for name in _MASKED:
        os.symlink("/dev/null", units / name)
    (etc / "tmpfiles.d").mkdir(exist_ok=True)
    (etc / "tmpfiles.d/tmp.conf").write_text("")
    shutil.copy(ROOT / "systemd/seestackd.socket", units)
    service = (ROOT / "systemd/seestackd.service").read_text().replace("#LoadCredential=", "LoadCredential=")
    (units / "seestackd.service").write_text(service)
    settings = etc / "seestackd"
    shutil.rmtree(settings, ignore_errors=True)
    (settings / "credentials").mkdir(parents=True)
    (settings / "credentials/ops").write_text("json://127.0.0.1:9/\n")
    (settings / "credentials/ops").chmod(0o600)
    (settings / "seestackd.toml").write_text(
        'default_channels = ["ops"]\n[channels.ops]\nurl_credential = "ops"\n[monitors.job]\nschedule = "1d"\n'
    )
    shutil.rmtree(root / "var/lib/seestackd", ignore_errors=True)
    (root / "opt/seestackd").mkdir(parents=True, exist_ok=True)


def _leader(nspawn: "subprocess.Popen[bytes]", console: Path) -> int:
    """Return the first process of the machine, once its systemd is at work."""

    def running() -> int:
        if nspawn.poll() is not None:
            pytest.skip(f"systemd-nspawn boots nothing here: {console.read_text(errors='replace')[-500:]}")
        try:
            children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text().split()
            leader = int(children[0])
        except (OSError, IndexError):
            return 0
        entered = ("nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-C", "systemctl", "is-system-running")
        state = subprocess.run(entered, capture_output=True, text=True, check=False).stdout.strip()
        return leader if state in ("running", "degraded") else 0

    begun = time.monotonic()
    leader = wait_for(running, 40, f"the machine to be up; {console.read_text(errors='replace')[-500:]}")
    print(f"booted in {time.monotonic() - begun:.1f} s")
    return int(leader)
