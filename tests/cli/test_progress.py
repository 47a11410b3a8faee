"""How far long work is: on standard error, written over on a terminal, a line every 10 s elsewhere."""

import contextlib
import io
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.cli.progress import Progress, waiting
from seestackd.store.sqlite.backup import back_up
from tests.cli.conftest import Bench
from tests.cli.test_doctor import sql
from tests.rows import rows

MIB = 2**20


class Terminal(io.StringIO):
    """Remembers what was written, and shows the last line as a terminal would."""

    def isatty(self) -> bool:
        return True

    @property
    def line(self) -> str:
        shown = ""
        for part in self.getvalue().split("\r"):
            plain = part.replace("\x1b[36m", "").replace("\x1b[0m", "")
            shown = plain + shown[len(plain) :]
        return shown.rstrip()


class Stopwatch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def test_it_shows_share_size_rate_and_what_is_left_after_a_second(terminal: Terminal) -> None:
    now = Stopwatch()
    shown = Progress(False, terminal, now)
    shown("copying", 10 * MIB, 200 * MIB)
    assert terminal.getvalue() == ""

    now.s += 2
    shown("copying", 50 * MIB, 200 * MIB)
    assert terminal.line == "copying [######------------------]  25%, 50 of 200 MiB, 25 MiB/s, 6 s left"

    now.s += 1
    shown("verifying", 0, 200 * MIB)
    assert terminal.line == "verifying: 200 MiB", "and nothing of the longer line before is left"
    shown.over()
    assert terminal.line == ""


def test_it_counts_what_has_no_known_end(terminal: Terminal) -> None:
    now = Stopwatch()
    shown = Progress(False, terminal, now)
    now.s += 2
    shown.count("rows deleted", 12_500)
    now.s += 0.1
    shown.count("rows deleted", 13_000)

    assert terminal.line == "rows deleted: 12,500, 6,250/s", "which is not written anew at once"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_it_has_no_colour_where_none_is_wanted(
    name: str, value: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written() -> str:
        now, stream = Stopwatch(), Terminal()
        shown = Progress(False, stream, now)
        now.s += 2
        shown("copying", 50 * MIB, 200 * MIB)
        return stream.getvalue()

    assert "\x1b[36m" in written()
    monkeypatch.setenv(name, value)
    assert "\x1b" not in written()


def test_a_file_or_a_pipe_gets_a_line_every_ten_seconds() -> None:
    now, stream = Stopwatch(), io.StringIO()
    shown = Progress(False, stream, now)
    for _ in range(50):
        now.s += 0.5
        shown("copying", 50 * MIB, 200 * MIB)
    shown.over()

    first, second = stream.getvalue().splitlines()
    assert first == "copying: 25%, 50 of 200 MiB, 5 MiB/s, 30 s left"
    assert second == "copying: 25%, 50 of 200 MiB, 2 MiB/s, 60 s left"


@rows("stream", [io.StringIO(), Terminal()])
def test_who_wants_quiet_gets_nothing(stream: io.StringIO) -> None:
    now = Stopwatch()
    shown = Progress(True, stream, now)
    now.s += 60
    shown("copying", 50 * MIB, 200 * MIB)
    shown.count("rows deleted", 1)
    shown.seconds("waiting")
    shown.over()

    assert stream.getvalue() == ""


def test_a_long_answer_shows_how_long_it_takes_and_leaves_nothing(terminal: Terminal) -> None:
    with contextlib.redirect_stderr(terminal), waiting(False, "reading the monitors"):
        time.sleep(1.5)

    assert "reading the monitors: 1 s" in terminal.getvalue()
    assert terminal.line == ""


def test_a_copy_is_told_of_in_portions_up_to_its_size(bench: Bench, tmp_path: Path) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        " INSERT INTO pings (monitor_id, kind, at, arrived_at, message) SELECT 1, 'log', i, i, hex(zeroblob(60)) FROM n"
    )(bench)
    seen: list[tuple[str, int, int]] = []

    whole = back_up(bench.data / "seestackd.db", tmp_path / "copy.db", watch=lambda *told: seen.append(told))

    copied = [(done, of) for what, done, of in seen if what == "copying"]
    assert len(copied) >= 3
    assert copied == sorted(copied)
    assert all(done <= of for done, of in copied)
    assert 0.9 < copied[-1][1] / whole.size < 1.1
    assert seen[-1] == ("verifying", 0, whole.size)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT count(*) FROM pings").fetchone() == (60_000,)


@pytest.mark.parametrize("words", [["backup", "copy.db"], ["export"], ["prune"]])
def test_results_stay_what_they_are(words: list[str], bench: Bench) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    words = [str(bench.folder / word) if word.endswith(".db") else word for word in words]

    done = bench.run(*words, "--quiet", *(["--json"] if words[0] != "export" else []))

    assert (done.returncode, done.stderr) == (0, "")
    assert words[0] == "export" or json.loads(done.stdout)["version"] == 1
