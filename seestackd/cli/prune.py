"""`seestackd prune`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("prune", help="delete old data now; the daemon does it every minute by itself")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=prune)


def prune(options: Namespace) -> int:
    """Delete in small steps, so that pings pass between them."""
    from seestackd.cli.output import as_json

    rows = 0
    while True:
        done = ask(options, "prune.step")
        rows += done["rows"]
        if not done["more"]:
            break
    if options.json:
        as_json({"rows": rows})
    else:
        print(f"{rows:,} old rows are deleted." if rows else "Nothing is old enough to be deleted.")
    return Exit.OK
