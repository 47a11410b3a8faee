"""`seestackd import-crontab`: monitors for the jobs of a crontab, and lines that report."""

import re
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seestackd.cli import discovery
from seestackd.cli.discovery import Change, Proposal
from seestackd.cli.failures import Exit, Failure

if TYPE_CHECKING:
    from seestackd.core.crontab import CronJob

SYSTEM = Path("/etc/crontab")
FOLDER = Path("/etc/cron.d")
SYSTEMD = Path("/run/systemd/system")
MAX_BYTES = 1024 * 1024
_READ_BY_CRON = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _Table:
    """A crontab; without `path` it is the user's own, which `crontab` reads and writes."""

    name: str
    text: str
    with_user: bool
    path: Path | None = None


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("import-crontab", help="propose monitors for the jobs of a crontab")
    command.add_argument(
        "what", nargs="?", default="user", metavar="FILE|user|system",
        help="a file, your own crontab (user, the default), or /etc/crontab and /etc/cron.d (system)",
    )  # fmt: skip
    command.add_argument("--with-user", action="store_true", help="FILE has a column of users, as /etc/crontab has")
    command.add_argument("--timezone", metavar="ZONE", help="zone of lines without CRON_TZ (default: the machine's)")
    discovery.add_options(command)
    command.set_defaults(command=import_crontab)


def import_crontab(options: Namespace) -> int:
    """Print proposed monitors and changed lines; change something only when asked to."""
    from seestackd.cli.zones import zone_of

    program, key = discovery.program_and_key(options)
    zone = zone_of(options.timezone)
    taken = discovery.known_slugs(options)
    proposals: list[Proposal] = []
    left: dict[str, str] = {}
    changes: list[Change] = []
    for table in _tables(options):
        jobs = _jobs(table, zone, taken)
        taken |= {job.slug for job in jobs}
        for job in jobs:
            where = f"{table.name}:{job.number}"
            if job.reports:
                left[where] = "it reports already"
            elif job.schedule is None:
                left[where] = str(job.problem)
            else:
                proposals.append(Proposal(job.slug, f"{where}: {job.command[:100]}", job.schedule))
        changes.append(_change(table, jobs, program, key))
    changes = [change for change in changes if change.before != change.after]
    discovery.tell(options, proposals, left, changes)
    if options.write:
        _write(options, proposals, changes)
    return Exit.OK


def _jobs(table: _Table, zone: str, taken: set[str]) -> "list[CronJob]":
    from seestackd.core.crontab import jobs_in

    return jobs_in(table.text, zone, with_user=table.with_user, taken=taken, systemd=SYSTEMD.is_dir())


def _change(table: _Table, jobs: "list[CronJob]", program: str, key: str) -> Change:
    from seestackd.core.crontab import rewritten

    suffix = f" --key {key}" if key else ""
    wrapper = {job.number: f"{program} run {job.slug}{suffix}" for job in jobs if job.wanted}
    return Change(table.name, table.text, rewritten(table.text, jobs, wrapper), table.path)


def _tables(options: Namespace) -> Iterator[_Table]:
    if options.what == "user":
        yield _Table("crontab of this user", _of_user(), with_user=False)
    elif options.what == "system":
        files = [SYSTEM, *(sorted(FOLDER.iterdir()) if FOLDER.is_dir() else [])]
        found = [file for file in files if file.is_file() and _READ_BY_CRON.fullmatch(file.name)]
        if not found:
            raise Failure(f"there is neither {SYSTEM} nor a file in {FOLDER}; name a FILE")
        yield from (_Table(str(file), _text(file), with_user=True, path=file) for file in found)
    else:
        file = Path(options.what)
        with_user = options.with_user or file.absolute() == SYSTEM or file.absolute().parent.name == FOLDER.name
        yield _Table(str(file), _text(file), with_user, file)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        raise Failure(f"cannot read {file}: {reason}; name a crontab, user or system") from None
    if len(content) > MAX_BYTES or b"\0" in content:
        raise Failure(f"{file} is no crontab: it is too large, or no text")
    return content.decode("utf-8", "surrogateescape")


def _of_user() -> str:
    done = _crontab("-l")
    if done.returncode != 0:
        raise Failure(f"crontab -l: {done.stderr.strip() or 'no crontab'}; name a FILE, or system")
    return done.stdout


def _crontab(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["crontab", *arguments], input=given, capture_output=True, text=True, errors="surrogateescape",
            timeout=30, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise Failure("there is no program crontab on this machine; name a FILE, or system") from None


def _write(options: Namespace, proposals: list[Proposal], changes: list[Change]) -> None:
    from seestackd.cli.output import note

    copies = [(change, discovery.keep_copy(options, change.name, change.before)) for change in changes]
    discovery.add_monitors(options, proposals)
    for change, copy in copies:
        if change.path is not None:
            discovery.replace_file(change.path, change.after)
        else:
            done = _crontab("-", given=change.after)
            if done.returncode != 0:
                raise Failure(
                    f"crontab did not take the new lines: {done.stderr.strip()}; what was before is in {copy}"
                )
        note(f"{change.name} is changed; what it was is kept as {copy}")
