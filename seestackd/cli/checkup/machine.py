"""The machine: its clock, zones, libraries and service manager."""

import ctypes
import importlib.metadata
import re
import resource
import sqlite3
import subprocess
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from seestackd.cli.checkup import Finding, broken, fine, note

WAL_RESET_FIXED = (3, 51, 3)
FEWEST_FILES = 4096
OLD_ZONES_YEARS = 2
_TIME_ERROR = 5
_UNIT = "seestackd.service"
_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/system")


def machine(daemon_pid: int | None, now: int) -> Iterator[Finding]:
    """Check the machine at `now` (ms UTC); limits are those of the daemon when one runs."""
    yield _sqlite()
    yield _parser()
    yield _zones(datetime.fromtimestamp(now / 1000, UTC).year)
    yield _clock()
    yield _files(daemon_pid)
    if Path("/run/systemd/system").is_dir():
        yield _unit()


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= WAL_RESET_FIXED:
        return fine("SQLite", version)
    return fine("SQLite", f"{version}; its WAL-reset bug needs two writers, and seestackd is one")


def _parser() -> Finding:
    from aiohttp import http_parser

    version = importlib.metadata.version("aiohttp")
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        return broken(
            "HTTP parser",
            f"aiohttp {version} runs without its compiled parser: slow, and looser",
            "install aiohttp's wheel for this machine: make install",
        )
    return fine("HTTP parser", f"aiohttp {version}, compiled")


def _zones(year: int) -> Finding:
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return broken("time zones", "there is no time zone data", "install it: apt-get install tzdata")
    version = _zone_version()
    released = re.match(r"\d{4}", version)
    if released and year - int(released[0]) > OLD_ZONES_YEARS:
        return note("time zones", f"the data is of {version}: newer rules are missing", "upgrade the package tzdata")
    return fine("time zones", version or "there, version not told")


def _zone_version() -> str:
    for folder in zoneinfo.TZPATH:
        file = Path(folder) / "tzdata.zi"
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as opened:
                return opened.readline().removeprefix("# version ").strip()
    try:
        return importlib.metadata.version("tzdata")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _clock() -> Finding:
    """Ask the kernel whether something steers its clock: adjtimex(2)."""
    buffer = ctypes.create_string_buffer(512)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    if state == _TIME_ERROR:
        return note("clock", "nothing keeps it in step with the world", "timedatectl set-ntp true, or install chrony")
    if state < 0:
        return note("clock", "the kernel does not tell whether it is in step", "look yourself: timedatectl")
    return fine("clock", "kept in step")


def _files(daemon_pid: int | None) -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if daemon_pid is not None:
        limit = resource.prlimit(daemon_pid, resource.RLIMIT_NOFILE)[0] if _may_ask(daemon_pid) else limit
    if limit != resource.RLIM_INFINITY and limit < FEWEST_FILES:
        return note(
            "open files",
            f"at most {limit}: many open connections shut pings out",
            "raise it: LimitNOFILE=65536 in the unit, or ulimit -n 65536",
        )
    return fine("open files", "no limit" if limit == resource.RLIM_INFINITY else f"at most {limit:,}")


def _may_ask(pid: int) -> bool:
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE)
    except OSError:
        return False
    return True


def _unit() -> Finding:
    if not any((Path(folder) / _UNIT).is_file() for folder in _UNIT_FOLDERS):
        return note("systemd unit", "is not installed: nothing starts the daemon again", "see the manual: Install")
    asked = subprocess.run(["systemctl", "is-enabled", _UNIT], capture_output=True, text=True, timeout=10, check=False)
    if asked.returncode != 0:
        return note("systemd unit", "does not start with the machine", f"systemctl enable {_UNIT}")
    return fine("systemd unit", "starts with the machine")
