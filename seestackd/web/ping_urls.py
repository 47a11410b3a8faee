"""Ping URLs: what a crontab line calls, and the clients that speak this protocol already.

    /ping/<key>/<slug>          the monitor of the key's project that has the slug
    /ping/<ping_id>             the monitor that has the ping id

Either may end with an action: `/start`, `/fail`, `/log` or an exit code, `/0` to `/255`; without one it is a success.
The first segment alone decides which form it is: when it is a ping key, the second one is a slug whatever it looks
like, else it is taken for a ping id. So a monitor named `start` (or `7`) succeeds at `/ping/<key>/start` and starts at
`/ping/<key>/start/start`. Only keys of scope `ping` open a path, for paths end up in logs and crontabs; another key
and an unknown one get the same answer as an unknown slug, so that nothing can be learnt here.

HEAD does whatever GET does, as some jobs can send nothing else; OPTIONS never counts. The answer comes after the
commit, in plain text.
"""

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiohttp import web
from multidict import CIMultiDict

from seestackd.core.keys import Scope, digest
from seestackd.core.monitor import NewMonitor, new_monitor, new_rules, validate_slug
from seestackd.core.output import LIMIT, Output
from seestackd.core.pings import PingKind
from seestackd.errors import Busy, Conflict, Invalid, NotFound, SeestackdError, TooMany
from seestackd.operations.creation import BY_PING
from seestackd.operations.pings import Recorded, RecordPing, owner_of, record_or_count
from seestackd.runner import Runner
from seestackd.web.auth import KeyTable
from seestackd.web.errors import Refusal
from seestackd.web.outputs import read_output
from seestackd.web.ping_fields import PingFields, fields_of
from seestackd.web.protocol import vouch
from seestackd.web.proxies import Proxies

log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST"})
_ALLOW = {"Allow": "GET, HEAD, POST, OPTIONS"}
_HEADERS = CIMultiDict(
    {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "Ping-Body-Limit": str(LIMIT),
        "Server": "seestackd",
    }
)
_STATUSES: dict[type[SeestackdError], int] = {Invalid: 400, NotFound: 404, Conflict: 409, TooMany: 429, Busy: 503}
_NOT_FOUND = "not found"
_ACTIONS = {"start": PingKind.START, "fail": PingKind.FAILED, "log": PingKind.LOG}
_EXIT_CODE = re.compile(r"-?[0-9]+")
_PING_ID = re.compile(r"[A-Za-z0-9_-]{16,36}")
_MAX_REMEMBERED = 100_000
_PING_SCOPES = frozenset({Scope.PING})


@dataclass(frozen=True, slots=True)
class PingDefaults:
    """What a monitor made by its first ping gets; `grace` counts when the URL names a schedule but no grace."""

    timezone: str = "UTC"
    grace: str = "5m"


@dataclass(frozen=True, slots=True)
class _Target:
    """The monitor that a path names; `ping_id` is empty when it names it by key and slug."""

    project_id: int
    slug: str
    ping_id: str = ""


