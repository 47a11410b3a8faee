"""`seestackd drift`: jobs that are declared and silent, and jobs that report and are not declared."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import ask
from seestackd.cli.failures import Exit

_WHAT = {
    "never_reported": ("declared, never reported", "have its job report, or take it away: seestackd monitor rm"),
    "silent": ("declared, silent now", "see: seestackd explain"),
    "made_by_ping": ("made by its first ping", "declare it: seestackd export"),
    "undeclared": ("reports, and is not known", "add it: seestackd monitor add"),
}


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("drift", help="jobs that are declared and silent, or report and are not declared")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.add_argument("-q", "--quiet", action="store_true", help="slugs only")
    command.add_argument("--fail", action="store_true", help="exit with 5 when there are any")
    command.set_defaults(command=drift)


def drift(options: Namespace) -> int:
    """Print one line for each."""
    from seestackd.cli.output import ago, as_json, note, table

    answer = ask(options, "drift.find")
    found = [(kind, each) for kind in _WHAT for each in answer[kind]]
    if options.json:
        as_json(answer)
    elif options.quiet:
        for _, each in found:
            print(each["slug"])
    elif found:
        rows = [
            (_WHAT[kind][0], each["slug"], ago(each["since"], answer["at"]), _WHAT[kind][1]) for kind, each in found
        ]
        table(("WHAT", "SLUG", "SINCE", "NEXT STEP"), rows)
    else:
        note("Every monitor has reported, and every report is of a monitor.")
    return Exit.TROUBLE if options.fail and found else Exit.OK
