"""Signals and terminals under the wrapper."""

import os
import pty
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.reports import Receiver, ended, told_to, until, wrapped

COUNTS = """
n=0
trap 'n=$((n + 1)); echo {name} $n; [ $n -lt {times} ] || exit 40' {name}
echo ready
while :; do sleep 0.01; done
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.terminate()  # the job is told too
            process.communicate(timeout=20)


def begin(slug: str, script: str, url: str, spool: Path) -> subprocess.Popen[bytes]:
    words = [*wrapped(slug), "sh", "-c", script]
    STARTED.append(subprocess.Popen(words, stdout=subprocess.PIPE, env=told_to(url, spool)))
    return STARTED[-1]


def read_until(process: subprocess.Popen[bytes], text: bytes) -> bytes:
    assert process.stdout is not None
    return until(lambda: text in (line := process.stdout.readline()) and line, f"{text!r}")


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ALRM", "WINCH", "CONT"])
def test_a_signal_is_passed_on_and_the_second_one_too(name: str, receiver: Receiver, tmp_path: Path) -> None:
    slug = f"signal-{name.lower()}"
    process = begin(slug, COUNTS.format(name=name, times=2), receiver.url, tmp_path)
    read_until(process, b"ready")

    for time in (1, 2):
        process.send_signal(getattr(signal, f"SIG{name}"))
        assert read_until(process, b"%s %d\n" % (name.encode(), time))

    process.communicate(timeout=20)
    assert process.returncode == 40
    assert receiver.of(slug)[-1].action == "40"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_job_that_a_signal_ends_is_reported_and_ends_us_likewise(
    name: str, receiver: Receiver, tmp_path: Path
) -> None:
    number = getattr(signal, name)
    slug = f"ends-{name.lower()}"
    process = begin(slug, "echo ready; exec sleep 20", receiver.url, tmp_path)
    read_until(process, b"ready")

    process.send_signal(number)

    process.communicate(timeout=20)
    assert process.returncode == -number
    told = receiver.of(slug)[-1]
    assert (told.action, told.fields["message"]) == (str(128 + number), f"killed by {name}")


def test_a_signal_that_the_job_sends_to_its_group_reaches_it_once(receiver: Receiver, tmp_path: Path) -> None:
    script = "trap 'echo hup' HUP; kill -HUP 0; sleep 0.1; echo end"
    process = subprocess.Popen(
        [*wrapped("group"), "sh", "-c", script],
        stdout=subprocess.PIPE,
        env=told_to(receiver.url, tmp_path),
        start_new_session=True,
    )

    out, _ = process.communicate(timeout=20)

    assert (process.returncode, out) == (0, b"hup\nend\n")


def test_a_signal_while_we_wait_for_the_daemon_ends_the_wait_and_keeps_the_report(tmp_path: Path) -> None:
    import threading

    receiver = Receiver(200, threading.Event())
    process = begin("hurry", "exit 5", receiver.url, tmp_path)
    until(lambda: receiver.of("hurry"), "the start")
    status = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: not status.read_text().strip(), "the end of the command")
    kept = until(lambda: process.send_signal(signal.SIGTERM) or list(tmp_path.glob("*-end.json")), "the kept report")

    assert ended(process) == 5
    receiver.close()
    process.communicate()
    assert len(kept) == 1


def test_a_reader_that_does_not_read_is_waited_for_until_a_signal(receiver: Receiver, tmp_path: Path) -> None:
    process = begin("unread", "head -c 100000 /dev/zero", receiver.url, tmp_path)
    until(lambda: len(receiver.of("unread")) == 2, "the report of its end")
    assert process.poll() is None

    process.terminate()

    assert ended(process) == 0
    process.communicate()


def test_the_job_learns_at_its_next_line_when_we_were_killed(receiver: Receiver, tmp_path: Path) -> None:
    fate = tmp_path / "fate"
    script = f"echo ready; trap '' PIPE; while echo more 2>/dev/null; do sleep 0.01; done; echo told > {fate}"
    process = begin("killed", script, receiver.url, tmp_path / "spool")
    read_until(process, b"ready")

    process.kill()
    process.communicate()

    until(fate.exists, "the job to learn of it")


class Terminal:
    """Words on a terminal of their own; what they print, with the terminal's line ends."""

    def __init__(self, words: list[str], env: dict[str, str]) -> None:
        self.printed = b""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, env)

    def until(self, text: bytes) -> None:
        while text not in self.printed:
            ready, _, _ = select.select([self._terminal], [], [], 20)
            assert ready, self.printed
            self.printed += os.read(self._terminal, 4096)

    def type(self, text: bytes) -> None:
        os.write(self._terminal, text)

    def end(self) -> int:
        try:
            while piece := os.read(self._terminal, 4096):
                self.printed += piece
        except OSError:
            pass  # nobody has the terminal open any more
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_on_a_terminal_the_job_has_the_terminal(receiver: Receiver, tmp_path: Path) -> None:
    script = "test -t 0 && test -t 1 && test -t 2 && echo terminal; read line; echo got $line; exit 4"
    terminal = Terminal([*wrapped("tty"), "sh", "-c", script], told_to(receiver.url, tmp_path))
    terminal.until(b"terminal")
    terminal.type(b"typed\n")

    assert terminal.end() == 4
    assert b"got typed\r\n" in terminal.printed
    assert receiver.of("tty")[-1].output == b""


def test_control_c_reaches_the_job_once(receiver: Receiver, tmp_path: Path) -> None:
    script = "trap 'echo int' INT; echo ready; sleep 0.4; sleep 0.1; echo end; exit 6"
    terminal = Terminal([*wrapped("control-c"), "sh", "-c", script], told_to(receiver.url, tmp_path))
    terminal.until(b"ready")
    terminal.type(b"\x03")

    assert terminal.end() == 6
    assert terminal.printed.replace(b"^C", b"").split() == [b"ready", b"int", b"end"]


def test_a_hangup_ends_the_job_and_is_reported(receiver: Receiver, tmp_path: Path) -> None:
    terminal = Terminal([*wrapped("hangup"), "sh", "-c", "echo ready; exec sleep 20"], told_to(receiver.url, tmp_path))
    terminal.until(b"ready")

    os.close(terminal._terminal)

    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == -signal.SIGHUP
    assert receiver.of("hangup")[-1].fields["message"] == "killed by SIGHUP"
