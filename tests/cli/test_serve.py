"""The daemon as a process: how it starts, what it prints, how it stops, and how the command line finds it."""

import fcntl
import json
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Bench, Daemon, environment
from tests.journeys.daemon import wait_for


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_a_key_and_shows_a_line_that_works(bench: Bench) -> None:
    daemon = bench.serve_afresh()
    printed = daemon.until("No alert channel is set")
    add, *_ = [line.strip() for line in printed.splitlines() if "monitor add" in line]
    curl = printed[printed.index("curl ") : printed.index("}'") + 2]

    typed = add.replace("python -m", f"{sys.executable} -m")
    added = subprocess.run(typed, shell=True, capture_output=True, check=False, env=environment(), timeout=20)
    sent = subprocess.run(curl, shell=True, capture_output=True, text=True, check=False, timeout=20)

    assert added.returncode == 0, added.stderr
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout)["ok"] is True
    assert bench.run("monitor", "ls", "--state", "ok", "-q").stdout == "my-job\n"
    assert daemon.stop()[0] == 0


def test_a_later_start_shows_no_key(bench: Bench) -> None:
    bench.serve().stop()
    daemon = bench.serve()

    assert "ssk_" not in daemon.printed + daemon.stop()[1]


def test_no_key_is_written_into_a_journal(bench: Bench) -> None:
    daemon = bench.serve(JOURNAL_STREAM="8:1")

    printed = daemon.printed + daemon.stop()[1]
    assert "ssk_" not in printed
    assert "seestackd key create" in printed
    assert [key["scope"] for key in json.loads(bench.run("key", "ls", "--json").stdout)["keys"]] == ["ping"]


def test_what_was_set_up_before_the_first_start_is_there(bench: Bench) -> None:
    key = bench.execute("key", "create", "ansible").stdout.strip()
    assert bench.run("monitor", "add", "job", "--schedule", "1d").returncode == 0

    daemon = bench.serve()

    assert "ssk_" not in daemon.printed, "there is a key already"
    assert bench.execute("monitor", "ls", "-q").stdout == "job\n"
    assert key[:8] in bench.run("key", "ls").stdout


def test_files_are_for_its_user_alone(bench: Bench) -> None:
    bench.serve()

    assert mode(bench.data) == 0o700
    assert {path.name: oct(mode(path)) for path in bench.data.iterdir()} == {
        "seestackd.db": "0o600",
        "seestackd.db-shm": "0o600",
        "seestackd.db-wal": "0o600",
        "seestackd.db.lock": "0o600",
        "seestackd.sock": "0o600",
    }


def test_a_database_that_others_can_read_is_refused(bench: Bench) -> None:
    bench.run("monitor", "ls")
    (bench.data / "seestackd.db").chmod(0o644)

    result = bench.run("serve")

    assert result.returncode == 1
    assert f"chmod 600 {bench.data}/seestackd.db" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order(bench: Bench, number: int) -> None:
    daemon = bench.serve_afresh()
    assert daemon.livez() == 200

    code, printed = daemon.stop(number)

    assert code == 0, printed
    assert "Traceback" not in printed
    assert {path.name for path in bench.data.iterdir()} == {"seestackd.db", "seestackd.db.lock"}


def test_a_hangup_does_not_end_it(bench: Bench) -> None:
    daemon = bench.serve()

    daemon.process.send_signal(signal.SIGHUP)

    daemon.until("the configuration is reloaded: 0 unchanged")
    assert daemon.livez() == 200


def test_a_hangup_in_the_middle_of_a_start_does_not_end_it(bench: Bench) -> None:
    process = bench.begin("serve", "--listen", "127.0.0.1:0")
    ignored = re.compile(r"^SigIgn:\t\w+[13579bdf]$", re.MULTILINE)
    wait_for(lambda: ignored.search(Path(f"/proc/{process.pid}/status").read_text()), 10, "it to have begun")

    process.send_signal(signal.SIGHUP)

    assert Daemon(process).livez() == 200


