"""GET /status: how public monitors are, for people without a login; no script, no other request."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web

from seestackd.clock import Clock
from seestackd.core.events import MonitorChanged
from seestackd.core.public import WORDS, did, sentence, worst
from seestackd.core.uptime import Uptime, percent
from seestackd.errors import Busy, NotFound
from seestackd.feed import Feed
from seestackd.operations.public import DAYS, Component, StatusPage, status_page
from seestackd.runner import Runner
from seestackd.web.errors import Answers, of_error

if TYPE_CHECKING:
    from jinja2 import Template

FRESH_S = 15.0
"""Lateness comes with time alone, without a change that is announced."""

SHARE = 10
"""A page is made anew at most a tenth of the time, however much changes."""

_STYLE = files("seestackd.web").joinpath("templates", "status.css").read_text(encoding="utf-8")
_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Server": "seestackd",
}
_STEP, _HIGH = 4, 28


@cache
def _template() -> "Template":
    # Read when first asked for: most daemons have no public monitor.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(loader=PackageLoader("seestackd.web"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("status.html")


class Status:
    """Answers the page from memory; it is made anew once a monitor has changed, and every 15 s while asked for."""

    def __init__(self, runner: Runner, answers: Answers, clock: Clock, feed: Feed | None) -> None:
        self._runner = runner
        self._answers = answers
        self._clock = clock
        self._stale = True
        self._made_at = self._took = 0.0
        self._body, self._etag = b"", ""
        if feed is not None:
            feed.listen(self._hear)

    def _hear(self, changes: Sequence[object]) -> None:
        self._stale = self._stale or any(isinstance(change, MonitorChanged) for change in changes)

    async def status(self, request: web.Request) -> web.Response:
        """Answer the page, 304 when the client has it, 404 while no monitor is public."""
        try:
            await self._refresh()
        except Busy as busy:
            if not self._body:
                return self._answers.error(of_error(busy))
        if not self._body:
            return self._answers.error(of_error(NotFound("No monitor is public.")))
        headers = {**_HEADERS, "ETag": self._etag}
        if request.headers.get("If-None-Match") == self._etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._body, content_type="text/html", charset="utf-8", headers=headers)

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        age = now - self._made_at
        if self._etag and age < (self._took * SHARE if self._stale else FRESH_S):
            return
        self._stale, self._made_at = False, now
        found = await self._runner.read(status_page, None)
        self._body = _template().render(**described(found), style=_STYLE).encode() if found.components else b""
        self._etag = f'"{sha256(self._body).hexdigest()[:20]}"'
        self._took = self._clock.monotonic() - now


def described(page: StatusPage) -> dict[str, Any]:
    """Return what the template shows."""
    states, zone = [one.health for one in page.components], ZoneInfo(page.timezone)
    return {
        "sentence": sentence(states),
        "overall": worst(states),
        # To the minute: what has not changed keeps its ETag for as long.
        "as_of": _moment(page.at // 60_000 * 60_000, zone),
        "days": DAYS,
        "groups": [
            (group, [_component(one, zone) for one in members])
            for group, members in groupby(page.components, key=lambda one: one.group)
        ],
        "incidents": [
            {
                "day": _day(one.began_at, zone),
                "moment": _moment(one.began_at, zone),
                "name": one.name,
                "did": did(one.kind),
                "lasted": _lasted((page.at if one.closed_at is None else one.closed_at) - one.began_at),
                "open": one.closed_at is None,
            }
            for one in page.incidents
        ],
    }


def _component(one: Component, zone: ZoneInfo) -> dict[str, Any]:
    bars = [(number * _STEP, day, since) for number, (since, _, day) in enumerate(one.past.days)]
    troubled = [bar for bar in bars if bar[1].incidents]
    return {
        "name": one.name,
        "health": one.health,
        "word": WORDS[one.health],
        "share": percent(one.past.total.share),
        "well": "".join(f"M{x} 6h3v22h-3z" for x, day, _ in bars if not day.incidents and day.known_ms),
        "unknown": "".join(f"M{x} 24h3v4h-3z" for x, day, _ in bars if not day.incidents and not day.known_ms),
        "troubled": [(x, _high(day), f"{_day(since, zone)}: {_told(day)}") for x, day, since in troubled],
        "summary": f"{percent(one.past.total.share)} up in {DAYS} days, trouble on {len(troubled)} of them",
    }


def _high(day: Uptime) -> int:
    """Return how much of a bar is down: at least a notch that can be seen."""
    return max(5, round(_HIGH * (1 - (day.share if day.share is not None else 1))))


def _told(day: Uptime) -> str:
    plural = "" if day.incidents == 1 else "s"
    return f"{day.incidents} incident{plural}, {_lasted(day.down_ms)} down"


def _lasted(ms: int) -> str:
    minutes = max(1, round(ms / 60_000))
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"
    return (f"{hours} h {rest} min" if rest else f"{hours} h") if hours else f"{minutes} min"


def _day(at: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at / 1000, zone)
    return f"{local.day} {local:%b %Y}"


def _moment(at: int, zone: ZoneInfo) -> dict[str, str]:
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return {"iso": local.isoformat(), "text": f"{local.day} {local:%b %Y %H:%M %Z}"}
