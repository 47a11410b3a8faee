"""`seestackd backup`: copies the database, whoever writes to it meanwhile."""

import sqlite3
from argparse import Namespace
from pathlib import Path
from typing import Any

from seestackd.cli.client import settings_for
from seestackd.cli.failures import Exit, Failure


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("backup", help="copy the database to a file, with the daemon running or not")
    command.add_argument("file", metavar="FILE", type=Path, help="where the copy goes")
    command.add_argument("--force", action="store_true", help="replace FILE if it is there")
    command.add_argument("--json", action="store_true", help="for scripts")
    command.set_defaults(command=back_up)


def back_up(options: Namespace) -> int:
    """Copy, verify, and only then give the copy its name."""
    from seestackd.cli.output import as_json
    from seestackd.store.sqlite import backup

    database, target = settings_for(options).storage.path, Path(options.file).absolute()
    # Read from here and not by the daemon: its unit may write to its own folder only, and answers pings meanwhile.
    try:
        copy = backup.back_up(database, target, overwrite=options.force)
    except OSError as error:
        raise Failure(f"cannot write {target}: {error.filename or target}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise Failure(f"{database} cannot be copied: {error}; is there space, and may you read it?") from None
    if options.json:
        as_json({"file": str(target), "size": copy.size, "monitors": copy.monitors, "pings": copy.pings})
        return Exit.OK
    held = f"{copy.monitors:,} monitors and {copy.pings:,} pings"
    print(f"{target}: {copy.size / 2**20:,.1f} MiB with {held}, verified.")
    return Exit.OK
