"""The daemon's side of the unix socket: POST /cli/<verb> with the arguments as JSON. Only the command line uses it."""

import json
import logging
import os
import socket
import struct
from http import HTTPStatus
from typing import Any

from aiohttp import web

from seestackd.cli.verbs import Call, verbs
from seestackd.errors import Busy, Conflict, Forbidden, Invalid, NotFound, SeestackdError, TooMany
from seestackd.reload import Configured
from seestackd.runner import Runner
from seestackd.settings import BadSettings

log = logging.getLogger(__name__)

KINDS: dict[type[SeestackdError], tuple[str, HTTPStatus]] = {
    BadSettings: ("bad_settings", HTTPStatus.UNPROCESSABLE_ENTITY),
    Invalid: ("invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    NotFound: ("not_found", HTTPStatus.NOT_FOUND),
    Conflict: ("conflict", HTTPStatus.CONFLICT),
    Forbidden: ("forbidden", HTTPStatus.FORBIDDEN),
    TooMany: ("too_many", HTTPStatus.TOO_MANY_REQUESTS),
    Busy: ("busy", HTTPStatus.SERVICE_UNAVAILABLE),
}
# An import of 10,000 monitors comes as one request, from root or the daemon's own user.
MAX_BODY_BYTES = 16 * 1024 * 1024
_PEER = struct.Struct("iII")


def admin_app(runner: Runner, configured: Configured) -> web.Application:
    """Build the application that answers the command line."""
    known = verbs()

    async def result(name: str, arguments: dict[str, Any]) -> str:
        """Return the result as JSON, made beside the event loop: lists are long."""
        call = Call(arguments, configured.settings)
        if name == "config.reload":
            return json.dumps(await configured.reload(force=call.flag("force", False)))
        if name == "config.diff":
            return json.dumps(await configured.difference())
        verb = known.get(name)
        if verb is None:
            raise NotFound("the running daemon does not know this; restart it to run the installed version")
        if verb.reads:
            return await runner.read(verb.text, call)
        return json.dumps(await runner.run(verb.run, call))

    async def answer(request: web.Request) -> web.Response:
        if peer(request) not in (0, os.geteuid()):
            return _error(Forbidden("only root and the daemon's own user may do this; use sudo"))
        try:
            arguments = await request.json()
            if not isinstance(arguments, dict):
                raise Invalid("arguments must be an object")
            text = await result(request.match_info["verb"], arguments)
            return web.Response(text=f'{{"result": {text}}}', content_type="application/json")
        except ValueError:
            return _error(Invalid("arguments must be JSON"))
        except SeestackdError as error:
            return _error(error)
        except Exception:
            log.exception("a command could not be done")
            return _error(SeestackdError("the daemon made a mistake; see its log"))

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post("/cli/{verb}", answer)
    return app


def peer(request: web.Request) -> int:
    """Return the user id of the process at the other end (SO_PEERCRED)."""
    connection = request.get_extra_info("socket")
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid)


def _error(error: SeestackdError) -> web.Response:
    kind, status = next((row for base, row in KINDS.items() if isinstance(error, base)), ("failed", HTTPStatus(500)))
    return web.json_response({"error": kind, "message": error.message, "field": error.field}, status=status)
