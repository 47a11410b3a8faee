"""Which web pages may send to us from a browser: the origins of the settings, none by default."""

from collections.abc import Awaitable, Callable, Collection

from aiohttp import web

from seestackd.web.auth import HEADERS

_ALLOWED_HEADERS = ", ".join(
    (
        "content-type",
        "content-encoding",
        *(name.lower() for name in HEADERS),
        "idempotency-key",
        "traceparent",
        "baggage",
    )
)
_MAX_AGE_S = 600
_MANAGING_HEADERS = "authorization, content-type, content-encoding, if-match"
_READABLE = "ETag, Location, Retry-After"

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Cors:
    """Answers preflights, and marks answers as readable for allowed origins; `*` allows all."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    @property
    def used(self) -> bool:
        """Whether any page may send to us."""
        return bool(self._origins)

    def allow(self, request: web.Request, response: web.Response) -> web.Response:
        """Add the header that lets the page read the response, when its origin is allowed."""
        if self._origins:
            response.headers["Vary"] = "Origin"
            origin = self._allowed(request)
            if origin is not None:
                response.headers["Access-Control-Allow-Origin"] = origin
        return response

    def preflight(self, request: web.Request) -> web.Response:
        """Answer OPTIONS; without an allowed origin it says nothing that a browser could take for a yes."""
        response = web.Response(status=204, headers={"Allow": "POST", "Server": "seestackd"})
        if self._allowed(request) is not None:
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(_MAX_AGE_S)
        return self.allow(request, response)

    def managing(self, handler: Handler) -> Handler:
        """Return a handler of the management API whose answers, good and bad, the page may read with their ETag."""

        async def answer(request: web.Request) -> web.Response:
            response = self.allow(request, await handler(request))
            if self._allowed(request) is not None:
                response.headers["Access-Control-Expose-Headers"] = _READABLE
            return response

        return answer if self._origins else handler

    def managing_preflight(self, methods: Collection[str]) -> Handler:
        """Return what answers OPTIONS of a path of the management API that takes these methods."""

        async def answer(request: web.Request) -> web.Response:
            response = self.preflight(request)
            response.headers["Allow"] = ", ".join(methods)
            if self._allowed(request) is not None:
                response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
                response.headers["Access-Control-Allow-Headers"] = _MANAGING_HEADERS
            return response

        return answer

    def _allowed(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin")
        if origin is not None and ("*" in self._origins or origin.lower() in self._origins):
            return origin
        return None
