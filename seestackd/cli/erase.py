"""`seestackd erase`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.asking import add_yes, confirm
from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("erase", help="erase what is stored of a session or a user, leaving no byte of it")
    command.add_argument("subject", choices=("session", "user"), help="whose data goes")
    command.add_argument("value", metavar="NAME", help="a fingerprint or session id, or a user's id")
    add_yes(command)
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=erase)


def erase(options: Namespace) -> int:
    """Ask for it, then erase in small steps, so that pings pass between them."""
    from seestackd.cli.output import as_json, note

    confirm(options, f"Erase {options.subject} {options.value}?", "erase deletes for good")
    asked = ask(options, "erase.ask", subject=options.subject, value=options.value)
    while ask(options, "erase.step")["more"]:
        pass
    done = ask(options, "erase.show", id=asked["id"])
    if options.json:
        as_json(done)
        return Exit.OK
    print(f"{done['rows']:,} rows are erased, from the database and its log.")
    note("Backups made before still hold them until they are rotated; a restore erases them again.")
    return Exit.OK
