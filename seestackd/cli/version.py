"""`seestackd version`."""

from argparse import Namespace
from typing import Any

from seestackd import __version__
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("version", help="print the version")
    command.add_argument("--json", action="store_true", help="with the versions of Python and SQLite")
    command.set_defaults(command=show)


def show(options: Namespace) -> int:
    if not options.json:
        print(f"seestackd {__version__}")
        return Exit.OK
    import platform
    import sqlite3

    from seestackd.cli.output import as_json

    as_json({"seestackd": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version})
    return Exit.OK
