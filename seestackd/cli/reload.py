"""`seestackd reload`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import NoDaemon, ask_daemon
from seestackd.cli.config import told
from seestackd.cli.failures import Exit, Failure


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("reload", help="have the running daemon read its settings and monitors anew")
    command.add_argument("--force", action="store_true", help="archive however many monitors are no longer declared")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=reload)


def reload(options: Namespace) -> int:
    """Have the daemon validate everything, then swap; on any error the old configuration stays."""
    from seestackd.cli.output import as_json, note

    try:
        changes = ask_daemon(options, "config.reload", force=options.force)
    except NoDaemon:
        raise Failure(
            "no daemon runs, so there is nothing to reload: it reads its files at start", Exit.UNREACHABLE
        ) from None
    if options.json:
        as_json(changes)
        return Exit.OK
    print("Reloaded: ", end="")
    told(changes)
    for name in changes["restart"]:
        note(f"{name} is read at start: restart to apply it")
    return Exit.OK
