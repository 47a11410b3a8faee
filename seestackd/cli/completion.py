"""`seestackd completion`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.failures import Exit

SHELLS = ("bash", "zsh", "fish", "tcsh")


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("completion", help="print a script that completes commands and options in a shell")
    command.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh, fish or tcsh")
    command.set_defaults(command=print_script)


def print_script(options: Namespace) -> int:
    """Print the script for a shell; it is made from the parser, so it knows every command there is."""
    import shtab

    from seestackd.cli.commands import parser

    print(shtab.complete(parser(), shell=options.shell))
    return Exit.OK
