"""How the parts of the daemon hold together when one of them breaks."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from seestackd.app import BROKEN_EXIT
from tests.cli.conftest import COMMAND, environment


def test_a_failing_fsync_ends_the_process_for_another_to_start(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing: apt-get install strace")
    data = ["--data", str(tmp_path / "data")]
    options = {"capture_output": True, "text": True, "timeout": 40, "check": False, "env": environment()}
    # The file is made first, so that the fault meets the daemon at work and not while it opens the store.
    made = subprocess.run([*COMMAND, *data, "monitor", "add", "job", "--schedule", "1d"], **options)
    fault = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]
    fault += ["-e", "inject=fdatasync,fsync:error=EIO:when=1+", "--"]

    broken = subprocess.run([*fault, *COMMAND, *data, "serve", "--listen", "127.0.0.1:0"], **options)
    listed = subprocess.run([*COMMAND, *data, "monitor", "ls", "-q"], **options)

    assert made.returncode == 0, made.stderr
    assert broken.returncode == BROKEN_EXIT, broken.stderr
    assert re.search(r"CRITICAL .*the process ends, to start anew", broken.stderr)
    assert (listed.returncode, listed.stdout) == (0, "job\n")
