"""`seestackd upkeep …`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    verbs = commands.add_parser("upkeep", help="what deletes old data").add_subparsers(required=True, metavar="VERB")
    confirm = verbs.add_parser("confirm", help="say that the clock is right: what is old may be deleted")
    confirm.set_defaults(command=_confirm)


def _confirm(options: Namespace) -> int:
    waited = ask(options, "upkeep.confirm")["waited"]
    print("Old data is deleted again." if waited else "Nothing waited for this: old data is deleted as ever.")
    return Exit.OK
