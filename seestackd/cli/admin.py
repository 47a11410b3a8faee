"""The daemon's side of the unix socket: POST /cli/<verb> with the arguments as JSON. Only the command line uses it."""

import logging
import os
import socket
import struct
from http import HTTPStatus
from typing import Any

from aiohttp import web

from seestackd.cli.verbs import Call, Verb, verbs
from seestackd.errors import Busy, Conflict, Forbidden, Invalid, NotFound, SeestackdError, TooMany
from seestackd.runner import Runner
from seestackd.settings import Settings

log = logging.getLogger(__name__)

KINDS: dict[type[SeestackdError], tuple[str, HTTPStatus]] = {
    Invalid: ("invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    NotFound: ("not_found", HTTPStatus.NOT_FOUND),
    Conflict: ("conflict", HTTPStatus.CONFLICT),
    Forbidden: ("forbidden", HTTPStatus.FORBIDDEN),
    TooMany: ("too_many", HTTPStatus.TOO_MANY_REQUESTS),
    Busy: ("busy", HTTPStatus.SERVICE_UNAVAILABLE),
}
_PEER = struct.Struct("iII")


def admin_app(runner: Runner, settings: Settings) -> web.Application:
    """Build the application that answers the command line."""
    known = verbs()

    async def answer(request: web.Request) -> web.Response:
        if peer(request) not in (0, os.geteuid()):
            return _error(Forbidden("only root and the daemon's own user may do this; use sudo"))
        verb = known.get(request.match_info["verb"])
        if verb is None:
            return _error(NotFound("the running daemon does not know this; restart it to run the installed version"))
        try:
            arguments = await request.json()
            if not isinstance(arguments, dict):
                raise Invalid("arguments must be an object")
            return web.json_response({"result": await _run(runner, verb, Call(arguments, settings))})
        except ValueError:
            return _error(Invalid("arguments must be JSON"))
        except SeestackdError as error:
            return _error(error)

    app = web.Application()
    app.router.add_post("/cli/{verb}", answer)
    return app


def peer(request: web.Request) -> int:
    """Return the user id of the process at the other end (SO_PEERCRED)."""
    connection = request.get_extra_info("socket")
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid)


async def _run(runner: Runner, verb: Verb, call: Call) -> Any:
    return await (runner.read if verb.reads else runner.run)(verb.run, call)


def _error(error: SeestackdError) -> web.Response:
    kind, status = next((row for base, row in KINDS.items() if isinstance(error, base)), ("failed", HTTPStatus(500)))
    return web.json_response({"error": kind, "message": error.message, "field": error.field}, status=status)