def test_a_write_ahead_log_that_is_removed_costs_a_restart_and_no_ping(bench: Bench) -> None:
    """It is still open, so nothing fails; what it holds would be lost by a crash, and is saved by a stop."""
    bench.run("monitor", "add", "job", "--schedule", "1d")
    daemon = bench.serve()
    key = bench.run("key", "create", "cron", "--scope", "ping").stdout.strip()
    ping = f"{daemon.url}/ping/{key}/job"
    assert urllib.request.urlopen(ping, timeout=10).status == 200
    (bench.data / "seestackd.db-wal").unlink()
    assert urllib.request.urlopen(ping, timeout=10).status == 200

    daemon.until("seestackd.db-wal was removed while it is in use")
    assert daemon.process.wait(10) == 0
    with closing(sqlite3.connect(bench.data / "seestackd.db")) as database:
        assert database.execute("SELECT count(*) FROM pings").fetchall() == [(2,)]


def test_the_socket_file_of_a_killed_daemon_is_no_obstacle(bench: Bench) -> None:
    bench.serve().stop(signal.SIGKILL)
    assert (bench.data / "seestackd.sock").exists()

    assert bench.run("monitor", "add", "job", "--schedule", "1d").returncode == 0
    bench.serve()
    assert bench.run("monitor", "ls", "-q").stdout == "job\n"


