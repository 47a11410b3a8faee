"""`seestackd maintenance …`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.asking import add_yes, confirm
from seestackd.cli.client import ask
from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    nouns = commands.add_parser("maintenance", help="plan work during which silence means nothing")
    verbs = nouns.add_subparsers(required=True, metavar="VERB")
    _add_options(verbs.add_parser("add", help="plan a window: once with --from and --to, or again and again"))
    listed = verbs.add_parser("ls", help="list the windows that go on, are to come, or recur")
    listed.add_argument("--json", action="store_true", help="for scripts")
    listed.add_argument("-q", "--quiet", action="store_true", help="ids only")
    listed.set_defaults(command=_list)
    remove = verbs.add_parser("rm", help="call a window off")
    remove.add_argument("uid", metavar="ID", help="its id in `seestackd maintenance ls`, or the beginning of it")
    add_yes(remove)
    remove.set_defaults(command=_remove)


def _add_options(command: Any) -> None:
    command.add_argument("title", metavar="TITLE", help='what is done, such as "database upgrade"')
    command.add_argument("--from", dest="starts", metavar="WHEN", help="such as 2026-11-23T22:00, or with Z for UTC")
    command.add_argument("--to", dest="ends", metavar="WHEN", help="when it ends")
    command.add_argument("--schedule", metavar="CRON", help='when it begins, again and again: "0 2 * * 0"')
    command.add_argument("--duration", metavar="TIME", help="how long each lasts, such as 2h; with --schedule")
    command.add_argument("--timezone", metavar="ZONE", help="zone of these times (default: the settings')")
    command.add_argument("--monitor", action="append", metavar="SLUG", help="only this one; repeat for more")
    command.add_argument("--tag", action="append", metavar="TAG", help="only monitors with it; repeat for more")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=_add)


def _add(options: Namespace) -> int:
    from seestackd.cli.output import as_json, due, note

    arguments = {"from": options.starts, "to": options.ends, "schedule": options.schedule}
    window = ask(
        options,
        "maintenance.add",
        title=options.title,
        duration=options.duration,
        timezone=options.timezone,
        monitors=options.monitor,
        tags=options.tag,
        **arguments,
    )
    if options.json:
        as_json(window)
        return Exit.OK
    begins = "on now" if window["on"] else f"begins {due(window['next_starts_at'], window['at'])}"
    count = window["covered"]
    print(f"{window['title']} is planned ({window['id']}): {begins}, {count} monitor{'' if count == 1 else 's'}.")
    if not count:
        note("No monitor is covered now; see: seestackd monitor ls")
    return Exit.OK


def _list(options: Namespace) -> int:
    from seestackd.cli.output import listed

    answer = ask(options, "maintenance.ls")
    found = answer["windows"]
    listed(
        options,
        answer,
        [each["id"] for each in found],
        ("ID", "TITLE", "NEXT", "WHEN", "MONITORS"),
        lambda: [(each["id"], each["title"], _next(each, answer["at"]), _when(each), _about(each)) for each in found],
        "No maintenance is planned; plan some with: seestackd maintenance add TITLE --from WHEN --to WHEN",
    )
    return Exit.OK


def _next(window: dict[str, Any], now: str) -> str:
    from seestackd.cli.output import NOTHING, due

    if window["on"]:
        return f"on, ends {due(window['next_ends_at'], now)}"
    return NOTHING if window["next_starts_at"] is None else due(window["next_starts_at"], now)


def _when(window: dict[str, Any]) -> str:
    from seestackd.cli.output import lasting

    if window["schedule"] is None:
        return f"{_minute(window['starts_at'])} to {_minute(window['ends_at'])}"
    return f"{window['schedule']} ({window['timezone']}) for {lasting(window['duration_ms'])}"


def _minute(iso: str) -> str:
    return f"{iso[:10]} {iso[11:16]} UTC"


def _about(window: dict[str, Any]) -> str:
    named = [*window["monitors"], *(f"tag {tag}" for tag in window["tags"])]
    return ", ".join(named) or "all"


def _remove(options: Namespace) -> int:
    confirm(options, f"Call off {options.uid}?", "what the window has put off comes due again")
    window = ask(options, "maintenance.rm", uid=options.uid)
    print(f"{window['title']} is called off.")
    return Exit.OK
