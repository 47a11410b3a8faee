"""A request that is answered with an error, for parts that do without the HTTP library."""

from collections.abc import Mapping
from http import HTTPStatus

VALIDATION_FAILED = "Validation failed"

# What the HTTP library refuses on its own account, and what we say instead of its texts.
_STATUSES: dict[int, tuple[str, str]] = {
    400: ("BAD_REQUEST", "The request is not valid HTTP"),
    404: ("NOT_FOUND", "Nothing is served under this path"),
    405: ("METHOD_NOT_ALLOWED", "This method is not allowed here"),
    408: ("REQUEST_TIMEOUT", "The request did not arrive in time"),
    413: ("PAYLOAD_TOO_LARGE", "The request body is too large"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json, plain or with Content-Encoding gzip"),
    417: ("EXPECTATION_FAILED", "Only Expect: 100-continue is understood"),
    500: ("INTERNAL_ERROR", "Something went wrong on our side"),
}


class Refusal(Exception):
    """A request answered with an error. `details` maps field paths to messages; `closes` ends the connection."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
        self.headers = headers or {}
        self.closes = closes


def of_status(status: int, *, headers: Mapping[str, str] | None = None, closes: bool = False) -> Refusal:
    """Return the refusal that a bare HTTP status stands for."""
    code, message = _STATUSES.get(status) or (HTTPStatus(status).name, HTTPStatus(status).phrase)
    return Refusal(status, code, message, headers=headers, closes=closes)
