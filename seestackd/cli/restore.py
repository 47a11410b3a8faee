"""`seestackd restore`: puts a backup in the place of the database, while no daemon runs."""

import os
import sqlite3
from argparse import Namespace
from pathlib import Path
from typing import Any

from seestackd.cli.arguments import path
from seestackd.cli.client import settings_for
from seestackd.cli.failures import Exit, Failure
from seestackd.cli.progress import Progress, add_quiet, progress


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("restore", help="put a backup in the place of the database; stop the daemon before")
    command.add_argument("file", metavar="FILE", type=path, help="a file that `seestackd backup` wrote")
    command.add_argument("--json", action="store_true", help="for scripts")
    add_quiet(command)
    command.set_defaults(command=restore)


def restore(options: Namespace) -> int:
    """Verify a copy of the backup, settle its unsent alerts, then swap the files; the present one is kept."""
    from seestackd.cli.output import as_json
    from seestackd.cli.ownership import become_owner
    from seestackd.store.sqlite.lock import DatabaseInUse

    settings, file = settings_for(options), Path(options.file).absolute()
    database: Path = settings.storage.path
    become_owner(database.parent)
    try:
        with progress(options.quiet) as shown:
            answer = _restore(settings, file, database, shown)
    except DatabaseInUse as error:
        step = "stop the daemon first: systemctl stop seestackd.socket seestackd.service"
        raise Failure(f"{error.message.partition(';')[0]}; {step}") from None
    except OSError as error:
        raise Failure(f"cannot restore: {error.filename or database}: {error.strerror}; nothing was changed") from None
    except sqlite3.Error as error:
        raise Failure(f"{file} cannot be made ready: {error}; nothing was changed") from None
    if options.json:
        as_json(answer)
        return Exit.OK
    _print(answer)
    return Exit.OK


def _restore(settings: Any, file: Path, database: Path, shown: Progress) -> dict[str, Any]:
    from seestackd.cli.verbs.instants import iso
    from seestackd.clock import Clock
    from seestackd.restoring import swap_in
    from seestackd.store.sqlite.damage import Suspicion
    from seestackd.store.sqlite.lock import DatabaseLock

    os.umask(0o077)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with DatabaseLock(database):
        swapped = swap_in(settings, file, Clock(), watch=shown)
        Suspicion(database).drop()
    noted, aside = swapped.noted, swapped.aside
    return {
        "database": str(database),
        "kept": str(aside) if aside else None,
        "backup_at": iso(noted.backup_at),
        "dropped": noted.dropped,
        "told": list(noted.told),
        "erased_again": swapped.erased_again,
    }


def _print(answer: dict[str, Any]) -> None:
    from seestackd.cli.output import note

    as_of = f", as of {answer['backup_at']}" if answer["backup_at"] else ""
    print(f"{answer['database']} is restored{as_of}.")
    if answer["kept"]:
        print(f"What was there before is kept as {answer['kept']}.")
    if answer["erased_again"]:
        print(f"{answer['erased_again']} sessions or users that had been erased since were erased again.")
    if answer["dropped"]:
        print(f"{answer['dropped']} unsent alerts were dropped; {', '.join(answer['told']) or 'nobody'} will be told.")
    note("Start the daemon again: systemctl start seestackd.socket seestackd.service")
