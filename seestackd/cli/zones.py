"""The time zone of this machine, in which cron and systemd take their times."""

import os
from pathlib import Path

from seestackd.cli.failures import Exit, Failure

_INFO = "zoneinfo/"


def zone_of(named: str | None) -> str:
    """Return the zone that was named, else that of this machine. Raises Failure."""
    from seestackd.core.schedule import zone_named
    from seestackd.errors import Invalid

    if named is None:
        return local_zone()
    try:
        return zone_named(named)
    except Invalid as error:
        raise Failure(f"--timezone: {error.message}", Exit.USAGE) from None


def local_zone() -> str:
    """Return its name, UTC when it cannot be told."""
    named = os.environ.get("TZ", "").lstrip(":")
    if named:
        return named
    try:
        target = os.path.realpath("/etc/localtime")
        if _INFO in target:
            return target.partition(_INFO)[2].removeprefix("posix/").removeprefix("right/")
        return Path("/etc/timezone").read_text().strip() or "UTC"
    except OSError:
        return "UTC"
