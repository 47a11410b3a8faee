"""Who may see a page: a session, a proxy that has asked for a password, or this machine while there is none."""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlsplit

from aiohttp import web

from seestackd.core.keys import digest
from seestackd.errors import NotFound
from seestackd.operations.logins import Frame, FrameOf, frame
from seestackd.runner import Runner
from seestackd.web.errors import Refusal
from seestackd.web.pages.page import Page, Visit
from seestackd.web.protocol import vouch
from seestackd.web.proxies import Proxies

SESSION = "seestackd_session"
VISITOR = "seestackd_visitor"
THEME, TIMES, ZONE, KEYS = "seestackd_theme", "seestackd_times", "seestackd_zone", "seestackd_keys"
PROJECT = "seestackd_project"
THEMES = ("system", "light", "dark")
TIME_ZONES = ("schedule", "browser", "utc")
SECRET_BYTES = 32
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")
_PAD = 16


class Elsewhere(Exception):
    """The visitor is sent to another page."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Gate:
    """Lets visitors in.

    `local_only` says that nobody but this machine can connect. `user_header` names who is logged in at a proxy, and is
    believed of the addresses `user_header_from` alone.
    """

    def __init__(
        self,
        runner: Runner,
        proxies: Proxies,
        public_url: str | None,
        *,
        local_only: bool,
        user_header: str | None,
        user_header_from: tuple[str, ...],
    ) -> None:
        self._runner = runner
        self._proxies = proxies
        self._public = urlsplit(public_url or "")
        self._local_only = local_only
        self._user_header = user_header
        self._authenticators = Proxies(user_header_from)

    @property
    def prefix(self) -> str:
        """The sub-path of the public address, empty without one."""
        return self._public.path.rstrip("/")

    async def admit(self, page: Page, request: web.Request) -> Visit:
        """Return the visit. Raises Elsewhere for whoever has to log in, Refusal for whoever must not, NotFound."""
        cookies = request.cookies
        token = cookies.get(self._session_cookie(request))
        named = request.query.get("project")
        visitor = FrameOf(digest(token) if token else None, named, cookies.get(PROJECT))
        seen = await self._runner.read(frame, visitor)
        visit = self.visit(request, seen)
        if visit.user is None and not page.open:
            self._turn_away(request, seen)
        elif visit.user is not None and seen.project is None:
            raise NotFound(f"There is no project {(named or '')[:80]}")
        if visit.user is not None:
            vouch(request)
        return visit

    def visit(self, request: web.Request, seen: Frame) -> Visit:
        """Return what is known of a request's visitor."""
        cookies = request.cookies
        token = cookies.get(self._session_cookie(request)) if seen.session is not None else None
        return Visit(
            request=request,
            frame=seen,
            user=self._user(request, seen),
            source=self._proxies.client(request),
            prefix=self._prefix(request),
            secret=token or cookies.get(VISITOR) or secrets.token_urlsafe(SECRET_BYTES),
            theme=_one_of(cookies.get(THEME), THEMES),
            times=_one_of(cookies.get(TIMES), TIME_ZONES),
            browser_zone=cookies.get(ZONE),
            keys=cookies.get(KEYS) != "off",
            project=seen.project or next(iter(seen.projects), None),
        )

    def check_origin(self, request: web.Request) -> None:
        """Raise Refusal for a change that another site's page, or no page at all, asks for."""
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            if site == "same-origin":
                return
        elif (origin := request.headers.get("Origin")) is not None:
            own = {request.host, self._public.netloc, self._forwarded(request, "X-Forwarded-Host")} - {"", None}
            if _parts(origin).netloc in own:
                return
        raise Refusal(403, "FORBIDDEN", "This did not come from a page of seestackd; open the page again and repeat")

    def is_https(self, request: web.Request) -> bool:
        """Say whether the browser speaks https with us, or with the proxy before us."""
        told = self._forwarded(request, "X-Forwarded-Proto")
        return (told or request.scheme) == "https" or (told is None and self._is_public(request, "https"))

    def session_cookie(self, request: web.Request) -> tuple[str, dict[str, object]]:
        """Return the name of the session's cookie, and its attributes."""
        secure = self.is_https(request)
        return self._session_cookie(request), {"httponly": True, "samesite": "Lax", "path": "/", "secure": secure}

    def _session_cookie(self, request: web.Request) -> str:
        return f"__Host-{SESSION}" if self.is_https(request) else SESSION

    def _user(self, request: web.Request, seen: Frame) -> str | None:
        if self._user_header and self._authenticators.trusts(request.remote):
            name = request.headers.get(self._user_header, "").strip()[:100]
            if name and name.isprintable():
                return name
        if seen.session is not None:
            return "admin"
        return "this machine" if not seen.password_set and self._is_local(request) else None

    def _is_local(self, request: web.Request) -> bool:
        """Say whether only this machine can have asked, by the name of this machine.

        Another name may be a page of elsewhere whose address was changed to ours, and a proxy speaks for anybody.
        """
        host = _parts(f"//{request.host}").hostname or ""
        forwarded = any(name in request.headers for name in _FORWARDED)
        return self._local_only and not forwarded and host in _LOCAL_NAMES

    def _turn_away(self, request: web.Request, seen: Frame) -> None:
        if not seen.password_set:
            raise Refusal(403, "NO_PASSWORD", "The dashboard has no password yet, and is open to this machine only")
        if request.method != "GET" or request.headers.get("HX-Request") or request.path.endswith("/live"):
            raise Refusal(401, "LOGIN_NEEDED", "Your session has ended; log in again")
        raise Elsewhere(f"/login?next={quote(request.rel_url.raw_path_qs, safe='')}")

    def _prefix(self, request: web.Request) -> str:
        told = self._forwarded(request, "X-Forwarded-Prefix")
        if told is not None and told.startswith("/") and not told.startswith("//") and told.isprintable():
            return quote(told.rstrip("/"), safe="/-._~%")
        return self.prefix

    def _forwarded(self, request: web.Request, name: str) -> str | None:
        if not self._proxies.trusts(request.remote):
            return None
        return request.headers.get(name, "").split(",")[0].strip() or None

    def _is_public(self, request: web.Request, scheme: str) -> bool:
        return self._public.scheme == scheme and request.host == self._public.netloc


def csrf_token(secret: str) -> str:
    """Return a token for a form; each is another, so that compressed answers do not give it away."""
    pad = secrets.token_bytes(_PAD)
    return (pad + bytes(a ^ b for a, b in zip(pad, _mark(secret), strict=True))).hex()


def csrf_holds(secret: str, token: str) -> bool:
    """Say whether a token was made for the visitor with the secret."""
    try:
        told = bytes.fromhex(token)
    except ValueError:
        return False
    if len(told) != 2 * _PAD:
        return False
    mark = bytes(a ^ b for a, b in zip(told[:_PAD], told[_PAD:], strict=True))
    return hmac.compare_digest(mark, _mark(secret))


def is_loopback(host: str) -> bool:
    """Say whether nobody but this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(url: str) -> SplitResult:
    """Split a URL that somebody has sent; one that is none, such as //[::1, has no parts."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _mark(secret: str) -> bytes:
    return hmac.digest(secret.encode("utf-8", "replace"), b"csrf", hashlib.sha256)[:_PAD]


def _one_of(value: str | None, known: tuple[str, ...]) -> str:
    return value if value in known else known[0]


def fields_of(form: Mapping[str, list[str]], name: str) -> str:
    """Return the first value of a field, empty when there is none."""
    return (form.get(name) or [""])[0]
