"""`seestackd prune`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask_steps
from seestackd.cli.failures import Exit
from seestackd.cli.progress import add_quiet, progress


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("prune", help="delete old data now; the daemon does it every minute by itself")
    command.add_argument("--json", action="store_true", help="for scripts")
    add_quiet(command)
    command.set_defaults(command=prune)


def prune(options: Namespace) -> int:
    """Delete in small steps, so that pings pass between them."""
    from collections import Counter

    from seestackd.cli.output import as_json

    rows, evicted = 0, Counter[str]()
    with progress(options.quiet) as shown:
        for done in ask_steps(options, "prune.step"):
            rows += done["rows"]
            evicted.update(done["evicted"])
            shown.count("rows deleted", rows)
    if options.json:
        as_json({"rows": rows, "evicted": dict(evicted)})
        return Exit.OK
    old = rows - evicted.total()
    print(f"{old:,} old rows are deleted." if old else "Nothing is old enough to be deleted.")
    for kind, gone in evicted.items():
        print(f"{gone:,} rows are deleted before their time: a project stored more than retention.max_{kind}_mb.")
    return Exit.OK
