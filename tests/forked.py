"""Programs of seestackd forked from a process that has imported it all: a start takes a tenth of the processor time.

Tests whose subject is the start itself, or what a new process costs, start a new one.
"""

import contextlib
import io
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from multiprocessing.resource_tracker import _resource_tracker  # type: ignore[attr-defined]
from typing import Any

from seestackd.cli import main
from seestackd.cli.verbs import verbs

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        *("apprise", "sqlite_utils.migrations", "seestackd.app", "seestackd.cli.admin", "seestackd.cli.commands"),
        *("seestackd.cli.serve", __name__),
    ]
)
# What is imported late is imported here: programs are forked from a process that has done so.
verbs()


class Forked:
    """What tests use of `subprocess.Popen`, for `seestackd ARGUMENTS`.

    Its output goes to the file descriptor `output`, or comes as text from `stdout`; errors go to `errors`, or to where
    the output does.
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: int | None = None,
        errors: int | None = None,
    ) -> None:  # fmt: skip
        self.stdout: io.TextIOWrapper | None = None
        theirs = output
        if theirs is None:
            ours, theirs = os.pipe()
            self.stdout = open(ours, encoding="utf-8")  # noqa: SIM115
        told = (list(arguments), dict(environment), DupFd(theirs), DupFd(theirs if errors is None else errors))
        self._process = CONTEXT.Process(target=_become, args=told, daemon=True)
        self._process.start()
        if output is None:
            os.close(theirs)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired("seestackd", timeout or 0.0)
        return status

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Return the rest of what it prints, once it has ended."""
        self.wait(timeout)
        if self.stdout is None or self.stdout.closed:
            return "", None
        with self.stdout:
            return self.stdout.read(), None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_forked(
    arguments: Sequence[str], environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, within so many seconds, as `subprocess.run` does that captures what is printed."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = Forked(arguments, environment, output.fileno(), errors.fileno())
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(list(arguments), status, output.read(), errors.read())


def stop_forking() -> None:
    """End the process that programs are forked from."""
    multiprocessing.forkserver._forkserver._stop()  # type: ignore[attr-defined]
    _resource_tracker._stop()


def _become(arguments: list[str], environment: dict[str, str], output: Any, errors: Any) -> None:
    for stream, place in ((1, output), (2, errors)):
        file = place.detach()
        os.dup2(file, stream)
        os.close(file)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    if environment.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(arguments))
