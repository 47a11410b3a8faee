"""Serves the management API: who may, is it valid, do it with an entry in the audit log, answer in the envelope."""

import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from seestackd.core.alert_rules import RuleChannel
from seestackd.core.keys import Scope
from seestackd.errors import NotFound, SeestackdError
from seestackd.operations.audit import Actor, Audited, audited
from seestackd.operations.projects import DEFAULT, Viewer
from seestackd.runner import Operation, Runner
from seestackd.store.interface import Transaction
from seestackd.web.api.problems import of_operation, parsed_body, parsed_query
from seestackd.web.api.route import Call, Reply, Route
from seestackd.web.auth import KeyTable
from seestackd.web.bodies import Bodies
from seestackd.web.errors import Answers, Refusal, of_status
from seestackd.web.proxies import Proxies

log = logging.getLogger(__name__)

Command = TypeVar("Command")
Result = TypeVar("Result")
Shown = TypeVar("Shown")

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION = re.compile(r'"([0-9]{1,15})"')
_MAX_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Channels:
    """Where alerts can go: `names` of the channels in the settings, and `of_rule`, what a rule's channels come to.

    `of_rule(project uid, channels as sent)` raises Invalid with the field that cannot be used.
    """

    names: Callable[[], Collection[str]] = tuple
    of_rule: Callable[[str, Sequence[Mapping[str, Any]]], tuple[RuleChannel, ...]] = lambda project_uid, sent: ()


class Service:
    """What the handlers of the routes lean on; `now` returns ms UTC."""

    def __init__(
        self,
        runner: Runner,
        keys: KeyTable,
        bodies: Bodies,
        answers: Answers,
        proxies: Proxies,
        channels: Channels,
        now: Callable[[], int],
    ) -> None:
        self.now = now
        self._runner = runner
        self._keys = keys
        self._bodies = bodies
        self._answers = answers
        self._proxies = proxies
        self.channels = channels

    def serving(self, route: Route) -> Callable[[web.Request], Any]:
        """Return the handler of a route for the router."""

        async def serve(request: web.Request) -> web.Response:
            try:
                return await self._serve(route, request)
            except Refusal as refusal:
                return self._answers.error(refusal)
            except SeestackdError as error:
                return self._answers.error(of_operation(error))
            except (ConnectionError, web.HTTPException):
                raise
            except Exception:
                log.exception("Could not answer %s %s", route.method, route.full_path)
                return self._answers.error(of_status(500))

        return serve

    async def read(
        self,
        query: Operation[Command, Result],
        command: Command,
        shape: Callable[[Result, int], Shown],
    ) -> Shown:
        """Run a query and shape its result, both on a reader's thread; `shape` gets the instant too."""

        def shaped(tx: Transaction, command: Command, at: int) -> Shown:
            return shape(query(tx, command, at), at)

        return await self._runner.read(shaped, command)

    async def change(
        self,
        call: Call,
        action: str,
        about: str,
        operation: Operation[Command, Result],
        command: Command,
        shape: Callable[[Result, int], Shown],
    ) -> Shown:
        """Run an operation with its entry in the audit log, and shape its result."""

        def shaped(tx: Transaction, command: Command, at: int) -> Shown:
            return shape(operation(tx, command, at), at)

        note = Audited(shaped, command, call.project_id, _actor(call), action, about, call.sent())
        shown: Shown = await self._runner.run(audited, note)
        return shown

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        caller = await self._keys.manager(request, self._proxies.client(request))
        if route.scope is Scope.ADMIN and caller.scope != Scope.ADMIN:
            raise Refusal(403, "FORBIDDEN", "This key may only read; use one of scope admin")
        for part in request.match_info.values():
            if route.part == "uuid" and not _UUID.fullmatch(part):
                raise Refusal(404, "NOT_FOUND", f"Nothing has the id {_shown(part)}; ids are UUIDs in lower case")
        query = parsed_query(route.query, request.query.items())
        if not route.any_project:
            check_project(query.project_id, caller.project_uid)
        body = None
        if route.body is not None:
            model = route.body
            body = await self._bodies.parsed(
                request, lambda raw: parsed_body(model, raw if raw or route.body_required else b"{}")
            )
            if not route.any_project:
                check_project(getattr(body, "project_id", None), caller.project_uid)
        call = Call(request, caller, self._proxies.client(request), query, body)
        reply = await route.handler(self, call)
        return self._answer(route, reply)

    def _answer(self, route: Route, reply: Reply) -> web.Response:
        if route.status == 204:
            return web.Response(status=204, headers={"Server": "seestackd", **reply.headers})
        data = reply.data
        if data is not None and not isinstance(data, bytes):
            data = data.model_dump_json().encode()
        return self._answers.wrapped(route.status, data, reply.headers)


def check_project(asked: str | None, own: str) -> None:
    """Raise NotFound when a request names another project than its key's."""
    if asked is not None and asked != own:
        raise NotFound(f"Project not found: {_shown(asked)}")


def viewer(call: Call) -> Viewer:
    """Return what the caller sees of the projects: admin keys of the default one see all of them."""
    caller = call.caller
    return Viewer(caller.project_id, caller.project_slug == DEFAULT and caller.scope == Scope.ADMIN)


def expected_version(call: Call) -> int | None:
    """Return the version that If-Match asks for; raises Refusal for what is no ETag of ours."""
    text = call.request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    match = _VERSION.fullmatch(text)
    if match is None:
        message = 'must be one ETag as GET answered it, for example "3", or *'
        raise Refusal(422, "VALIDATION_ERROR", "Validation failed", details={"If-Match": message})
    return int(match[1])


def _actor(call: Call) -> Actor:
    return Actor(f"key {call.caller.name} ({call.caller.prefix}…)", call.source)


def _shown(text: str) -> str:
    cut = "".join(character if character.isprintable() else "?" for character in text[:_MAX_SHOWN])
    return cut if len(text) <= _MAX_SHOWN else cut + "…"
