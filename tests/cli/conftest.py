"""The command line on a data directory of the test's own: as a process, or quicker, by its `main` in this process."""

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seestackd.cli import main
from tests.forked import Forked, run_forked

Result = subprocess.CompletedProcess[str]
Place = Callable[..., Result]
Process = subprocess.Popen[str] | Forked
SERVE = ("serve", "--listen", "127.0.0.1:0")
COMMAND = [sys.executable, "-m", "seestackd"]


def environment(**more: str) -> dict[str, str]:
    """The test's environment without what systemd or settings may have put there."""
    strange = ("SEESTACKD_", "LISTEN_", "WATCHDOG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"):
        kept.pop(name, None)
    return {**kept, "PYTHONWARNINGS": "error", **more}


@dataclass
class Bench:
    """A data directory, an optional settings file, and the processes started on them."""

    folder: Path
    started: list[Process] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def configure(self, text: str) -> Path:
        file = self.folder / "seestackd.toml"
        file.write_text(text, encoding="utf-8")
        return file

    @property
    def options(self) -> list[str]:
        file = self.folder / "seestackd.toml"
        return [*(["--config", str(file)] if file.exists() else []), "--data", str(self.data)]

    def run(self, *arguments: str) -> Result:
        """Run one command to its end in this process: starting Python each time would take most of a test's time."""
        out, err = io.StringIO(), io.StringIO()
        mask = os.umask(0o022)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main([*self.options, *arguments])
        except SystemExit as usage:
            code = int(usage.code or 0)
        finally:
            os.umask(mask)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def execute(self, *arguments: str, **more: str) -> Result:
        """Run one command to its end as a process of its own."""
        return run_forked([*self.options, *arguments], environment(**more), 30)

    def python(self, program: str) -> Result:
        """Run a program of the test's own with the project's Python."""
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True, env=environment()
        )

    def command(self, *arguments: str) -> list[str]:
        return [*COMMAND, *self.options, *arguments]

    def begin(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start a command that goes on; it is ended with the test."""
        process = subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(**more),
        )
        self.started.append(process)
        return process

    def serve(self, *arguments: str, **more: str) -> "Daemon":
        """Start the daemon on a free port, as a fork, and wait until it listens."""
        return self.adopt(Forked([*self.options, *SERVE, *arguments], environment(**more)))

    def serve_afresh(self) -> "Daemon":
        """Do what `serve` does with a new process, as users do."""
        return Daemon(self.begin(*SERVE))

    def adopt(self, process: Process) -> "Daemon":
        """Take a daemon that was started in another way."""
        self.started.append(process)
        return Daemon(process)


class Daemon:
    """A running daemon and what it has printed."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.printed = ""
        self.until("seestackd listens on ")
        self.url = self.printed.split("listens on ")[1].split(",")[0]

    def until(self, text: str) -> str:
        """Read on until `text` was printed; returns all that was printed so far."""
        assert self.process.stdout is not None
        while text not in self.printed:
            line = self.process.stdout.readline()
            assert line, f"it ended with {self.process.wait(5)}, having printed: {self.printed}"
            self.printed += line
        return self.printed

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it; returns its exit code and the rest of what it printed."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=20)
        return self.process.returncode, rest

    def livez(self) -> int:
        with urllib.request.urlopen(f"{self.url}/livez", timeout=10) as response:
            return int(response.status)


@contextlib.contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    made = Bench(folder)
    try:
        yield made
    finally:
        for process in made.started:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=10)


@pytest.fixture(autouse=True)
def this_process_stays_as_it_was() -> Iterator[None]:
    """A daemon that does not come up in this process leaves it deaf to hang-ups and with its garbage."""
    hung_up = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, hung_up)
    gc.enable()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench with one daemon for all tests of the file: each takes names of its own."""
    with bench_in(tmp_path_factory.mktemp("shared")) as made:
        made.serve()
        yield made


@pytest.fixture(params=["in process", "by the daemon"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Runs commands, once without and once with a daemon: what they do and print must be the same."""
    if request.param == "in process":
        return Bench(tmp_path).run
    run: Place = request.getfixturevalue("shared").run
    return run
