"""Which web pages may send to us from a browser: the origins of the settings, none by default."""

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

    def _allowed(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin")
        if origin is not None and ("*" in self._origins or origin.lower() in self._origins):
            return origin
        return None
