"""Asking before something is destroyed."""

import sys
from argparse import Namespace
from typing import Any

from seestackd.cli.failures import Exit, Failure


def add_yes(command: Any) -> None:
    """Add the option that answers the question."""
    command.add_argument("--yes", action="store_true", help="do not ask")


def confirm(options: Namespace, command: str, does: str) -> None:
    """Have a person confirm what a command does, such as "deletes nightly with its history"; --yes confirms too.

    Raises Failure when it is not confirmed.
    """
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"{command} {does}; confirm with --yes", Exit.USAGE)
    verb, _, rest = does.partition(" ")
    if input(f"{verb.removesuffix('s').capitalize()} {rest}? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Failure(f"nothing was {verb.removesuffix('s').removesuffix('e')}ed")
