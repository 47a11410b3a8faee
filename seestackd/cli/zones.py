"""The time zone of this machine, in which cron and systemd take their times."""

import os
from pathlib import Path

_INFO = "zoneinfo/"


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
