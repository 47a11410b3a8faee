"""`seestackd badge`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("badge", help="print the address of a tag's badge")
    command.add_argument("tag", metavar="TAG")
    command.set_defaults(command=badge)


def badge(options: Namespace) -> int:
    """Print where the badge of all monitors with a tag is, as a picture and for shields.io."""
    url = ask(options, "badge.tag", tag=options.tag)["url"]
    print(f"{url}.svg")
    print(f"{url}.json")
    return Exit.OK
