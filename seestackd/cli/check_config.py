"""`seestackd check-config`."""

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from seestackd.cli.arguments import path
from seestackd.cli.failures import Exit

if TYPE_CHECKING:
    from seestackd.core.monitor import NewMonitor
    from seestackd.core.schedule import Schedule

SHOWN = 3
LOOKED_AHEAD_MS = 40 * 366 * 86_400_000


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("check-config", help="check the settings and report everything that is wrong")
    command.add_argument("file", nargs="?", type=path, metavar="FILE", help="default: the file that would be used")
    command.set_defaults(command=check)


def check(options: Namespace) -> int:
    """Read the settings as `serve` would; the report goes to stderr with exit code 3 when something is wrong."""
    from seestackd.delivery.apprise_sender import check_url
    from seestackd.delivery.rule_channels import is_mail
    from seestackd.monitors_file import load
    from seestackd.settings import SYSTEM_FILE, BadSettings

    file = options.file or options.config
    configuration = load(file, data=options.data, credentials=False)
    settings = configuration.settings
    urls = {name: channel.url for name, channel in settings.channels.items()}
    unusable = {name: reason for name, url in urls.items() if url and (reason := check_url(url))}
    through = settings.alert_rules.mail_through
    if through and urls[through] and not is_mail(urls[through]):
        unusable[through] = "alert_rules.mail_through names it, so it needs a mailto:// URL"
    if unusable:
        raise BadSettings([f"channels.{name}: {reason}" for name, reason in unusable.items()])
    used = file or (SYSTEM_FILE if SYSTEM_FILE.exists() else None)
    channels = ", ".join(sorted(settings.channels)) or "none, so nobody is told"
    print(f"{used or 'no file, the defaults'}: ok")
    print(f"listens on {settings.server.listen}, database {settings.storage.path}, channels: {channels}")
    if unread := ", ".join(sorted(name for name, url in urls.items() if not url)):
        print(f"not checked, as only the unit can read their credentials: {unread}")
    if configuration.monitors:
        _print_next_runs(configuration.monitors)
    return Exit.OK


def _print_next_runs(declared: "tuple[NewMonitor, ...]") -> None:
    from seestackd.cli.output import table
    from seestackd.clock import Clock

    at = Clock().now()
    rows = [
        (new.slug, new.schedule.text, new.schedule.timezone, _next_runs(new.schedule, at))
        for new in sorted(declared, key=lambda new: new.slug)
    ]
    print()
    table(("MONITOR", "SCHEDULE", "ZONE", "NEXT RUNS"), rows)


def _next_runs(schedule: "Schedule", at: int) -> str:
    if schedule.interval_ms is not None:
        return f"{schedule.describe()}, counted from its reports"
    slots = schedule.slots_between(at, at + LOOKED_AHEAD_MS, SHOWN)
    zone = ZoneInfo(schedule.timezone)
    shown = [f"{datetime.fromtimestamp(slot / 1000, zone):%a %Y-%m-%d %H:%M %Z}" for slot in slots]
    return ", ".join(shown) or "never again: it names past dates only"
