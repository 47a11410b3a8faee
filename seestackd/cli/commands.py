"""All commands by their nouns. Only the one that is meant is imported, so that each starts quickly."""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from seestackd.cli import from_command
from seestackd.cli.failures import Exit, Failure

Command = Callable[[argparse.Namespace], int]
NOUNS = (
    "serve", "check-config", "config", "reload", "export", "import", "import-crontab", "import-timers", "monitor",
    "explain", "badge", "drift", "incident", "maintenance", "project", "key", "passwd", "run", "ping", "spool",
    "upkeep", "alert", "doctor", "backup", "restore", "prune", "completion", "erase", "version",
)  # fmt: skip
"""The first words of all commands; each is the name of the module that adds it, with dashes."""

_NO_NAMES = {"import": "importing"}
"""Words of Python's own, which no module can be imported by."""

DESCRIPTION = "Tells you when a job did not run: heartbeats come in, a late one raises an alert."


def dispatch(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    options = parser(_meant(arguments)).parse_args(arguments)
    try:
        return int(options.command(options))
    except BrokenPipeError:
        # Whoever read our output has left, as in `seestackd monitor ls | head`.
        sys.stdout = None
        return Exit.OK
    except KeyboardInterrupt:
        return 130
    except Failure as error:
        return _ended(str(error), error.code)
    except Exception as error:
        return _known(error)


def parser(nouns: tuple[str, ...] = NOUNS) -> argparse.ArgumentParser:
    """Build the parser of all commands, or of some."""
    top = argparse.ArgumentParser(prog="seestackd", description=DESCRIPTION, allow_abbrev=False)
    top.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (default: /etc/seestackd/seestackd.toml if there)"
    )
    top.add_argument("--data", type=Path, metavar="DIR", help="data directory; wins over the settings")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for noun in nouns:
        module = _NO_NAMES.get(noun, noun.replace("-", "_"))
        importlib.import_module(f"seestackd.cli.{module}").add_to(commands)
    return top


def _meant(arguments: list[str]) -> tuple[str, ...]:
    """Return the command that is called; all of them for a line that names none."""
    named = from_command(arguments)[:1]
    return (named[0],) if named and named[0] in NOUNS else NOUNS


def _known(error: Exception) -> int:
    from seestackd.errors import Invalid, SeestackdError
    from seestackd.settings import BadSettings

    if isinstance(error, BadSettings):
        return _ended(error.message, Exit.CONFIG)
    if isinstance(error, SeestackdError):
        named = isinstance(error, Invalid) and error.field
        return _ended(f"{error.field}: {error.message}" if named else error.message, Exit.FAILED)
    raise error


def _ended(message: str, code: Exit) -> int:
    prefix = "" if code is Exit.CONFIG else "seestackd: "
    print(f"{prefix}{message}", file=sys.stderr)
    return code
