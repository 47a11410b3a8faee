"""What is typed wrongly: a sentence that names it and the next step, the exit code of the table, nothing changed."""

import argparse
import contextlib
import io
import os
import re
import sqlite3
import sys
from collections.abc import Iterator

import pytest

from seestackd.cli import main
from seestackd.cli.arguments import Parser
from seestackd.cli.commands import parser
from seestackd.clock import Clock
from seestackd.core.monitor import new_monitor
from seestackd.core.pings import PingKind
from seestackd.feed import Feed
from seestackd.operations.monitors import AddMonitor, add
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.sqlite.lock import opened
from tests.cli.bad_input import VERBS, Row, Verb
from tests.cli.conftest import Bench, bench_in
from tests.rows import rows

SETTINGS = """
default_channels = ["ops"]
[channels.ops]
url = "json://127.0.0.1:9/"
[monitors.declared]
schedule = "1d"
"""
NEXT_STEP = re.compile(r"[;:] |such as|, so |must|has to|at most|at least")


def commands(top: Parser, name: str = "") -> Iterator[tuple[str, Parser]]:
    """Yield every command with its parser."""
    nested = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        for word, inner in action.choices.items():
            yield from commands(inner, f"{name} {word}".strip())
    if not nested:
        yield name, top


COMMANDS = dict(commands(parser()))


def options_of(command: Parser) -> list[argparse.Action]:
    return [action for action in command._actions if action.option_strings and action.dest != "help"]


def positionals_of(command: Parser) -> list[argparse.Action]:
    return [action for action in command._actions if not action.option_strings]


def name_of(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)


