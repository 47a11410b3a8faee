"""Tells open pages what has changed: one stream of server-sent events per page, at most one message a second each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from seestackd.core.events import (
    AlertSettled,
    AlertsQueued,
    IncidentChanged,
    KeysChanged,
    MonitorChanged,
    MonitorHeard,
    RequestsStored,
)
from seestackd.errors import Busy
from seestackd.feed import Feed
from seestackd.web.errors import Refusal
from seestackd.web.pages.answers import dressed
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

log = logging.getLogger(__name__)

MAX_STREAMS = 1_000
KEEPALIVE_S = 15.0
FIRST_AFTER_S = 0.1
EVERY_S = 1.0
# Sums of requests are dearer than rows of a list.
REQUESTS_EVERY_S = 5.0
_HELLO = b"retry: 3000\n: this page is live\n\n"
_ALIVE = b": still here\n\n"
_WAITING = 8
_NEWS = (AlertsQueued, AlertSettled, IncidentChanged, KeysChanged)
# Of monitors that merely reported so many are shown a second; what changed its status is always shown.
_HEARD_AT_ONCE = 40

Look = tuple[int, str, str, str | None]
"""What rows look alike for: project, sub-path, way to show times, zone of the browser."""

Rows = Callable[[Visit, Iterable[int]], Awaitable[str]]


@dataclass(eq=False)
class Stream:
    """One open page. `rows` wants the rows of the list, `slug` news of one monitor."""

    visit: Visit
    rows: bool
    monitor_id: int | None
    queue: "asyncio.Queue[bytes | None]" = field(default_factory=lambda: asyncio.Queue(_WAITING))

    @property
    def look(self) -> Look:
        visit = self.visit
        return visit.project_id, visit.prefix, visit.times, visit.browser_zone if visit.times == "browser" else None

    def send(self, message: bytes | None) -> None:
        """Queue a message; a page that takes none hears of it with the next one."""
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(message)


class Live:
    """Every open page, and what changed since they were told last.

    Events: `monitors` when a monitor of the project has changed, `incidents` when an alert was written or settled or
    somebody did something, `monitor` for the page of one monitor, `requests` when HTTP requests of the project came,
    `rows` with the HTML of list rows, made by `rows` once for all pages alike.
    """

    def __init__(self, feed: Feed, rows: Rows) -> None:
        self._rows = rows
        self._streams: set[Stream] = set()
        self._changed: dict[int, int] = {}
        self._heard: dict[int, int] = {}
        self._requests: set[int] = set()
        self._requests_told = 0.0
        self._alerts = False
        self._telling: asyncio.Task[None] | None = None
        self._closed = False
        self._stop_listening = feed.listen(self._hear)

    async def stream(self, site: Site, visit: Visit) -> web.StreamResponse:
        """Answer `/live`."""
        if self._closed or len(self._streams) >= MAX_STREAMS:
            raise Refusal(503, "UNAVAILABLE", "Too many pages are open; this one asks again now and then")
        watched = visit.query("monitor")
        stream = Stream(visit, visit.query("rows") == "1", int(watched) if watched.isdecimal() else None)
        response = dressed(web.StreamResponse())
        response.headers["Content-Type"] = "text/event-stream; charset=utf-8"
        response.headers["X-Accel-Buffering"] = "no"
        await response.prepare(visit.request)
        self._streams.add(stream)
        try:
            await response.write(_HELLO)
            await self._pass_on(stream, response)
        except ConnectionError:
            pass
        finally:
            self._streams.discard(stream)
        return response

    def note(self) -> None:
        """Tell pages that somebody did something that they may show."""
        self._alerts = True
        self._begin()

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._stop_listening()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])
        for stream in self._streams:
            stream.send(None)

    async def _pass_on(self, stream: Stream, response: web.StreamResponse) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEPALIVE_S):
                    message = await stream.queue.get()
            except TimeoutError:
                message = _ALIVE
            if message is None or stream.visit.request.transport is None:
                return
            await response.write(message)

    def _hear(self, changes: Sequence[object]) -> None:
        if not self._streams:
            return
        for change in changes:
            if isinstance(change, MonitorChanged):
                self._changed[change.monitor_id] = change.project_id
            elif isinstance(change, MonitorHeard):
                self._heard[change.monitor_id] = change.project_id
            elif isinstance(change, RequestsStored):
                self._requests.add(change.project_id)
            elif isinstance(change, _NEWS):
                self._alerts = True
        self._begin()

    def _begin(self) -> None:
        if self._telling is None and self._has_news():
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    def _has_news(self) -> bool:
        return bool(self._changed or self._heard or self._alerts or self._requests)

    async def _tell(self) -> None:
        try:
            await asyncio.sleep(FIRST_AFTER_S)
            while self._streams and self._has_news():
                changed, alerts = self._changed, self._alerts
                heard = [monitor for monitor in self._heard if monitor not in changed][:_HEARD_AT_ONCE]
                told = changed | {monitor: self._heard[monitor] for monitor in heard}
                for monitor in told:
                    self._heard.pop(monitor, None)
                self._changed, self._alerts = {}, False
                await self._tell_all(told, alerts or bool(changed), self._due_requests())
                await asyncio.sleep(EVERY_S - FIRST_AFTER_S)
        except Busy:
            log.warning("open pages could not be told of changes")
        finally:
            self._telling = None

    def _due_requests(self) -> set[int]:
        """Return the projects whose requests pages hear of now."""
        now = asyncio.get_running_loop().time()
        if not self._requests or now - self._requests_told < REQUESTS_EVERY_S:
            return set()
        found, self._requests, self._requests_told = self._requests, set(), now
        return found

    async def _tell_all(self, changed: dict[int, int], alerts: bool, requests: set[int]) -> None:
        made: dict[Look, bytes] = {}
        for stream in tuple(self._streams):
            own = [monitor for monitor, project in changed.items() if project == stream.visit.project_id]
            message = b""
            if own and stream.rows:
                if stream.look not in made:
                    made[stream.look] = event("rows", await self._rows(stream.visit, own))
                message += made[stream.look]
            if stream.monitor_id in own:
                message += event("monitor")
            if own:
                message += event("monitors")
            if alerts:
                message += event("incidents")
            if stream.visit.project_id in requests:
                message += event("requests")
            if message:
                stream.send(message)


def event(name: str, text: str = "") -> bytes:
    """Write one server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{lines}\n".encode("utf-8", "replace")
