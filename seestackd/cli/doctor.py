"""`seestackd doctor`: looks at everything that can keep an alert from arriving, and says how to mend it."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seestackd.cli.client import settings_for
from seestackd.cli.failures import Exit

if TYPE_CHECKING:
    from seestackd.cli.checkup import Finding


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("doctor", help="look for what keeps alerts from arriving, and say how to mend it")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=examine)


def examine(options: Namespace) -> int:
    """Print every finding; exit code 5 when something is broken. Changes nothing."""
    from seestackd.cli.checkup import Mark
    from seestackd.cli.output import as_json

    findings = list(_findings(options))
    if options.json:
        words = {Mark.FINE: "ok", Mark.NOTE: "note", Mark.BROKEN: "broken"}
        as_json(
            {"checks": [{"check": f.check, "result": words[f.mark], "says": f.says, "fix": f.fix} for f in findings]}
        )
    else:
        _print(findings)
    return Exit.TROUBLE if any(finding.mark is Mark.BROKEN for finding in findings) else Exit.OK


def _findings(options: Namespace) -> "Iterator[Finding]":
    from seestackd.cli.checkup import files, machine, reserves, watching
    from seestackd.clock import Clock
    from seestackd.settings import SYSTEM_FILE

    settings, now = settings_for(options), Clock().now()
    database: Path = settings.storage.path
    used = options.config or (SYSTEM_FILE if SYSTEM_FILE.exists() else None)
    pid = watching.daemon_pid(database)
    yield from watching.settings(settings, used)
    yield from watching.daemon(settings, pid)
    yield from files.files(database)
    yield from reserves.reserves(database, settings.backup, pid is not None, now)
    yield from files.contents(database, lambda tx: watching.stored(tx, settings, now))
    yield from machine.machine(pid, now)


def _print(findings: "list[Finding]") -> None:
    from seestackd.cli.checkup import Mark

    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        print(f"{finding.mark} {finding.check:<{width}}  {finding.says}")
        if finding.fix:
            print(f"  {'':<{width}}  fix: {finding.fix}")
    counts = {mark: sum(finding.mark is mark for finding in findings) for mark in Mark}
    print(f"\n{counts[Mark.FINE]} fine, {counts[Mark.NOTE]} to think about, {counts[Mark.BROKEN]} broken")
