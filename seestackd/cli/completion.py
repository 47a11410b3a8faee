"""`seestackd completion`."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from seestackd.cli.failures import Exit

SHELLS = ("bash", "zsh", "fish", "tcsh")
SCRIPTS = Path(__file__).with_name("completions")
"""`make completions` writes them from the parser; a test compares them."""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("completion", help="print a script that completes commands and options in a shell")
    command.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh, fish or tcsh")
    command.set_defaults(command=print_script)


def print_script(options: Namespace) -> int:
    """Print the script for a shell."""
    print((SCRIPTS / f"seestackd.{options.shell}").read_text(encoding="utf-8"), end="")
    return Exit.OK
