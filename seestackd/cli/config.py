"""`seestackd config show` and `config diff`."""

from argparse import Namespace
from typing import Any

from seestackd.cli.client import NoDaemon, ask_daemon
from seestackd.cli.failures import Exit, Failure

_LENGTHS = "_ms"


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    nouns = commands.add_parser("config", help="show the configuration, and what a reload would change")
    verbs = nouns.add_subparsers(required=True, metavar="VERB")
    show = verbs.add_parser("show", help="print every setting in force, without secrets, and the monitors declared")
    show.set_defaults(command=_show)
    diff = verbs.add_parser("diff", help="print what a reload would change")
    diff.add_argument("--json", action="store_true", help="for scripts")
    diff.set_defaults(command=_diff)


def _show(options: Namespace) -> int:
    from seestackd.cli.toml import lines
    from seestackd.delivery.channels import display
    from seestackd.monitors_file import load

    settings = load(options.config, data=options.data, credentials=False).settings
    tables = settings.model_dump(mode="json", exclude_none=True)
    for name, channel in tables["channels"].items():
        channel["url"] = display(settings.channels[name].url) if settings.channels[name].url else ""
        tables["channels"][name] = {key: value for key, value in channel.items() if value not in ("", [])}
    if settings.deadman.url:
        tables["deadman"]["url"] = display(settings.deadman.url)
    for line in lines(tables):
        print(line)
    return Exit.OK


def _diff(options: Namespace) -> int:
    from seestackd.cli.output import as_json

    try:
        changes = ask_daemon(options, "config.diff")
    except NoDaemon:
        changes = _without_daemon(options)
    if options.json:
        as_json(changes)
    else:
        told(changes)
        if changes["refused"]:
            raise Failure("so many monitors are archived only by: seestackd reload --force", Exit.TROUBLE)
    return Exit.OK


def _without_daemon(options: Namespace) -> Any:
    from seestackd.cli.in_process import Locked, run_in_process
    from seestackd.monitors_file import load

    configuration = load(options.config, data=options.data, credentials=False)
    try:
        return run_in_process(configuration.settings, "config.diff", {"monitors": configuration.monitors})
    except Locked as error:
        raise Failure(
            f"{error}, and nobody answers; is the daemon just starting? Try again", Exit.UNREACHABLE
        ) from None


def told(changes: dict[str, Any]) -> None:
    """Print what changes: how many in a line, then each."""
    print(_counted(changes))
    for sign, names in (("+", changes["added"]), ("+", changes["restored"]), ("-", changes["archived"])):
        again = " (back, with its history)" if names is changes["restored"] else ""
        again = " (archived)" if sign == "-" else again
        for slug in names:
            print(f"{sign} {slug}{again}")
    for changed in changes["changed"]:
        what = ", ".join(
            f"{_named(name)} {_shown(name, old)} -> {_shown(name, new)}" for name, old, new in changed["fields"]
        )
        print(f"~ {changed['slug']}: {what}")
    for name in (*changes["settings"], *changes["restart"]):
        print(f"~ {name}{' (needs a restart)' if name in changes['restart'] else ''}")


def _counted(changes: dict[str, Any]) -> str:
    plus, changed, minus = (
        len(changes["added"]) + len(changes["restored"]),
        len(changes["changed"]),
        len(changes["archived"]),
    )
    counts = [f"{sign}{count}" for sign, count in (("+", plus), ("~", changed), ("-", minus)) if count]
    settings = len(changes["settings"]) + len(changes["restart"])
    said = []
    if counts:
        counts[0] += f" monitor{'' if counts[0][1:] == '1' else 's'}"
        said += counts
    if settings:
        said.append(f"~{settings} setting{'' if settings == 1 else 's'}")
    return ", ".join(said) or "nothing changes"


def _named(name: str) -> str:
    return name.removesuffix(_LENGTHS)


def _shown(name: str, value: Any) -> str:
    from seestackd.core.durations import exact_duration

    if value is None:
        return "default"
    if name.endswith(_LENGTHS):
        return exact_duration(value)
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
