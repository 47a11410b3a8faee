"""`seestackd backup`: copies the database, whoever writes to it meanwhile."""

import os
import sqlite3
import threading
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seestackd.cli.arguments import path
from seestackd.cli.client import settings_for
from seestackd.cli.failures import Exit, Failure
from seestackd.cli.progress import Progress, add_quiet, progress

if TYPE_CHECKING:
    from seestackd.store.sqlite.backup import Verified


LESS_URGENT = 5


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("backup", help="copy the database to a file, with the daemon running or not")
    command.add_argument("file", metavar="FILE", nargs="?", type=path, help="where it goes; else backup.directory")
    command.add_argument("--force", action="store_true", help="replace FILE if it is there")
    command.add_argument("--list", action="store_true", help="only list what is in backup.directory")
    command.add_argument("--json", action="store_true", help="for scripts")
    add_quiet(command)
    command.set_defaults(command=back_up)


def back_up(options: Namespace) -> int:
    """Copy, verify, and only then give the copy its name."""
    settings = settings_for(options)
    if options.list and options.file is not None:
        raise Failure("--list takes no FILE: it lists what is in backup.directory", Exit.USAGE)
    if (options.file is None or options.list) and settings.backup.directory is None:
        raise Failure("no backup.directory is set; name a FILE, or set it in the configuration", Exit.USAGE)
    if options.list:
        return _list(settings.backup.directory, options.json)
    database: Path = settings.storage.path
    # Read from here and not by the daemon: its unit may write to its own folder only, and answers pings meanwhile.
    try:
        target, copy = _copied(settings, options)
    except OSError as error:
        raise Failure(f"cannot write a backup: {error.filename or options.file}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise Failure(f"{database} cannot be copied: {error}; is there space, and may you read it?") from None
    _tell(target, copy, options.json)
    return Exit.OK


def _copied(settings: Any, options: Namespace) -> "tuple[Path, Verified]":
    from concurrent.futures import ThreadPoolExecutor

    from seestackd.clock import Clock
    from seestackd.store.sqlite import backup, backups

    database, folder = settings.storage.path, settings.backup.directory

    def copied(shown: Progress) -> "tuple[Path, Verified]":
        if options.file is not None:
            target = Path(options.file).absolute()
            return target, backup.back_up(database, target, overwrite=options.force, watch=shown)
        taken, copy = backups.take(database, folder, Clock().now(), settings.backup.keep, shown)
        return taken.file, copy

    # The daemon answers pings meanwhile, and goes first. Only a thread can be put back in its place afterwards.
    with ThreadPoolExecutor(1, initializer=_step_back) as thread, progress(options.quiet) as shown:
        return thread.submit(copied, shown).result()


def _step_back() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LESS_URGENT)


def _tell(target: Path, copy: "Verified", json: bool) -> None:
    from seestackd.cli.output import as_json

    if json:
        as_json({"file": str(target), "size": copy.size, "monitors": copy.monitors, "pings": copy.pings})
        return
    held = f"{copy.monitors:,} monitors and {copy.pings:,} pings"
    print(f"{target}: {copy.size / 2**20:,.1f} MiB with {held}, verified.")


def _list(folder: Path, json: bool) -> int:
    from seestackd.cli.output import as_json, table
    from seestackd.cli.verbs.instants import iso
    from seestackd.store.sqlite.backups import listed

    try:
        found = listed(folder)
    except OSError as error:
        raise Failure(f"{folder} cannot be read: {error.strerror}; run as root or as the daemon's user") from None
    if json:
        as_json({"backups": [{"file": str(each.file), "taken_at": iso(each.at), "size": each.size} for each in found]})
    else:
        table(
            ("TAKEN", "SIZE", "FILE"),
            [(iso(each.at) or "", f"{each.size / 2**20:,.1f} MiB", str(each.file)) for each in found],
        )
    return Exit.OK
