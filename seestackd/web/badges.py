"""GET /badge/...: SVG and shields.io JSON, without a login, under addresses that cannot be guessed."""

import json
from collections import OrderedDict
from hashlib import sha256
from html import escape

from aiohttp import web

from seestackd.clock import Clock
from seestackd.core.badges import Badge, width
from seestackd.core.public import Health
from seestackd.errors import NotFound, SeestackdError
from seestackd.operations.public import AskBadge, badge
from seestackd.runner import Runner
from seestackd.web.errors import Answers, of_error

FRESH_S = 2.0
REMEMBERED = 1000
_HEADERS = {
    # Proxies of code hosts keep pictures for hours unless told to ask again.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Server": "seestackd",
}
# White on each of them is 4.5:1 and more.
_COLOURS = {
    Health.OK: "#0f766e",
    Health.DOWN: "#be123c",
    Health.LATE: "#a16207",
    Health.MAINTENANCE: "#1d4ed8",
    Health.WAITING: "#57606a",
    Health.PAUSED: "#57606a",
}


class Badges:
    """Answers badges; however often one is asked for, the store is asked at most every 2 s."""

    def __init__(self, runner: Runner, answers: Answers, clock: Clock) -> None:
        self._runner = runner
        self._answers = answers
        self._clock = clock
        self._found: OrderedDict[AskBadge, tuple[float, Badge]] = OrderedDict()

    async def badge(self, request: web.Request) -> web.Response:
        """Answer a picture, or JSON where the path ends so; 304 when the client has it, 404 for an unknown address."""
        found = request.match_info
        try:
            shown = await self._badge(AskBadge(found["token"], found["kind"], found["name"]))
        except SeestackdError as error:
            return self._answers.error(of_error(error))
        as_svg = found["form"] == "svg"
        body = (svg(shown) if as_svg else shields(shown)).encode()
        headers = {**_HEADERS, "ETag": f'"{sha256(body).hexdigest()[:20]}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        kind = "image/svg+xml" if as_svg else "application/json"
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    async def _badge(self, asked: AskBadge) -> Badge:
        now = self._clock.monotonic()
        known = self._found.get(asked)
        if known is not None and now - known[0] < FRESH_S:
            return known[1]
        try:
            shown = await self._runner.read(badge, asked)
        except NotFound:
            self._found.pop(asked, None)
            raise
        self._found[asked] = (now, shown)
        self._found.move_to_end(asked)
        if len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        return shown


def shields(shown: Badge) -> str:
    """Write a badge for shields.io (its endpoint schema, version 1)."""
    colour = _COLOURS[shown.health].removeprefix("#")
    said = {"schemaVersion": 1, "label": shown.label, "message": shown.message, "color": colour}
    return json.dumps({**said, "isError": shown.health is Health.DOWN}, ensure_ascii=False, separators=(",", ":"))


def svg(shown: Badge) -> str:
    """Write a badge as a picture that needs nothing else."""
    left, right = width(shown.label) + 12, width(shown.message) + 12
    label, message, whole = escape(shown.label), escape(shown.message), left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img"'
        f' aria-label="{label}: {message}"><title>{label}: {message}</title>'
        f'<clipPath id="r"><rect width="{whole}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left}" height="20" fill="#30363d"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[shown.health]}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">{label}</text><text x="{left + right / 2}" y="14">{message}</text></g></svg>\n'
    )
