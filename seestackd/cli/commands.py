"""All commands by their nouns. Only the one that is meant is imported, so that each starts quickly."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable
from functools import cache

from seestackd.cli import from_command
from seestackd.cli.arguments import Parser, path
from seestackd.cli.colours import CHOICES, choose
from seestackd.cli.failures import Exit, Failure
from seestackd.cli.visible import brief

Command = Callable[[argparse.Namespace], int]
NOUNS = (
    "serve", "check-config", "config", "reload", "export", "import", "import-crontab", "import-timers", "monitor",
    "explain", "badge", "drift", "incident", "maintenance", "project", "key", "passwd", "run", "ping", "spool",
    "upkeep", "alert", "doctor", "backup", "restore", "prune", "completion", "erase", "version",
)  # fmt: skip
"""The first words of all commands; each is the name of the module that adds it, with dashes."""

_NO_NAMES = {"import": "importing"}
"""Words of Python's own, which no module can be imported by."""

_LIST_MONITORS = "list them with: seestackd monitor ls"
_STEPS = {"slug": _LIST_MONITORS, "monitor": _LIST_MONITORS}

DESCRIPTION = "Tells you when a job did not run: heartbeats come in, a late one raises an alert."


def dispatch(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    _mend_streams()
    options = parser(_meant(arguments)).called(arguments)
    choose(options.color)
    try:
        code = int(options.command(options))
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has left, as in `seestackd monitor ls | head`.
        sys.stdout = None
        return Exit.OK
    except KeyboardInterrupt:
        return 130
    except Failure as error:
        return _ended(str(error), error.code)
    except Exception as error:
        return _known(error, options.parser)


@cache
def parser(nouns: tuple[str, ...] = NOUNS) -> Parser:
    """Return the parser of all commands, or of some."""
    top = Parser(prog="seestackd", description=DESCRIPTION)
    top.add_argument(
        "--config", type=path, metavar="FILE", help="settings file (default: /etc/seestackd/seestackd.toml if there)"
    )
    top.add_argument("--data", type=path, metavar="DIR", help="data directory; wins over the settings")
    top.add_argument(
        "--color", choices=CHOICES, default="auto", help="colours: auto (on a terminal, the default), always or never"
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for noun in nouns:
        module = _NO_NAMES.get(noun, noun.replace("-", "_"))
        importlib.import_module(f"seestackd.cli.{module}").add_to(commands)
    return top


def _mend_streams() -> None:
    """Have all three: who closed one gets nothing of it, and letters that a terminal does not know are written out."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _meant(arguments: list[str]) -> tuple[str, ...]:
    """Return the command that is called; all of them for a line that names none."""
    named = from_command(arguments)[:1]
    return (named[0],) if named and named[0] in NOUNS else NOUNS


def _known(error: Exception, called: Parser) -> int:
    from seestackd.errors import Invalid, NotFound, SeestackdError
    from seestackd.settings import BadSettings

    if isinstance(error, BadSettings):
        return _ended(error.message, Exit.CONFIG)
    if isinstance(error, Invalid) and error.field:
        option = called.option_of(error.field)
        return _ended(f"{option or error.field}: {error.message}", Exit.USAGE if option else Exit.FAILED)
    if isinstance(error, SeestackdError):
        step = _STEPS.get(error.field or "") if isinstance(error, NotFound) and ";" not in error.message else None
        return _ended(f"{error.message}; {step}" if step else error.message, Exit.FAILED)
    if isinstance(error, OSError):
        if error.filename is None:
            sys.stdout = None
        return _ended(
            f"{error.filename or 'the result'} cannot be written or read: {error.strerror}; is the disk full?",
            Exit.FAILED,
        )
    raise error


def _ended(message: str, code: Exit) -> int:
    lines = message.split("\n") if code is Exit.CONFIG else [f"seestackd: {message}"]
    print("\n".join(map(brief, lines)), file=sys.stderr)
    return code
