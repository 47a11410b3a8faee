"""Runs a verb without a daemon: the same operation, in this process, under the database lock."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _runner(settings) as runner:
        result = _run(runner, verb, Call(arguments, settings))
        return result if text or not verbs()[verb].is_json else json.loads(result)


def steps_in_process(settings: Settings, verb: str, arguments: dict[str, Any]) -> Iterator[Any]:
    """Run a verb until its result has no `more`, and give each result. Raises what `run_in_process` raises.

    The database stays open: where a step left off is remembered with it.
    """
    with _runner(settings) as runner:
        while True:
            result = _run(runner, verb, Call(arguments, settings))
            yield result
            if not result["more"]:
                return


def _run(runner: Runner, verb: str, call: Call) -> Any:
    wanted = verbs()[verb]
    return (runner.read_now if wanted.reads else runner.call)(wanted.run, call)


@contextmanager
def _runner(settings: Settings) -> Iterator[Runner]:
    become_owner(settings.storage.path.parent)
    try:
        with opened(settings.storage.path, wait_s=0.0) as store:
            runner = Runner(store, Clock(), Feed(), on_broken=lambda: os._exit(70))
            runner.route(settings.routing)
            yield runner
    except DatabaseInUse as error:
        raise Locked(error.message) from None
    except OSError as error:
        where = error.filename or settings.storage.path
        raise Failure(f"cannot use {where}: {error.strerror}; run as root (sudo), or choose --data DIR") from None
    except sqlite3.Error as error:
        raise Failure(f"{settings.storage.path} cannot be used: {error}; {next_step(error)}") from None
