"""Root's commands leave nothing behind that the daemon cannot open, and nobody else may talk to it."""

import json
import os
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Bench

DAEMON_USER = 61_184  # of systemd's range for DynamicUser=
NOBODY = 65_534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def ask(path: Path, user: int) -> dict[str, str]:
    """Ask for the list of keys as another user, past the mode of the socket."""
    client = socket.socket(socket.AF_UNIX)
    with client:
        client.settimeout(10)
        os.seteuid(user)
        try:
            client.connect(str(path))
        finally:
            os.seteuid(0)
        client.sendall(b"POST /cli/key.ls HTTP/1.0\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        received = b""
        while part := client.recv(65536):
            received += part
    answer: dict[str, str] = json.loads(received.split(b"\r\n\r\n", 1)[1])
    return answer


@pytest.mark.parametrize("closed", [False, True], ids=["in an open folder", "in a folder of root's alone"])
def test_root_leaves_files_of_the_daemons_user(bench: Bench, closed: bool) -> None:
    bench.folder.chmod(0o700 if closed else 0o755)
    bench.data.mkdir(mode=0o700)
    os.chown(bench.data, DAEMON_USER, DAEMON_USER)

    added = bench.execute("monitor", "add", "job", "--schedule", "1d")
    created = bench.execute("key", "create", "cron")

    assert added.returncode == 0, added.stderr
    assert created.returncode == 0, created.stderr
    files = list(bench.data.iterdir())
    assert files
    assert {(file.stat().st_uid, file.stat().st_gid) for file in files} == {(DAEMON_USER, DAEMON_USER)}


def test_root_keeps_nothing_but_the_right_to_look(bench: Bench) -> None:
    bench.data.mkdir(mode=0o700)
    os.chown(bench.data, DAEMON_USER, DAEMON_USER)
    program = (
        "import os, pathlib\n"
        "from seestackd.cli.ownership import become_owner\n"
        f"become_owner(pathlib.Path({str(bench.data)!r}))\n"
        "print(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm'))])\n"
        "try:\n    os.setuid(0)\nexcept PermissionError:\n    print('no way back')\n"
    )

    lines = bench.python(program).stdout.splitlines()

    user = (DAEMON_USER,) * 3
    assert lines == [f"{user} {user} []", "['0000000000000004', '0000000000000004']", "no way back"]


def test_another_user_is_turned_away_even_past_the_mode_of_the_socket(bench: Bench) -> None:
    bench.serve()
    for folder in (*reversed(bench.data.parents), bench.data):
        if any(part.startswith("pytest-of-") for part in folder.parts):
            folder.chmod(0o711)
    path = bench.data / "seestackd.sock"
    with pytest.raises(PermissionError):
        ask(path, NOBODY)
    path.chmod(0o666)

    assert ask(path, NOBODY)["error"] == "forbidden"
    assert "keys" in ask(path, 0)["result"]
