"""`seestackd serve`."""

import gc
import logging
import os
import resource
import shlex
import signal
import sqlite3
import sys
from argparse import SUPPRESS, Namespace
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from seestackd.cli import lean, logs
from seestackd.cli.arguments import path, utf8
from seestackd.cli.failures import Exit, Failure, next_step

ENOUGH_FILES = 65536
SELDOM = (5_000, 10, 400)
"""When garbage is looked for: often among what is new, seldom among all, which takes 0.2 s with thousands connected."""
log = logging.getLogger(__name__)


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("serve", help="run the daemon")
    # Also after the verb; SUPPRESS keeps an absent one from hiding the one before it.
    command.add_argument("--data", type=path, metavar="DIR", default=SUPPRESS, help="data directory")
    command.add_argument("--listen", type=utf8, metavar="ADDRESS", help="HOST:PORT; wins over the settings")
    command.set_defaults(command=serve)


def serve(options: Namespace) -> int:
    """Run until SIGTERM or SIGINT."""
    # Until there is something to reload a HUP is to end nothing.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # What is imported stays: looking through it for garbage takes a sixth of a start, and later holds reports up.
    gc.disable()
    lean.share_memory()
    lean.without_plugins()
    with lean.trusting_nobody():
        from seestackd.cli.admin import admin_app
    from seestackd.monitors_file import Configuration, load

    def read() -> Configuration:
        return load(options.config, data=options.data, listen=options.listen)

    settings = read().settings
    _keep_secrets(options.config)
    logs.set_up()

    from seestackd import app

    _take_descriptors()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()

    def tell(started: app.Started) -> None:
        _tell(started, settings, _as_typed(options))

    try:
        app.serve(read, admin_app, tell, attended=not logs.under_journald())
    except sqlite3.Error as error:
        raise Failure(f"{settings.storage.path} cannot be used: {error}; {next_step(error)}") from error
    except OSError as error:
        where = error.filename or settings.storage.path
        raise Failure(f"cannot use {where}: {error.strerror or error}; choose another with --data") from error
    return _leave()


def _leave() -> NoReturn:
    """End at once: all is stored and closed, and pings of a restart wait while an interpreter takes itself apart."""
    logging.shutdown()
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(Exit.OK)


def _keep_secrets(file: Path | None) -> None:
    """Refuse to start with secrets that every user of the machine can read. Raises Failure."""
    from seestackd.settings import SYSTEM_FILE
    from seestackd.settings.exposure import exposed

    if open_files := exposed(file, SYSTEM_FILE):
        names = " ".join(shlex.quote(str(found)) for found in open_files)
        raise Failure(
            f"{names} holds secrets that every user can read; close it with: chmod 600 {names}, "
            "or keep them elsewhere: url_file or url_credential",
            Exit.CONFIG,
        )


def _take_descriptors() -> None:
    """Raise the limit of open files as far as allowed: every connection is one, and 1024 are soon taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _as_typed(options: Namespace) -> str:
    """Return how a person calls us with the same settings and data."""
    typed = [sys.argv[0] if Path(sys.argv[0]).name == "seestackd" else "python -m seestackd"]
    typed += ["--config", shlex.quote(str(options.config))] if options.config else []
    typed += ["--data", shlex.quote(str(options.data))] if options.data else []
    return " ".join(typed)


def _tell(started: Any, settings: Any, command: str) -> None:
    url = settings.server.public_url or started.addresses[0]
    lines = [f"seestackd listens on {', '.join(started.addresses)}, data in {settings.storage.path.parent}"]
    if started.first_key:
        lines += [
            "",
            f"Your first key, shown this once:  {started.first_key}",
            "",
            "Watch a job, then report a run (in its crontab line, after the job):",
            f"  {command} monitor add my-job --schedule 1h",
            f"  curl -fsS -m 10 {url}/ingest/v1/heartbeat -H 'X-SeeStack-Key: {started.first_key}' \\",
            """       -H 'Content-Type: application/json' -d '{"slug":"my-job","status":"success","durationMs":0}'""",
            "",
        ]
    if not settings.channels:
        lines.append("No alert channel is set, so nobody will be told: add [channels.NAME] to the settings.")
    elif not settings.default_channels:
        lines.append("default_channels is empty: only monitors that name a channel raise alerts.")
    if logs.under_journald():
        for line in filter(None, lines):
            log.info(line)
    else:
        print("\n".join(lines), flush=True)
