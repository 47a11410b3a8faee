"""`seestackd monitor add` and `monitor edit`: what can be said of a monitor."""

from argparse import BooleanOptionalAction, Namespace
from typing import Any

from seestackd.cli.arguments import whole_number
from seestackd.cli.client import ask
from seestackd.cli.failures import Exit, Failure

# What is sent only when it was given; the verb knows the rest.
SAID = (
    "schedule", "timezone", "name", "grace", "max_runtime", "overlap", "watch_from_creation", "failures_before_alert",
    "successes_before_recovery", "slow_factor", "remind_every", "public", "public_name", "channels", "tags",
)  # fmt: skip


def add_to(verbs: Any) -> None:
    """Add both commands to the parser."""
    add = verbs.add_parser("add", help="watch a job")
    add.add_argument("slug", metavar="SLUG", help="its name in pings, such as nightly-backup")
    add.add_argument("--schedule", required=True, metavar="WHEN", help='"0 3 * * *", "@daily", "30m" or OnCalendar')
    _add_rules(add)
    _add_lists(add)
    add.set_defaults(command=_add)
    edit = verbs.add_parser("edit", help="change a monitor; what is not named stays")
    edit.add_argument("slug", metavar="SLUG")
    edit.add_argument("--schedule", metavar="WHEN", help='"0 3 * * *", "@daily", "30m" or OnCalendar')
    _add_rules(edit)
    channels, tags = _add_lists(edit)
    channels.add_argument("--default-channels", action="store_true", help="alert where it would without --channel")
    tags.add_argument("--no-tags", dest="tags", action="store_const", const=[], help="take all of them away")
    edit.set_defaults(command=_edit)


def _add_rules(command: Any) -> None:
    command.add_argument("--timezone", metavar="ZONE", help="zone of the schedule (default: the settings')")
    command.add_argument("--name", metavar="TEXT", help="what people read (default: the slug)")
    command.add_argument("--grace", metavar="TIME", help="how late it may be, such as 15m (default: the settings')")
    command.add_argument("--max-runtime", metavar="TIME", help='how long a run may take, or "default"')
    command.add_argument("--overlap", action=BooleanOptionalAction, help="whether runs may overlap (default: no)")
    command.add_argument(
        "--watch-from-creation", action=BooleanOptionalAction, help="whether it counts before it reported once"
    )
    command.add_argument(
        "--failures-before-alert", type=whole_number, metavar="N", help="bad runs in a row before an alert"
    )
    command.add_argument(
        "--successes-before-recovery", type=whole_number, metavar="N", help="good runs before a recovery"
    )
    command.add_argument(
        "--slow-factor", metavar="X", help='alert above X times the usual duration, such as 2; or "off"'
    )
    command.add_argument("--remind-every", metavar="TIME", help='remind this often, such as 4h, or "daily" at 09:00')
    command.add_argument(
        "--public", action=BooleanOptionalAction, help="whether it is on the status page (default: no)"
    )
    command.add_argument("--public-name", metavar="TEXT", help='its name there; "" for its own name')
    command.add_argument("--json", action="store_true", help="for scripts")


def _add_lists(command: Any) -> tuple[Any, Any]:
    channels, tags = command.add_mutually_exclusive_group(), command.add_mutually_exclusive_group()
    channels.add_argument(
        "--channel", dest="channels", action="append", metavar="NAME", help="alert here; repeat for more"
    )
    channels.add_argument("--no-channels", dest="channels", action="store_const", const=[], help="alert nobody")
    tags.add_argument("--tag", dest="tags", action="append", metavar="TAG", help="repeat for more")
    return channels, tags


def _said(options: Namespace) -> dict[str, Any]:
    return {name: value for name in SAID if (value := getattr(options, name)) is not None}


def _add(options: Namespace) -> int:
    import secrets

    from seestackd.cli.output import as_json, due, note

    ping_id = secrets.token_urlsafe(16)
    monitor = ask(options, "monitor.add", slug=options.slug, ping_id=ping_id, **_said(options))
    if options.json:
        as_json(monitor)
        return Exit.OK
    watched = f"{monitor['slug']} is watched: {monitor['schedule']} ({monitor['timezone']})"
    if monitor["expected_at"] is None:
        print(f"{watched}, from its first report on.")
    else:
        print(f"{watched}, first expected {due(monitor['expected_at'], monitor['at'])}.")
    if not monitor["channels"] and options.channels is None:
        note("No alert channel is set, so nobody will be told: add one to the settings.")
    return Exit.OK


def _edit(options: Namespace) -> int:
    from seestackd.cli.output import as_json, due

    said = _said(options)
    if options.default_channels:
        said["default_channels"] = True
    if not said:
        raise Failure("nothing to change; name what, for example --grace 15m", Exit.USAGE)
    monitor = ask(options, "monitor.edit", slug=options.slug, **said)
    if options.json:
        as_json(monitor)
        return Exit.OK
    expected = f", next expected {due(monitor['expected_at'], monitor['at'])}" if monitor["expected_at"] else ""
    print(f"{monitor['slug']} is changed: {monitor['schedule']} ({monitor['timezone']}){expected}.")
    return Exit.OK
