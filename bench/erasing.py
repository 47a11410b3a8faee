"""How long until nothing is left of a session or a user among millions of requests, and what heartbeats feel of it."""

import http.client
import json
import mmap
import random
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.fleet import daemon
from bench.pruning import Heartbeats
from bench.stored import SESSIONS, USERS, Stored
from seestackd.clock import Clock
from seestackd.core.keys import RANDOM_BYTES, Scope, make_secret
from seestackd.feed import Feed
from seestackd.operations.keys import CreateKey, create
from seestackd.runner import Runner
from seestackd.store.sqlite.connection import SqliteStore

LIMIT_S = 60.0
GIVE_UP_S = 240.0
_KEEP = "[retention]\nrequests = '900d'\nreplay = '900d'\n"
_IDLE_S = 5.0


def erasing(stored: Stored) -> bool:
    """Print the figures; returns whether all went in time and left no byte."""
    key, dice = _admin_key(stored), random.SystemRandom()
    # Numbers of four digits: no other name begins with them. The byte behind a name may look like a digit above 1.
    user, session = f"u_{_left(stored, 'user_id', dice)}", f"fp-{dice.randrange(SESSIONS // 2, SESSIONS, 10)}"
    good = True
    with daemon(stored.fleet, _KEEP) as (url, _):
        idle = Heartbeats(url, stored.fleet.key)
        time.sleep(_IDLE_S)
        print(f"{'heartbeats alone':<24}{idle.told()}")
        for title, path in (("erase a session", f"replay/{session}"), ("erase a user", f"users/{user}")):
            beside = Heartbeats(url, stored.fleet.key)
            took, rows = _erased(url, key, path)
            name = path.partition("/")[2].encode()
            left = sum(_count(stored.database.with_name(f"seestackd.db{end}"), name) for end in ("", "-wal"))
            print(f"{title:<24}{took:.1f} s (at most {LIMIT_S:.0f}), {rows:,} rows, {left} times left; {beside.told()}")
            good = good and took <= LIMIT_S and not left
    return good


def _admin_key(stored: Stored) -> str:
    store, secret = SqliteStore.open(stored.database), make_secret(secrets.token_bytes(RANDOM_BYTES))
    Runner(store, Clock(), Feed(), lambda: None).call(
        create, CreateKey(1, f"erasing {time.time()}", Scope.ADMIN, secret)
    )
    store.close()
    return secret


def _left(stored: Stored, column: str, dice: random.Random) -> int:
    """Return the number of a user that an earlier run has left."""
    with closing(sqlite3.connect(stored.database)) as database:
        while True:
            number = dice.randrange(USERS // 2, USERS, 10)
            found = database.execute(f"SELECT 1 FROM sessions WHERE {column} = ?", (f"u_{number}",)).fetchone()
            if found is not None:
                return number


def _erased(url: str, key: str, path: str) -> tuple[float, int]:
    """Have something erased; return after how many seconds it is, and how many rows went."""
    began = time.monotonic()
    asked = _asked(url, key, "DELETE", path)
    while time.monotonic() < began + GIVE_UP_S:
        time.sleep(0.1)
        (found,) = [each for each in _asked(url, key, "GET", "erasures")["items"] if each["id"] == asked["id"]]
        if found["erasedAt"] is not None:
            return time.monotonic() - began, found["rows"]
    raise RuntimeError(f"not erased within {GIVE_UP_S:.0f} s")


def _asked(url: str, key: str, method: str, path: str) -> dict[str, Any]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request(method, f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
    data: dict[str, Any] = json.loads(text)["data"]
    return data


def _count(path: Path, name: bytes) -> int:
    """Return how many times a file holds a name."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        times, at = 0, data.find(name)
        while at >= 0:
            times, at = times + 1, data.find(name, at + 1)
        return times
