"""`seestackd check-config`."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from seestackd.cli.failures import Exit


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("check-config", help="check the settings and report everything that is wrong")
    command.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the file that would be used")
    command.set_defaults(command=check)


def check(options: Namespace) -> int:
    """Read the settings as `serve` would; the report goes to stderr with exit code 3 when something is wrong."""
    from seestackd.delivery.apprise_sender import check_url
    from seestackd.settings import SYSTEM_FILE, BadSettings, load

    file = options.file or options.config
    settings = load(file, data=options.data, credentials=False)
    urls = {name: channel.url for name, channel in settings.channels.items()}
    unusable = {name: reason for name, url in urls.items() if url and (reason := check_url(url))}
    if unusable:
        raise BadSettings([f"channels.{name}: {reason}" for name, reason in unusable.items()])
    used = file or (SYSTEM_FILE if SYSTEM_FILE.exists() else None)
    channels = ", ".join(sorted(settings.channels)) or "none, so nobody is told"
    print(f"{used or 'no file, the defaults'}: ok")
    print(f"listens on {settings.server.listen}, database {settings.storage.path}, channels: {channels}")
    if unread := ", ".join(sorted(name for name, url in urls.items() if not url)):
        print(f"not checked, as only the unit can read their credentials: {unread}")
    return Exit.OK