class PingUrls:
    """Takes pings at `/ping/...`. A body has `body_timeout` seconds to arrive."""

    def __init__(
        self, runner: Runner, keys: KeyTable, proxies: Proxies, defaults: PingDefaults, body_timeout: float
    ) -> None:
        self._runner = runner
        self._keys = keys
        self._proxies = proxies
        self._defaults = defaults
        self._body_timeout = body_timeout
        self._owners: dict[str, tuple[int, str]] = {}

    async def ping(self, request: web.Request) -> web.StreamResponse:
        """Record what the URL says; 200 `OK` or 201 `Created` once it is durable."""
        if request.method == "OPTIONS":
            return web.Response(status=204, headers={**_ALLOW, "Ping-Body-Limit": str(LIMIT), "Server": "seestackd"})
        if request.method not in _METHODS:
            return _answer(405, "send GET, HEAD or POST", _ALLOW)
        try:
            recorded = await self._record(request)
        except Refusal as refusal:
            return _refusal(refusal)
        except SeestackdError as error:
            return ping_failure(error)
        except (ConnectionError, web.HTTPException):
            raise
        except Exception:
            log.exception("Could not take a ping")  # without its path, which holds a key
            return _answer(500, "something went wrong on our side")
        return ping_taken(recorded)

    async def _record(self, request: web.Request) -> Recorded:
        source = self._proxies.client(request)
        target, action = await self._target(request, source)
        vouch(request)
        kind, exit_code = _meaning(action)
        fields = fields_of(request.query, request.headers)
        wanted = None if target.ping_id else self._wanted(request, target.slug)
        output = await read_output(request, self._body_timeout) if request.method == "POST" else Output()
        command = _command(target, kind, exit_code, source, output, fields)
        if isinstance(wanted, NewMonitor):
            command = replace(command, create=wanted, ping_id=secrets.token_urlsafe(16))
        recorded = await self._runner.submit(record_or_count, command)
        if isinstance(recorded, Recorded):
            return recorded
        self.forget(target.ping_id)
        # What is wrong with a wish to create counts only where there is something to create.
        raise wanted if isinstance(wanted, Invalid) else recorded

    def command(
        self, method: str, path: str, headers: Mapping[str, str], source: str | None, body: bytes
    ) -> RecordPing:
        """Return what a plain ping asks for: no query, its whole output at hand.

        Raises SeestackdError (NotFound, Invalid) when only `ping` can tell what is to be answered.
        """
        target, action = self._target_at_hand(path, source)
        kind, exit_code = _meaning(action)
        if not target.ping_id:
            validate_slug(target.slug)
        output = Output()
        if method == "POST":
            output.add(body)
        return _command(target, kind, exit_code, source, output, fields_of({}, headers))

    def _target_at_hand(self, path: str, source: str | None) -> tuple[_Target, str | None]:
        first, *rest = _segments(path)
        if len(rest) < 2 and (owner := self._owners.get(first)) is not None:
            return _Target(*owner, first), rest[0] if rest else None
        caller = self._keys.known(digest(first), _PING_SCOPES, source)
        if caller is None or len(rest) not in (1, 2):
            raise NotFound(_NOT_FOUND)
        return _Target(caller.project_id, rest[0]), rest[1] if len(rest) == 2 else None

    def forget(self, ping_id: str) -> None:
        """Look up anew whose ping id it is: its monitor did not know it."""
        self._owners.pop(ping_id, None)

    async def _target(self, request: web.Request, source: str | None) -> tuple[_Target, str | None]:
        first, *rest = _segments(request.rel_url.raw_path)
        caller = await self._keys.pinger(first, source)
        if caller is not None and len(rest) in (1, 2):
            return _Target(caller.project_id, rest[0]), rest[1] if len(rest) == 2 else None
        if caller is None and len(rest) < 2 and _PING_ID.fullmatch(first):
            owner = await self._owner(first)
            if owner is not None:
                return _Target(*owner, first), rest[0] if rest else None
        raise NotFound(_NOT_FOUND)

    async def _owner(self, ping_id: str) -> tuple[int, str] | None:
        """Return whose ping id it is. What is remembered may be stale: `record` compares it with the monitor's."""
        owner = self._owners.get(ping_id)
        if owner is None:
            owner = await self._runner.read(owner_of, ping_id)
            if owner is not None:
                if len(self._owners) >= _MAX_REMEMBERED:
                    self._owners.clear()
                self._owners[ping_id] = owner
        return owner

    def _wanted(self, request: web.Request, slug: str) -> NewMonitor | Invalid | None:
        """Return the monitor that `create=1` asks for, or what is wrong with it; None when it is not asked for.

        Raises NotFound or Invalid for a slug that no monitor can have.
        """
        query = request.query
        creates = query.get("create") == "1"
        try:
            validate_slug(slug)
        except Invalid as error:
            raise error if creates else NotFound(_NOT_FOUND) from None
        if not creates:
            return None
        schedule = query.get("schedule")
        try:
            return new_monitor(
                slug,
                schedule or "1d",
                timezone=query.get("timezone") or self._defaults.timezone,
                rules=new_rules(grace=query.get("grace") or (self._defaults.grace if schedule else "1h")),
                source=BY_PING,
            )
        except Invalid as error:
            return error


def _segments(path: str) -> list[str]:
    """Return what follows `/ping/` in the path, at least one segment; one slash at the end is let pass."""
    return path.removeprefix("/ping/").removesuffix("/").split("/")


def _meaning(action: str | None) -> tuple[PingKind, int | None]:
    """Return what the end of the path says: the kind of ping and the exit code. Raises Invalid."""
    if action is None:
        return PingKind.SUCCESS, None
    if action in _ACTIONS:
        return _ACTIONS[action], None
    if not _EXIT_CODE.fullmatch(action):
        raise Invalid("unknown action; end the URL with /start, /fail, /log, an exit code 0-255, or none of them")
    if action.startswith("-") or len(action) > 3 or int(action) > 255:
        raise Invalid("an exit code is a number from 0 to 255, for example /1")
    return (PingKind.FAILED if int(action) else PingKind.SUCCESS), int(action)


def _command(
    target: _Target, kind: PingKind, exit_code: int | None, source: str | None, output: Output, fields: PingFields
) -> RecordPing:
    return RecordPing(
        target.project_id,
        target.slug,
        kind,
        exit_code=exit_code,
        source=source,
        output=output.text() or None,
        output_size=output.size,
        door="url",
        ping_id=target.ping_id,
        **fields,
    )


def ping_taken(recorded: Recorded) -> web.Response:
    """Return the answer to a ping that is stored."""
    return _answer(201, "Created") if recorded.created else _answer(200, "OK")


def _answer(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    own = _HEADERS.copy()
    if headers:
        own.update(headers)
    return web.Response(status=status, body=text.encode("utf-8", "replace"), headers=own)


def _refusal(refusal: Refusal) -> web.Response:
    response = _answer(refusal.status, refusal.message)
    if refusal.closes:
        response.force_close()
    return response


def ping_failure(error: SeestackdError) -> web.Response:
    """Return the answer to an error: the reason with its field, for an unknown monitor no more than that."""
    status = _STATUSES.get(type(error), 500)
    if isinstance(error, NotFound):
        return _answer(status, _NOT_FOUND)
    wait = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy | TooMany) else None
    named = isinstance(error, Invalid) and error.field and not error.message.startswith(error.field)
    return _answer(status, f"{error.field}: {error.message}" if named else error.message, wait)
