"""What goes wrong, as an HTTP answer: a table of kinds, and the two response families of contract.md 1.1."""

import json
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from seestackd.clock import Clock
from seestackd.core.instants import iso
from seestackd.errors import Busy, Conflict, Forbidden, Invalid, NotFound, SeestackdError, TooMany
from seestackd.web.refusal import VALIDATION_FAILED as VALIDATION_FAILED
from seestackd.web.refusal import Refusal as Refusal
from seestackd.web.refusal import of_status as of_status

_KINDS: dict[type[SeestackdError], tuple[int, str]] = {
    Invalid: (422, "VALIDATION_ERROR"),
    NotFound: (404, "NOT_FOUND"),
    Conflict: (409, "CONFLICT"),
    Forbidden: (403, "FORBIDDEN"),
    TooMany: (429, "RATE_LIMITED"),
    Busy: (503, "UNAVAILABLE"),
}
_KEPT_HEADERS = ("Allow", "Retry-After")
_JSON = CIMultiDict({"Content-Type": "application/json", "Server": "seestackd"})


def of_error(error: SeestackdError) -> Refusal:
    """Return the refusal for an error of an operation."""
    status, code = _KINDS.get(type(error), (500, "INTERNAL_ERROR"))
    details = {error.field: error.message} if isinstance(error, Invalid) and error.field else {}
    wait = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy | TooMany) else {}
    return Refusal(status, code, VALIDATION_FAILED if details else error.message, details=details, headers=wait)


def answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a response with a ready JSON body."""
    own = _JSON.copy()
    if headers:
        own.update(headers)
    return web.Response(status=status, body=body, headers=own)


class Answers:
    """Writes the bodies of both families; knows the clock, for `meta`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def success(self, status: int, data: Any) -> web.Response:
        """Return data in the envelope family."""
        return self._envelope(status, {"success": True, "data": data})

    def wrapped(self, status: int, data: bytes | None, headers: Mapping[str, str]) -> web.Response:
        """Return data that is JSON already, or none, in the envelope family."""
        member = b"" if data is None else b'"data":' + data + b","
        return answer(status, b'{"success":true,' + member + b'"meta":' + _encode(self._meta()) + b"}", headers)

    def error(self, refusal: Refusal, *, raw: bool = False) -> web.Response:
        """Return an error: in the raw family when asked to, unless it has details to tell or is about the key."""
        if raw and not refusal.details and refusal.status != HTTPStatus.UNAUTHORIZED:
            body = {"ok": False, "code": refusal.code, "message": refusal.message}
            response = answer(refusal.status, _encode(body), refusal.headers)
        else:
            error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
            if refusal.details:
                error["details"] = dict(refusal.details)
            response = self._envelope(refusal.status, {"success": False, "error": error}, refusal.headers)
        if refusal.closes:
            response.force_close()
        return response

    def in_place_of(self, theirs: web.HTTPException) -> web.Response:
        """Return our answer where the HTTP library raised one of its own."""
        kept = {name: theirs.headers[name] for name in _KEPT_HEADERS if name in theirs.headers}
        return self.error(of_status(theirs.status, headers=kept))

    def _envelope(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
        return answer(status, _encode({**body, "meta": self._meta()}), headers)

    def _meta(self) -> dict[str, str]:
        return {"requestId": str(uuid.uuid4()), "timestamp": iso(self._clock.now())}


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
