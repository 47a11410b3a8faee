"""`seestackd incident …`."""

import getpass
from argparse import Namespace
from typing import Any

from seestackd.cli.arguments import whole_number
from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    nouns = commands.add_parser("incident", help="list, acknowledge and silence what is wrong")
    verbs = nouns.add_subparsers(required=True, metavar="VERB")
    listed = verbs.add_parser("ls", help="list the open incidents, the newest first")
    listed.add_argument("--all", action="store_true", help="closed ones too, 100 at most")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.add_argument("-q", "--quiet", action="store_true", help="numbers only")
    listed.set_defaults(command=_list)
    ack = verbs.add_parser("ack", help="say that you take care: no more reminders, no escalation")
    ack.add_argument("id", type=whole_number, metavar="ID", help="its number in `seestackd incident ls`")
    ack.add_argument("--json", action="store_true", help="for scripts")
    ack.set_defaults(command=_ack)
    silence = verbs.add_parser("silence", help="tell nothing of an incident for a while")
    silence.add_argument("id", type=whole_number, metavar="ID", help="its number in `seestackd incident ls`")
    add_end(silence, required=True)
    silence.add_argument("--json", action="store_true", help="for scripts")
    silence.set_defaults(command=_silence)


def add_end(command: Any, *, required: bool) -> None:
    """Add --for and --until, of which one is given."""
    end = command.add_mutually_exclusive_group(required=required)
    end.add_argument("--for", dest="lasting", metavar="TIME", help="how long, such as 8h")
    end.add_argument("--until", metavar="WHEN", help="such as 2026-11-23T08:00, in the settings' zone, or with Z")


def _list(options: Namespace) -> int:
    from seestackd.cli.output import NOTHING, ago, listed

    answer = ask(options, "incident.ls", all=options.all)
    found = answer["incidents"]
    listed(
        options,
        answer,
        [each["id"] for each in found],
        ("ID", "KIND", "MONITOR", "BEGAN", "MISSED", "STATE"),
        lambda: [
            (
                str(each["id"]), each["kind"], each["slug"] or NOTHING, ago(each["began_at"], answer["at"]),
                str(each["missed"] or NOTHING), _state(each, answer["at"]),
            )
            for each in found
        ],
        "There has been no incident." if options.all else "Nothing is wrong: no incident is open.",
    )  # fmt: skip
    return Exit.OK


def _state(incident: dict[str, Any], now: str) -> str:
    from seestackd.cli.output import due, lasting, ms

    if incident["closed_at"] is not None:
        length = lasting(ms(incident["closed_at"]) - ms(incident["began_at"]))
        return f"closed after {length}: {incident['close_reason']}"
    said = [f"acknowledged by {incident['acked_by']}"] if incident["acked_at"] else []
    if incident["silenced_until"] and ms(incident["silenced_until"]) > ms(now):
        said.append(f"silenced, ends {due(incident['silenced_until'], now)}")
    return ", ".join(said) or "open"


def _ack(options: Namespace) -> int:
    from seestackd.cli.output import said

    incident = ask(options, "incident.ack", id=options.id, by=getpass.getuser())
    sentence = f"{_named(incident)} is acknowledged by {incident['acked_by']}: no reminders, no escalation."
    said(options, incident, sentence)
    return Exit.OK


def _silence(options: Namespace) -> int:
    from seestackd.cli.output import said

    arguments = {"for": options.lasting, "until": options.until}
    incident = ask(options, "incident.silence", id=options.id, **arguments)
    said(options, incident, f"{_named(incident)} is silenced until {incident['silenced_until']}.")
    return Exit.OK


def _named(incident: dict[str, Any]) -> str:
    about = f" ({incident['slug']} {incident['kind']})" if incident["slug"] else f" ({incident['kind']})"
    return f"Incident {incident['id']}{about}"