def test_an_address_in_use_is_named(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"

        result = bench.run("serve", "--listen", address)

    assert result.returncode == 1
    assert f"cannot listen on {address}: Address already in use" in result.stderr


def test_an_unusable_channel_is_told_in_the_log_and_keeps_nothing_from_starting(bench: Bench) -> None:
    bench.configure('[channels.ops]\nurl = "nonsense://SECRET@host"\n')
    daemon = bench.serve()

    printed = daemon.until("channel ops cannot be used")

    assert "SECRET" not in printed
    assert daemon.livez() == 200


def test_a_file_that_is_no_database_is_left_alone(bench: Bench) -> None:
    bench.data.mkdir(mode=0o700)
    database = bench.data / "seestackd.db"
    database.write_bytes(b"my diary, not a database" * 100)
    database.chmod(0o600)

    for result in (bench.run("serve"), bench.run("monitor", "ls")):
        assert result.returncode == 1
        assert f"{database} cannot be used" in result.stderr
    assert database.read_bytes() == b"my diary, not a database" * 100


def test_a_command_waits_for_a_daemon_that_is_starting(bench: Bench) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    with (bench.data / "seestackd.db.lock").open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        daemon = bench.begin("serve", "--listen", "127.0.0.1:0")
        listed = bench.begin("monitor", "ls", "-q")
        with pytest.raises(subprocess.TimeoutExpired):
            listed.communicate(timeout=1.5)
        assert daemon.poll() is None

    assert listed.communicate(timeout=20)[0] == "job\n"
    assert listed.returncode == 0


def test_a_command_waits_for_another_that_has_the_database(bench: Bench) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    with (bench.data / "seestackd.db.lock").open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        listed = bench.begin("monitor", "ls", "-q")
        with pytest.raises(subprocess.TimeoutExpired):
            listed.communicate(timeout=1.5)

    assert listed.communicate(timeout=20)[0] == "job\n"
    assert listed.returncode == 0


def test_a_file_where_the_unix_socket_belongs_is_left_alone(bench: Bench) -> None:
    diary = bench.folder / "diary.txt"
    diary.write_text("dear diary")
    bench.configure(f'[server]\nsocket = "{diary}"\n')

    result = bench.execute("serve", "--listen", "127.0.0.1:0")

    assert result.returncode == 1
    assert f"server.socket: {diary} is there and is no socket" in result.stderr
    assert diary.read_text() == "dear diary"


@pytest.mark.long
def test_a_lock_without_a_daemon_ends_with_four(bench: Bench) -> None:
    bench.run("monitor", "ls")
    with (bench.data / "seestackd.db.lock").open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = bench.execute("monitor", "ls")
        second = bench.execute("serve")

    assert result.returncode == 4
    assert "nobody answers on" in result.stderr
    assert second.returncode == 1
    assert "is held by process" in second.stderr


def test_systemd_hears_that_it_is_ready_goes_on_and_stops(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(bench.folder / "notify"))
        manager.settimeout(10)
        daemon = bench.serve(NOTIFY_SOCKET=manager.getsockname(), WATCHDOG_USEC="2500000")

        heard = [manager.recv(1024).decode() for _ in range(2)]
        daemon.stop()
        last = manager.recv(1024).decode()
        while last == "WATCHDOG=1":
            last = manager.recv(1024).decode()

    assert heard[0].startswith(f"READY=1\nSTATUS=listening on {daemon.url}")
    assert heard[1] == "WATCHDOG=1"
    assert last.startswith("STOPPING=1")


def started_by_systemd(bench: Bench, held: socket.socket) -> Daemon:
    """Start the daemon as systemd does: between fork and exec the socket becomes descriptor 3, and its name is told."""
    script = f'exec 3<&{held.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=http exec "$@"'
    process = subprocess.Popen(
        ["/bin/bash", "-c", script, "bash", *bench.command("serve", "--listen", "127.0.0.1:1")],
        pass_fds=[held.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    return bench.adopt(process)


def test_a_restart_on_the_socket_that_systemd_holds_refuses_nobody(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as held, ThreadPoolExecutor(8) as clients:
        daemon = started_by_systemd(bench, held)
        over = threading.Event()

        def knock() -> list[int]:
            answers = []
            while not over.is_set():
                answers.append(daemon.livez())
                time.sleep(0.005)
            return answers

        knocking = [clients.submit(knock) for _ in range(8)]
        assert daemon.url == f"http://127.0.0.1:{held.getsockname()[1]}"
        for _ in range(2):
            assert daemon.stop()[0] == 0
            daemon = started_by_systemd(bench, held)
        over.set()

        answers = [client.result(20) for client in knocking]
        # Whoever knocked while nobody listened has waited for the next daemon.
        assert all(len(heard) >= 2 and set(heard) == {200} for heard in answers), answers


def test_the_daemon_chooses_what_a_list_shows(bench: Bench) -> None:
    daemon = bench.serve()
    for slug, tags in (("backup", ("nightly", "db")), ("mail", ("nightly",)), ("report", ())):
        chosen = [word for tag in tags for word in ("--tag", tag)]
        assert bench.run("monitor", "add", slug, "--schedule", "1d", *chosen).returncode == 0
    bench.run("monitor", "pause", "mail")

    assert bench.run("monitor", "ls", "-q").stdout == "backup\nreport\nmail\n"
    assert bench.run("monitor", "ls", "-q", "--tag", "nightly").stdout == "backup\nmail\n"
    assert bench.run("monitor", "ls", "-q", "--tag", "nightly", "--state", "paused").stdout == "mail\n"
    listed = json.loads(bench.run("monitor", "ls", "--json", "--tag", "db").stdout)
    assert [monitor["slug"] for monitor in listed["monitors"]] == ["backup"]
    nothing = bench.run("monitor", "ls", "--tag", "none")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "")
    assert json.loads(bench.run("monitor", "ls", "--json", "--tag", "none").stdout)["monitors"] == []
    assert daemon.stop()[0] == 0


def test_a_command_for_the_daemon_imports_nothing_heavy(bench: Bench) -> None:
    daemon = bench.serve()
    program = (
        "import sys; from seestackd.cli import main;"
        f"code = main(['--data', {str(bench.data)!r}, 'monitor', 'ls']);"
        "heavy = {'aiohttp', 'apprise', 'asyncio', 'pydantic', 'sqlite3'} & set(sys.modules);"
        "print(code, sorted(heavy))"
    )

    assert bench.python(program).stdout == "0 []\n"
    assert daemon.stop()[0] == 0


def test_all_threads_share_one_arena_of_memory(bench: Bench) -> None:
    """Glibc begins another for each thread at a multiple of 64 MiB."""
    daemon = bench.serve_afresh()
    maps = Path(f"/proc/{daemon.process.pid}/maps").read_text().splitlines()

    mapped = [line.split() for line in maps if " rw-p " in line and len(line.split()) == 5]
    assert mapped
    assert [words[0] for words in mapped if int(words[0].split("-")[0], 16) % (64 << 20) == 0] == []


def test_its_start_loads_no_certificates_and_looks_for_no_plugins(bench: Bench) -> None:
    """35 ms of every start, and 2 MB, for requests that the daemon makes with a context of its own."""
    program = (
        "import os, ssl; from seestackd.cli import lean;\n"
        "with lean.trusting_nobody(): from aiohttp import connector\n"
        "lean.without_plugins()\n"
        "trusted = connector._SSL_CONTEXT_VERIFIED\n"
        "print(trusted.cert_store_stats()['x509'], trusted.verify_mode.name, trusted.check_hostname)\n"
        "print(ssl.create_default_context().cert_store_stats()['x509'] > 0)\n"
    )

    assert bench.python(program).stdout == "0 CERT_REQUIRED True\nTrue\n"
