"""Runs a verb without a daemon: the same operation, in this process, under the database lock."""

import json
import os
import sqlite3
from typing import Any

from seestackd.cli.failures import Failure, next_step
from seestackd.cli.ownership import become_owner
from seestackd.cli.verbs import Call, verbs
from seestackd.clock import Clock
from seestackd.feed import Feed
from seestackd.runner import Runner
from seestackd.settings import Settings
from seestackd.store.sqlite.lock import DatabaseInUse, opened


class Locked(Exception):
    """Another process has the database."""


def run_in_process(settings: Settings, verb: str, arguments: dict[str, Any], *, text: bool = False) -> Any:
    """Run the verb on the database itself; with `text` a result that is JSON stays it.

    Raises Locked, Failure and what the verb raises.
    """
    become_owner(settings.storage.path.parent)
    wanted = verbs()[verb]
    call = Call(arguments, settings)
    try:
        with opened(settings.storage.path, wait_s=0.0) as store:
            runner = Runner(store, Clock(), Feed(), on_broken=lambda: os._exit(70))
            runner.route(settings.routing)
            result = (runner.read_now if wanted.reads else runner.call)(wanted.run, call)
            return result if text or not wanted.is_json else json.loads(result)
    except DatabaseInUse as error:
        raise Locked(error.message) from None
    except OSError as error:
        where = error.filename or settings.storage.path
        raise Failure(f"cannot use {where}: {error.strerror}; run as root (sudo), or choose --data DIR") from None
    except sqlite3.Error as error:
        raise Failure(f"{settings.storage.path} cannot be used: {error}; {next_step(error)}") from None
