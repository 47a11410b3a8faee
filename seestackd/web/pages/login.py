"""Logging in and out, and how a visitor likes to see things."""

import asyncio
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from seestackd.core.keys import digest
from seestackd.core.passwords import matches
from seestackd.errors import TooMany
from seestackd.operations import logins
from seestackd.web.pages.gate import KEYS, SECRET_BYTES, THEME, THEMES, TIME_ZONES, TIMES
from seestackd.web.pages.page import Visit
from seestackd.web.pages.site import Site

MAX_TRIES = 5
SPAN_S = 60.0
MAX_ADDRESSES = 10_000
_YEAR_S = 365 * 86_400


class Attempts:
    """Counts tries at the password, of all together and of each address; at most five of either within a minute."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str | None, list[float]] = OrderedDict()

    def check(self, source: str | None, now: float) -> None:
        """Count one try at `now` (seconds). Raises TooMany, and then it does not count."""
        names = (None, source or "?")
        recent = {name: [at for at in self._tries.get(name, ()) if now - at < SPAN_S] for name in names}
        full = [tries for tries in recent.values() if len(tries) >= MAX_TRIES]
        if full:
            wait = max(1, round(SPAN_S - (now - min(tries[0] for tries in full))))
            raise TooMany(f"Too many tries; wait {wait} s, then try again", retry_after=wait)
        for name, tries in recent.items():
            self._tries[name] = [*tries, now]
            self._tries.move_to_end(name)
        while len(self._tries) > MAX_ADDRESSES:
            self._tries.popitem(last=False)


class Login:
    """Takes passwords; one hash at a time, on a thread of its own, as each costs 16 MiB."""

    def __init__(self) -> None:
        self._attempts = Attempts()
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="password")

    async def form(self, site: Site, visit: Visit) -> web.StreamResponse:
        if visit.user is not None and visit.frame.password_set:
            return site.back(visit, _within(visit.query("next")))
        return await site.show(visit, "login.html", next=visit.query("next"), wrong="", status=200)

    async def log_in(self, site: Site, visit: Visit) -> web.StreamResponse:
        target, password = visit.text("next"), (visit.form.get("password") or [""])[0]
        try:
            self._attempts.check(visit.source, site.now() / 1000)
        except TooMany as error:
            answer = await site.show(visit, "login.html", next=target, wrong=error.message, status=429)
            answer.headers["Retry-After"] = str(error.retry_after)
            return answer
        stored = await site.runner.read(logins.password, None)
        loop = asyncio.get_running_loop()
        if stored is None or not await loop.run_in_executor(self._hashing, matches, password, stored):
            return await site.show(visit, "login.html", next=target, wrong="This is not the password", status=401)
        token = secrets.token_urlsafe(SECRET_BYTES)
        before = visit.frame.session
        visit.user = "admin"
        command = logins.LogIn(digest(token), visit.source, before.hash if before is not None else None)
        await site.change(visit, "login", "dashboard", logins.log_in, command)
        answer = site.back(visit, _within(target))
        name, attributes = site.gate.session_cookie(visit.request)
        answer.set_cookie(name, token, max_age=logins.LASTS_MS // 1000, **attributes)  # type: ignore[arg-type]
        return answer

    def close(self) -> None:
        """End the thread."""
        self._hashing.shutdown(wait=True)


async def log_out(site: Site, visit: Visit) -> web.StreamResponse:
    if visit.frame.session is not None:
        await site.change(visit, "logout", "dashboard", logins.log_out, visit.frame.session.hash)
    answer = site.back(visit, "/login")
    name, attributes = site.gate.session_cookie(visit.request)
    answer.set_cookie(name, "", max_age=0, **attributes)  # type: ignore[arg-type]
    return answer


async def prefer(site: Site, visit: Visit) -> web.StreamResponse:
    """Keep theme, zone of times and keys in cookies; nothing is stored here."""
    answer = site.back(visit, _within(visit.text("next")))
    for cookie, field, known in (
        (THEME, "theme", THEMES),
        (TIMES, "times", TIME_ZONES),
        (KEYS, "keys", ("on", "off")),
    ):
        if visit.text(field) in known:
            answer.set_cookie(cookie, visit.text(field), max_age=_YEAR_S, path="/", samesite="Lax", httponly=True)
    return answer


def _within(path: str) -> str:
    """Return a path of ours to go to, and the first page for anything else."""
    sound = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if sound and not path.startswith("/login") else "/"