def without_value(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.nargs == 0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench with a monitor, an incident, a key, a project and a file-declared monitor, in a folder of its own."""
    folder = tmp_path_factory.mktemp("world")
    with bench_in(folder) as made, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEESTACKD_SPOOL", str(folder / "spool"))
        patch.delenv("SEESTACKD_PING_KEY", raising=False)
        made.configure(SETTINGS)
        (folder / "crontab").write_text("0 3 * * * backup.sh\n")
        assert made.run("monitor", "add", "job", "--schedule", "1d", "--tag", "db").returncode == 0
        assert made.run("project", "add", "Shop").returncode == 0
        assert made.run("key", "create", "cron").returncode == 0
        with opened(made.data / "seestackd.db", wait_s=5.0) as store:
            runner = Runner(store, Clock(), Feed(), on_broken=lambda: None)
            runner.call(record, RecordPing(1, "job", PingKind.FAILED))
            runner.call(add, AddMonitor(1, new_monitor("declared", "1d", source="file"), "p"))
        yield made


def wrong_calls(name: str, verb: Verb, command: Parser) -> Iterator[tuple[str, Row]]:
    """Yield what is wrong with a command: what all have in common, the values of each field, and rows of its own."""
    typed = [*verb.good.values(), *verb.options]
    if name != "run":
        yield "an unknown option", Row((*typed, "--none-such"), 2, "--none-such")
        yield "an unknown hostile option", Row((*typed, "--\x1b[2J\nno"), 2, "--")
    required = [action for action in positionals_of(command) if action.required and action.nargs is None]
    if required and name != "run":
        yield "no word", Row((), 2, name_of(required[0]))
    if not any(action.nargs == "*" for action in positionals_of(command)) and name != "run":
        yield "a word too many", Row((*verb.good.values(), "one-more", "\x1b]0;x\x07", *verb.options), 2, "one-more")
    for action in options_of(command):
        option = action.option_strings[0]
        if without_value(action):
            yield f"{option} with a value", Row((*verb.good.values(), f"{option}=yes", *verb.options), 2, option)
        else:
            end = ("--", "true") if name == "run" else (option,)
            yield (
                f"{option} without a value",
                Row((*verb.good.values(), option, *(end if name == "run" else ())), 2, option),
            )
            yield f"{option} before an option", Row((*verb.good.values(), option, *end), 2, option)
    for field, kinds in verb.fields.items():
        for each in kinds:
            for what, value in each.bad.items():
                if field.startswith("--"):
                    words = (*verb.good.values(), f"{field}={value}", *_without(verb.options, field))
                else:
                    words = (*(value if known == field else good for known, good in verb.good.items()), *verb.options)
                unreadable = what == "no UTF-8" and each.code == 1
                names = field if each.named is None or unreadable else each.named
                yield f"{field}: {what}", Row(words, 2 if what == "no UTF-8" else each.code, names)
    for number, row in enumerate(verb.rows):
        yield f"row {number}", row


def _without(options: tuple[str, ...], field: str) -> tuple[str, ...]:
    if field not in options:
        return options
    at = options.index(field)
    return options[:at] + options[at + 2 :]


def call(world: Bench, name: str, row: Row) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin
    sys.stdin = io.StringIO(row.stdin)
    mask = os.umask(0o022)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*world.options, *name.split(), *row.words])
    except SystemExit as usage:
        code = int(usage.code or 0)
    except Exception as error:
        code, what = -1, f"it broke: {error!r}"
        err.write(what)
    finally:
        sys.stdin = before
        os.umask(mask)
    return code, out.getvalue(), err.getvalue()


def stored(world: Bench) -> list[str]:
    """Return all that is stored, in the database and beside it."""
    with contextlib.closing(sqlite3.connect(f"file:{world.data / 'seestackd.db'}?mode=ro", uri=True)) as database:
        lines = list(database.iterdump())
    files = sorted(str(path) for path in world.folder.rglob("*") if not path.name.endswith(("-wal", "-shm", ".lock")))
    return [*lines, *files]


def complaint_about(row: Row, code: int, out: str, err: str) -> str:
    """Return what is wrong with an answer; nothing when it is as it should be."""
    lines = err.splitlines()
    problems = {
        f"exit code {code}, not {row.code}": code != row.code,
        "something on stdout": bool(out),
        f"{len(lines)} lines": len(lines) != 1,
        "unprintable": not all(line.isprintable() for line in lines),
        f"{len(err)} characters": len(err) > 1200,
        f"does not name {row.names}": row.names.lower() not in err.lower(),
        "no next step": NEXT_STEP.search(err.removeprefix("seestackd: ")) is None,
    }
    return ", ".join(what for what, is_so in problems.items() if is_so)


def test_every_command_has_its_rows() -> None:
    assert VERBS.keys() == COMMANDS.keys()


@rows("name", COMMANDS)
def test_every_value_of_a_command_has_its_rows(name: str) -> None:
    command, verb = COMMANDS[name], VERBS[name]
    valued = {name_of(a) for a in command._actions if a.dest != "help" and not without_value(a)}

    assert verb.fields.keys() == valued


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_wrong_is_said_in_a_sentence_and_changes_nothing(world: Bench, name: str) -> None:
    before, wrong = stored(world), []
    for what, row in wrong_calls(name, VERBS[name], COMMANDS[name]):
        code, out, err = call(world, name, row)
        if complaint := complaint_about(row, code, out, err):
            wrong.append(f"{what}: {complaint}: {err[:300]!a}")

    assert not wrong, "\n".join(wrong)
    assert stored(world) == before


@rows("option", ["--config", "--data"])
@rows(("value", "code"), [("", 2), ("a\0b", 2), (None, 2), ("/etc/passwd", 0)])
def test_what_comes_before_a_command_is_checked_too(world: Bench, option: str, value: str | None, code: int) -> None:
    words = [option] if value is None else [f"{option}={value}", "monitor", "ls"]
    row = Row(tuple(words), code or (3 if option == "--config" else 1), option if code else "/etc/passwd")
    err, out = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
            done = main(words)
    except SystemExit as usage:
        done = int(usage.code or 0)

    assert complaint_about(row, done, out.getvalue(), err.getvalue()) == "", err.getvalue()
