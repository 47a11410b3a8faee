"""`seestackd export`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit
from seestackd.cli.progress import add_quiet, waiting


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("export", help="print every monitor as TOML, ready for conf.d")
    add_quiet(command)
    command.set_defaults(command=export)


def export(options: Namespace) -> int:
    """Print `[monitors.<slug>]` tables; archived monitors are left out."""
    from seestackd.cli.output import note
    from seestackd.cli.toml import lines

    with waiting(options.quiet, "reading the monitors"):
        answer = ask(options, "config.export")
    monitors = answer["monitors"]
    print(f"# {len(monitors)} monitors, as they were when this was written by: seestackd export")
    for slug, problem in answer["problems"].items():
        print(f"# {slug} has to be corrected first: {problem}")
        note(f"{slug}: its schedule cannot be read: {problem}")
    for line in lines({"monitors": monitors}) if monitors else ():
        print(line)
    if not monitors:
        note("There are no monitors; add one with: seestackd monitor add SLUG --schedule 1d")
    return Exit.OK
