"""Serves the dashboard: lets visitors in, shows templates, takes changes, and dresses every answer."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, quote

from aiohttp import web

from seestackd.core.retention import Kind
from seestackd.errors import Busy, Invalid, NotFound, SeestackdError
from seestackd.feed import Feed
from seestackd.operations.audit import Audited, audited
from seestackd.operations.logins import NOTED_EVERY_MS, Frame, note_use
from seestackd.operations.upkeep import KEPT_MS
from seestackd.runner import Operation, Runner
from seestackd.store.interface import Transaction
from seestackd.web.errors import Refusal, of_error, of_status
from seestackd.web.metrics import Standing
from seestackd.web.pages.answers import dressed, html
from seestackd.web.pages.assets import Assets
from seestackd.web.pages.gate import PROJECT, VISITOR, Elsewhere, Gate, csrf_holds, fields_of
from seestackd.web.pages.page import Page, Visit
from seestackd.web.pages.templating import Templates

if TYPE_CHECKING:
    from seestackd.web.pages.live import Live

log = logging.getLogger(__name__)

Command = TypeVar("Command")
Result = TypeVar("Result")
Read = Callable[[Transaction, int], Mapping[str, Any]]

BACKUP_FAILED = "The last backup failed; the settings page and the log say more."
MAX_FORM = 256 * 1024
_FORM_TIMEOUT_S = 15.0
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the pages are told at start; `feed` makes them live.

    `warnings` returns sentences for the banner at the top of every page, `local_only` says that nobody but this machine
    can connect. `user_header` and `user_header_from`: see Gate.
    """

    feed: Feed
    public_url: str | None = None
    local_only: bool = False
    timezone: str = "UTC"
    grace: str = "5m"
    user_header: str | None = None
    user_header_from: tuple[str, ...] = ()
    warnings: Callable[[], Sequence[str]] = tuple
    channels: Callable[[], Sequence[str]] = tuple
    standing: Callable[[], Standing] = Standing
    kept: Callable[[], Mapping[Kind, int]] = lambda: KEPT_MS


