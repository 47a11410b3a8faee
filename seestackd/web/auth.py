"""Who is calling: keys in memory, by their digest."""

import asyncio
import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from seestackd.clock import Clock
from seestackd.core.events import KeysChanged
from seestackd.core.keys import MAY_INGEST, MAY_READ, PREFIX, Scope, checksum_ok, digest
from seestackd.errors import Busy
from seestackd.feed import Feed
from seestackd.operations.keys import TouchKeys, touch
from seestackd.operations.projects import everything
from seestackd.runner import Runner
from seestackd.web.errors import Refusal
from seestackd.web.protocol import vouch

log = logging.getLogger(__name__)

HEADERS = ("X-SeeStack-Key", "X-AllStak-Key")
"""Where a key may stand; the published clients send the second one only (contract.md 1)."""

_RELOAD_WAIT = 1.0
_MAX_KEY = 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that a request came with."""

    key_id: int
    project_id: int
    scope: str
    name: str
    prefix: str
    project_uid: str
    project_slug: str


class KeyTable:
    """Every live key, read anew when keys change. It compares digests only: its timing tells nothing of a key."""

    def __init__(self, runner: Runner, feed: Feed, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock
        self._callers: dict[str, Caller] = {}
        self._uses: dict[int, tuple[int, str | None]] = {}
        self._stale = False
        self._reloading: asyncio.Task[None] | None = None
        self._stop_listening = feed.listen(self._hear)

    async def load(self) -> None:
        """Read all keys; raises Busy."""
        projects, keys = await self._runner.read(everything, None)
        named = {project.id: (project.uid, project.slug) for project in projects}
        self._callers = {
            key.hash: Caller(key.id, key.project_id, key.scope, key.name, key.prefix, *named[key.project_id])
            for key in keys
            if key.revoked_at is None
        }

    async def ingester(self, request: web.Request) -> Caller:
        """Return who may send data; raises Refusal (401 for an unknown key, 403 for one of another scope)."""
        if self._reloading is not None:
            # A revoked key stops at once; and one made a moment ago must not get the 401 that ends a client for good.
            await asyncio.wait([self._reloading], timeout=_RELOAD_WAIT)
        caller = self._find(request.headers)
        if caller is None:
            raise Refusal(401, "INVALID_API_KEY", "Invalid or missing API key")
        if caller.scope not in MAY_INGEST:
            raise Refusal(403, "FORBIDDEN", "This key may not send data; make one with: seestackd key create NAME")
        vouch(request)
        self._note_use(caller, request.remote)
        return caller

    async def manager(self, request: web.Request, source: str | None) -> Caller:
        """Return who may use the management API, by `Authorization: Bearer`; raises Refusal as `ingester` does."""
        if self._reloading is not None:
            await asyncio.wait([self._reloading], timeout=_RELOAD_WAIT)
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        caller = self._known(secret.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            raise Refusal(401, "INVALID_API_KEY", "Invalid or missing API key", headers={"WWW-Authenticate": "Bearer"})
        if caller.scope not in MAY_READ:
            raise Refusal(403, "FORBIDDEN", "This key may not read; make one with: seestackd key create --scope read")
        vouch(request)
        self._note_use(caller, source)
        return caller

    async def pinger(self, secret: str, source: str | None) -> Caller | None:
        """Return who may ping with a key in a URL; None for unknown keys and for those of another scope."""
        caller = self._known(secret)
        if caller is None and self._reloading is not None and checksum_ok(secret):
            await asyncio.wait([self._reloading], timeout=_RELOAD_WAIT)
            caller = self._known(secret)
        if caller is None or caller.scope != Scope.PING:
            return None
        self._note_use(caller, source)
        return caller

    def known(self, hashed: str, scopes: Container[str], source: str | None) -> Caller | None:
        """Return whose key has the digest, when it has one of the scopes and no key is just being changed."""
        caller = self._callers.get(hashed) if self._reloading is None else None
        if caller is None or caller.scope not in scopes:
            return None
        self._note_use(caller, source)
        return caller

    async def flush_uses(self) -> None:
        """Store the first use of every key since the last time; called about once a minute."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            await self._runner.run(touch, TouchKeys(tuple((key, at, source) for key, (at, source) in uses.items())))
        except Busy:
            self._uses = {**self._uses, **uses}

    async def close(self) -> None:
        """Stop listening for changes, and store the last uses."""
        self._stop_listening()
        if self._reloading is not None:
            self._reloading.cancel()
            await asyncio.wait([self._reloading])
        await self.flush_uses()

    def _note_use(self, caller: Caller, source: str | None) -> None:
        if caller.key_id not in self._uses:
            self._uses[caller.key_id] = (self._clock.now(), source)

    def _known(self, key: str) -> Caller | None:
        # A key that ours would look like, but for its checksum, is a guess: it is not even hashed.
        if len(key) > _MAX_KEY or (key.startswith(PREFIX) and not checksum_ok(key)):
            return None
        return self._callers.get(digest(key))

    def _find(self, headers: Mapping[str, str]) -> Caller | None:
        for name in HEADERS:
            key = headers.get(name)
            if key and not key.isspace():
                return self._known(key)
        return None

    def _hear(self, changes: Sequence[object]) -> None:
        if any(isinstance(change, KeysChanged) for change in changes):
            self._stale = True
            if self._reloading is None:
                self._reloading = asyncio.get_running_loop().create_task(self._reload())

    async def _reload(self) -> None:
        try:
            while self._stale:
                self._stale = False
                try:
                    await self.load()
                except Busy:
                    log.warning("Keys changed and could not be read; trying again")
                    self._stale = True
                    await asyncio.sleep(_RELOAD_WAIT)
        finally:
            self._reloading = None
