"""The store as a start finds it: on a full disk, damaged, or as it was left."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from seestackd.clock import Clock
from seestackd.delivery.declared import channels_of
from seestackd.delivery.directly import send_to_all, store_damaged
from seestackd.restoring import mend
from seestackd.settings import Settings
from seestackd.store.sqlite.ballast import Ballast
from seestackd.store.sqlite.connection import SqliteStore, is_damage
from seestackd.store.sqlite.damage import Damaged, Suspicion
from seestackd.store.sqlite.lock import opened

log = logging.getLogger(__name__)

LOCK_WAIT_S = 10.0
BROKEN_EXIT = 70


@contextmanager
def store_to_serve_from(settings: Settings) -> Iterator[SqliteStore]:
    """Hold the lock and a store that is whole, be it a backup's; damage found later is left to the next start.

    Raises what `opened` raises, and Damaged when there is nothing to start with, which the default channels hear of.
    """
    database = settings.storage.path
    if Ballast(database).open_the_door():
        log.critical("the disk is full: a reserve of 32 MiB is given up; make room")
    try:
        with opened(database, LOCK_WAIT_S, lambda: mend(settings, Clock())) as store:
            yield store
    except Damaged as error:
        _tell_of_damage(settings, error.message)
        raise
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            Suspicion(database).raise_it()
        raise


def _tell_of_damage(settings: Settings, reason: str) -> None:
    """Tell the default channels, at most once an hour however often the start is tried."""
    clock = Clock()
    if Suspicion(settings.storage.path).may_tell(clock.now()):
        for sent in send_to_all(channels_of(settings), settings.default_channels, store_damaged(reason), clock):
            if not sent.ok:
                log.error("the damage could not be told: %s", sent.error)


def broken(settings: Settings) -> None:
    """End at once: a store that cannot be trusted is left to the next process (crash-only, architecture.md)."""
    log.critical("the database cannot be trusted any more; the process ends, to start anew")
    Suspicion(settings.storage.path).raise_it()
    logging.shutdown()
    os._exit(BROKEN_EXIT)
