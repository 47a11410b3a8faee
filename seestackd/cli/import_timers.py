"""`seestackd import-timers`: monitors for systemd timers, and drop-ins by which their services report."""

import json
import re
import subprocess
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seestackd.cli import discovery
from seestackd.cli.arguments import path, utf8
from seestackd.cli.discovery import Change, Proposal
from seestackd.cli.failures import Exit, Failure

if TYPE_CHECKING:
    from seestackd.core.timers import Timer

FOLDER = Path("/etc/systemd/system")
DROP_IN = "seestackd.conf"
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("import-timers", help="propose monitors for systemd's timers")
    command.add_argument(
        "units", type=utf8, nargs="*", metavar="TIMER", help="only these, such as backup.timer (default: all)"
    )
    command.add_argument(
        "--folder", type=path, default=FOLDER, metavar="DIR", help=f"where units go (default: {FOLDER})"
    )
    command.add_argument("--timezone", metavar="ZONE", help="zone of calendar expressions (default: the machine's)")
    discovery.add_options(command)
    command.set_defaults(command=import_timers)


def import_timers(options: Namespace) -> int:
    """Print proposed monitors and drop-ins; change something only when asked to."""
    from seestackd.cli.zones import zone_of
    from seestackd.core.durations import exact_duration
    from seestackd.core.timers import drop_in

    program, key = discovery.program_and_key(options)
    zone = zone_of(options.timezone)
    known, proposals, left, changes = discovery.known_slugs(options), [], {}, []
    for timer in _timers(options, zone):
        if timer.reports:
            left[timer.unit] = "its service reports already"
        elif timer.schedule is None:
            left[timer.unit] = str(timer.problem)
        elif timer.slug in known:
            left[timer.unit] = f"there is a monitor {timer.slug} already"
        else:
            proposals.append(Proposal(timer.slug, timer.unit, timer.schedule, exact_duration(timer.grace_ms)))
            path = options.folder / f"{timer.service}.d" / DROP_IN
            changes.append(Change(str(path), _before(path), drop_in(timer, program, key), path))
    discovery.tell(options, proposals, left, changes)
    if options.write:
        _write(options, proposals, changes)
    return Exit.OK


def _timers(options: Namespace, zone: str) -> "list[Timer]":
    from seestackd.core.timers import timer_of

    listed = _listed()
    wanted = [name if name.endswith(".timer") else f"{name}.timer" for name in options.units]
    if unknown := [name for name in wanted if name not in {unit for unit, _ in listed}]:
        raise Failure(f"systemd knows no {', '.join(unknown)}; list them with: systemctl list-timers --all")
    pairs = [pair for pair in listed if not wanted or pair[0] in wanted]
    return [timer_of(unit, service, _cat(unit), _cat(service), zone) for unit, service in pairs]


def _listed() -> list[tuple[str, str]]:
    """Return (timer, what it activates) of every timer."""
    try:
        rows = json.loads(_systemctl("list-timers", "--all", "--output=json"))
        pairs = [(row["unit"], row["activates"]) for row in rows if row.get("unit") and row.get("activates")]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Failure("systemctl list-timers printed no JSON list of timers; systemd 246 or newer is needed") from None
    return [pair for pair in pairs if all(isinstance(name, str) and _UNIT.fullmatch(name) for name in pair)]


def _cat(unit: str) -> str:
    return _systemctl("cat", "--no-pager", "--", unit, needed=False)


def _systemctl(*arguments: str, needed: bool = True) -> str:
    try:
        done = subprocess.run(
            ["systemctl", *arguments], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except FileNotFoundError:
        raise Failure("there is no systemctl on this machine, so there are no timers") from None
    if needed and done.returncode != 0:
        reason = "; ".join(done.stderr.split("\n")[:2]).strip("; ") or "failed"
        raise Failure(f"systemctl {arguments[0]}: {reason}; does systemd run here?")
    return done.stdout


def _before(path: Path) -> str:
    try:
        return path.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from None


def _write(options: Namespace, proposals: list[Proposal], changes: list[Change]) -> None:
    from seestackd.cli.output import note

    for change in changes:
        if change.before:
            copy = discovery.keep_copy(options, change.name, change.before)
            note(f"what {change.name} was is kept as {copy}")
    discovery.add_monitors(options, proposals)
    for change in changes:
        assert change.path is not None
        discovery.replace_file(change.path, change.after)
        note(f"{change.name} is written")
    if changes:
        note("Have systemd read them: systemctl daemon-reload")