class Site:
    """What the handlers of the pages lean on."""

    live: "Live"

    def __init__(
        self, runner: Runner, gate: Gate, assets: Assets, dashboard: Dashboard, now: Callable[[], int]
    ) -> None:
        self.runner = runner
        self.gate = gate
        self.assets = assets
        self.dashboard = dashboard
        self.now = now
        self.templates = Templates(assets, dashboard.timezone)

    def serving(self, page: Page) -> Callable[[web.Request], Any]:
        """Return the handler of a page for the router."""

        async def serve(request: web.Request) -> web.StreamResponse:
            visit: Visit | None = None
            try:
                visit = await self.gate.admit(page, request)
                return self._finished(visit, await self._answered(page, visit))
            except Elsewhere as elsewhere:
                return dressed(web.Response(status=303, headers={"Location": self._link(request, elsewhere.path)}))
            except SeestackdError as error:
                return await self._wrong(request, visit, of_error(error), error)
            except Refusal as refusal:
                return await self._wrong(request, visit, refusal, None)
            except (ConnectionError, web.HTTPException):
                raise
            except Exception:
                log.exception("Could not show %s %s", page.method, page.path)
                return await self._wrong(request, visit, of_status(500), None)

        return serve

    async def show(
        self, visit: Visit, template: str, read: Read | None = None, *, status: int = 200, **extra: Any
    ) -> web.Response:
        """Return a page: `read(tx, at)` gives the template its values. Both run on a reader's thread."""

        def written(tx: Transaction, command: None, at: int) -> web.Response:
            values = read(tx, at) if read is not None else {}
            return html(visit.request, self.render(visit, template, at, {**values, **extra}), status)

        return await self.runner.read(written, None)

    def render(self, visit: Visit, template: str, at: int, values: Mapping[str, Any]) -> str:
        """Return the HTML of a template; for threads besides the event loop's."""
        return self.templates.render(visit, template, at, {"warnings": self._warnings(), **values})

    def _warnings(self) -> tuple[str, ...]:
        failed = () if self.dashboard.standing().backup_ok else (BACKUP_FAILED,)
        return (*self.dashboard.warnings(), *failed)

    async def change(
        self,
        visit: Visit,
        action: str,
        about: str,
        operation: Operation[Command, Result],
        command: Command,
        changes: Mapping[str, Any] | None = None,
    ) -> Result:
        """Run an operation with its entry in the audit log; raises what it raises."""
        note = Audited(operation, command, visit.project_id, visit.actor, action, about, changes or {})
        result: Result = await self.runner.run(audited, note)
        self.live.note()
        return result

    def base(self, visit: Visit) -> str:
        """Return the address under which jobs reach us: the public one, else what the browser asked for."""
        scheme = "https" if self.gate.is_https(visit.request) else "http"
        return self.dashboard.public_url or f"{scheme}://{visit.request.host}{visit.prefix}"

    def back(self, visit: Visit, path: str, said: str = "") -> web.Response:
        """Send the browser to a page of ours after a change; `said` is shown there once."""
        answer = web.Response(status=303, headers={"Location": visit.link(path)})
        if said:
            answer.set_cookie("seestackd_said", quote(said), max_age=60, path="/",
                              httponly=True, samesite="Lax")  # fmt: skip
        return answer

    def lost(self, request: web.BaseRequest) -> web.Response | None:
        """Return the page for a path that nobody serves, when a browser asks; else None."""
        if request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get("Accept", ""):
            return None
        if not isinstance(request, web.Request) or request.path.startswith(("/api/", "/ingest/", "/ping/")):
            return None
        visit = self.gate.visit(request, _NOBODY)
        said = self.templates.render(visit, "error.html", self.now(), _told(404, "There is no such page", ""))
        return dressed(html(request, said, 404))

    async def _answered(self, page: Page, visit: Visit) -> web.StreamResponse:
        if page.method == "POST":
            self.gate.check_origin(visit.request)
            visit.form = await _form(visit.request)
            if not csrf_holds(visit.secret, fields_of(visit.form, "csrf")):
                message = "This page had been open for too long; open it again and repeat"
                raise Refusal(403, "FORBIDDEN", message)
        session = visit.frame.session
        if session is not None and visit.frame.at - session.seen_at >= NOTED_EVERY_MS:
            with suppress(Busy):
                await self.runner.run(note_use, session.hash)
        return await page.handler(self, visit)

    def _finished(self, visit: Visit, answer: web.StreamResponse) -> web.StreamResponse:
        if answer.prepared:
            return answer
        if visit.frame.session is None and visit.request.cookies.get(VISITOR) != visit.secret:
            secure = self.gate.is_https(visit.request)
            answer.set_cookie(VISITOR, visit.secret, httponly=True, samesite="Lax", path="/", secure=secure)
        named = visit.request.query.get("project")
        if named and visit.project is not None and visit.request.cookies.get(PROJECT) != visit.project.slug:
            answer.set_cookie(PROJECT, visit.project.slug, path="/", max_age=31_536_000, httponly=True, samesite="Lax")
        if "seestackd_said" in visit.request.cookies and answer.status == 200:
            answer.del_cookie("seestackd_said", path="/")
        return dressed(answer)

    async def _wrong(
        self, request: web.Request, visit: Visit | None, refusal: Refusal, error: SeestackdError | None
    ) -> web.Response:
        message = error.message if isinstance(error, Invalid | NotFound) else refusal.message
        values = _told(refusal.status, message, refusal.code)
        if visit is None:
            visit = self.gate.visit(request, _NOBODY)
        try:
            answer = await self.show(visit, "error.html", lambda tx, at: values, status=refusal.status)
        except Busy:
            answer = html(request, self.templates.render(visit, "error.html", self.now(), values), refusal.status)
        answer.headers.update(refusal.headers)
        return dressed(answer)

    def _link(self, request: web.Request, path: str) -> str:
        return self.gate.visit(request, _NOBODY).plain(path)


def _told(status: int, message: str, code: str) -> dict[str, Any]:
    return {"status": status, "message": message, "code": code}


async def _form(request: web.Request) -> Mapping[str, list[str]]:
    """Return the fields of a form. Raises Refusal for what is none, too large or too slow."""
    if request.content_type != _FORM:
        raise of_status(415)
    if (request.content_length or 0) > MAX_FORM:
        raise of_status(413)
    try:
        async with asyncio.timeout(_FORM_TIMEOUT_S):
            body = await request.read()
    except TimeoutError:
        raise of_status(408, closes=True) from None
    if len(body) > MAX_FORM:
        raise of_status(413)
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=500)
    except ValueError:
        raise of_status(413) from None


_NOBODY = Frame(None, True, None, 0, 0)
