"""What is said to systemd, on real sockets, and the units that are shipped."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seestackd.systemd import Notifier, feed_watchdog, inherited_sockets, watchdog_seconds
from tests.rows import rows
from tests.source import ROOT

UNITS = ROOT / "systemd"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager's notification socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def test_the_manager_hears_that_the_daemon_is_ready(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname()}
    notifier = Notifier.from_environment(environ)

    notifier.ready("listening on port 1")
    notifier.stopping()

    assert notifier.present
    assert environ == {}, "no child may speak for the service"
    assert manager.recv(1024) == b"READY=1\nSTATUS=listening on port 1"
    assert manager.recv(1024) == b"STOPPING=1\nSTATUS=stopping"


def test_an_abstract_socket_is_reached() -> None:
    name = f"seestackd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        listener.settimeout(5)

        assert Notifier(f"@{name}").send("WATCHDOG=1")
        assert listener.recv(1024) == b"WATCHDOG=1"


def test_without_a_manager_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not Notifier.from_environment({}).present
    assert not Notifier.from_environment({}).send("READY=1")
    assert not Notifier(str(tmp_path / "gone")).send("READY=1")
    assert "did not hear READY=1" in caplog.text


@rows(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_for_this_process_or_not_at_all(environ: dict[str, str], seconds: float | None) -> None:
    assert watchdog_seconds(environ) == seconds
    assert environ == {}


async def test_the_watchdog_is_fed_only_while_there_is_progress(
    manager: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    manager.setblocking(False)
    going = True
    feeding = asyncio.create_task(feed_watchdog(Notifier(manager.getsockname()), 0.02, lambda: going))
    loop = asyncio.get_running_loop()

    assert await asyncio.wait_for(loop.sock_recv(manager, 100), 5) == b"WATCHDOG=1"
    assert await asyncio.wait_for(loop.sock_recv(manager, 100), 5) == b"WATCHDOG=1"
    going = False
    while "is not fed" not in caplog.text:
        await asyncio.sleep(0.01)
    while True:
        try:
            manager.recv(100)
        except BlockingIOError:
            break
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(loop.sock_recv(manager, 100), 0.1)
    going = True
    assert await asyncio.wait_for(loop.sock_recv(manager, 100), 5) == b"WATCHDOG=1"
    feeding.cancel()


@rows(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
    ],
)
def test_sockets_meant_for_nobody_or_others_are_left_alone(environ: dict[str, str]) -> None:
    assert inherited_sockets(environ) == []
    assert environ == {}


def test_a_socket_is_taken_over_from_systemd(tmp_path: Path) -> None:
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd-socket-activate is missing: apt-get install systemd")
    path = tmp_path / "http.sock"
    program = (
        "import os\n"
        "from seestackd.systemd import inherited_sockets\n"
        "(taken,) = inherited_sockets()\n"
        "taken.socket.setblocking(True)\n"
        "peer, _ = taken.socket.accept()\n"
        "peer.sendall(f'{taken.name} {taken.socket.get_inheritable()} {\"LISTEN_FDS\" in os.environ}'.encode())\n"
    )
    command = [activate, "-l", str(path), "--fdname=http", "-E", f"PYTHONPATH={ROOT}", sys.executable, "-c", program]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        assert b"Listening on" in process.stderr.readline()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(path))
            assert client.recv(100) == b"http False False"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    environ = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_EMOJI": "0", "LC_ALL": "C"}
    return subprocess.run(
        [program, "--no-pager", *arguments], capture_output=True, text=True, timeout=50, check=False, env=environ
    )


def runnable(folder: Path) -> list[str]:
    """Copies of the units whose ExecStart= exists on this machine."""
    service = (UNITS / "seestackd.service").read_text(encoding="utf-8")
    (folder / "seestackd.service").write_text(service.replace("/opt/seestackd/bin/seestackd", sys.executable))
    shutil.copy(UNITS / "seestackd.socket", folder)
    return [str(folder / "seestackd.service"), str(folder / "seestackd.socket")]


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    result = analyze("verify", *runnable(tmp_path))

    # It exits with 0 for unknown keys and bad values: only its silence says that all is well.
    assert (result.returncode, result.stderr) == (0, "")


def test_systemds_check_of_the_units_can_fail(tmp_path: Path) -> None:
    service, socket_unit = runnable(tmp_path)
    Path(service).write_text(Path(service).read_text() + "\n[Service]\nProtectSytem=strict\n")

    assert "ProtectSytem" in analyze("verify", service, socket_unit).stderr


def test_the_service_is_exposed_by_less_than_one_point_one(tmp_path: Path) -> None:
    result = analyze("security", "--offline=true", "--threshold=10", runnable(tmp_path)[0])

    level = re.search(r"Overall exposure level for seestackd\.service: ([\d.]+)", result.stdout)
    assert level, result.stdout + result.stderr
    assert result.returncode == 0, level[0]
    assert float(level[1]) <= 1.0


def test_the_service_says_when_it_is_ready_and_is_replaced_when_it_hangs() -> None:
    lines = (UNITS / "seestackd.service").read_text(encoding="utf-8").splitlines()

    for line in ("Type=notify", "DynamicUser=yes", "StateDirectory=seestackd", "ExecReload=/bin/kill -HUP $MAINPID"):
        assert line in lines
    assert any(line.startswith("WatchdogSec=") for line in lines)
    assert any(line.startswith("#LoadCredential=") for line in lines)
