"""Asking before something is destroyed."""

import sys
from argparse import Namespace
from typing import Any

from seestackd.cli.failures import Exit, Failure


def add_yes(command: Any) -> None:
    """Add the option that answers the question."""
    command.add_argument("--yes", action="store_true", help="do not ask")


def confirm(options: Namespace, question: str, warning: str) -> None:
    """Have a person say yes to a question, unless --yes does; nobody at a terminal reads the warning instead.

    Raises Failure when it is not confirmed.
    """
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"{warning}; confirm with --yes", Exit.USAGE)
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise Failure("nothing was changed")
