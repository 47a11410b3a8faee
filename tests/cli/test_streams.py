"""Standard input, output and error as they may be: closed, full, or of another alphabet."""

import contextlib
import io
import os
import sys

import pytest

from seestackd.cli import main
from seestackd.cli.colours import choose
from tests.cli.conftest import Bench


@pytest.fixture
def watched(bench: Bench) -> Bench:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        main([*bench.options, "monitor", "add", "job", "--schedule", "1d", "--name", "Ärger 日本"])
    return bench


@pytest.mark.parametrize(
    "words", [("monitor", "ls"), ("monitor", "ls", "--json"), ("export",), ("monitor", "show", "job")]
)
def test_a_full_disk_under_the_output_is_told_in_a_sentence(watched: Bench, words: tuple[str, ...]) -> None:
    err = io.StringIO()
    before = sys.stdout
    try:
        full = sys.stdout = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
        with contextlib.redirect_stderr(err):
            code = main([*watched.options, *words])
    finally:
        sys.stdout = before
        with contextlib.suppress(OSError):
            full.close()

    assert (code, err.getvalue()) == (
        1,
        "seestackd: the result cannot be written or read: No space left on device; is the disk full?\n",
    )


def test_where_nobody_can_answer_nothing_is_asked(watched: Bench) -> None:
    before, err = sys.stdin, io.StringIO()
    try:
        sys.stdin = None  # type: ignore[assignment]  # as Python has it when descriptor 0 is closed
        with contextlib.redirect_stderr(err):
            code = main([*watched.options, "monitor", "rm", "job"])
        sys.stdin.close()
    finally:
        sys.stdin = before

    assert (code, "confirm with --yes" in err.getvalue()) == (2, True)


def test_letters_that_a_terminal_does_not_know_are_written_out(watched: Bench) -> None:
    written = io.BytesIO()
    narrow = io.TextIOWrapper(written, encoding="ascii")
    with contextlib.redirect_stdout(narrow):
        code = main([*watched.options, "monitor", "show", "job"])

    assert (code, b"job (\\xc4rger \\u65e5\\u672c)" in written.getvalue()) == (0, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xef\xbb\xbf[server]\nlistn = 1\n", 'server.listn: unknown key; did you mean "listen"?'),
        (b"a = " + b"[" * 100_000, "is nested too deeply to be read; correct the TOML"),
        (b"\xff", "not UTF-8; save the file as UTF-8"),
        (b"a = 1\0\n", "correct the TOML"),
        (b'[monitors."\\u001b[2J"]\nschedule = "1d"\n', "slug"),
    ],
)
def test_a_settings_file_may_hold_anything(bench: Bench, text: bytes, says: str) -> None:
    file = bench.folder / "odd.toml"
    file.write_bytes(text)

    done = bench.run("check-config", str(file))

    assert (done.returncode, done.stdout) == (3, "")
    assert says in done.stderr
    assert all(line.isprintable() for line in done.stderr.splitlines())


def test_an_unknown_option_before_the_command_is_named(bench: Bench) -> None:
    done = bench.run("--confg", "x.toml", "monitor", "ls")

    assert (done.returncode, "unknown option --confg; did you mean --config?" in done.stderr) == (2, True)


def test_what_is_not_there_comes_with_how_to_list_it(bench: Bench) -> None:
    done = bench.run("monitor", "show", "gone")

    assert done.stderr == "seestackd: No cron monitor found with slug: gone; list them with: seestackd monitor ls\n"


class Terminal(io.StringIO):
    """An output that people look at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "options", "variables", "coloured"),
    [
        (Terminal(), [], {}, True),
        (Terminal(), [], {"NO_COLOR": "1"}, False),
        (Terminal(), [], {"TERM": "dumb"}, False),
        (Terminal(), ["--color", "never"], {}, False),
        (io.StringIO(), [], {}, False),
        (io.StringIO(), ["--color=always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_states_are_coloured_for_those_who_want_it(
    watched: Bench,
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO,
    options: list[str],
    variables: dict[str, str],
    coloured: bool,
) -> None:
    for name, value in {"NO_COLOR": "", "TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    with contextlib.redirect_stdout(stream):
        main([*watched.options, *options, "monitor", "ls"])
    choose("auto")

    line = stream.getvalue().splitlines()[1]
    assert line.startswith("\x1b[33mpending\x1b[0m  job ") is coloured
    assert line.replace("\x1b[33m", "").replace("\x1b[0m", "").startswith("pending  job ")
