"""Hears the HTTP answers that Apprise's plugins get and keep to themselves, per thread."""

import contextlib
import errno
import functools
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any

from seestackd.delivery.public_only import NotPublic, public_connections

_HINTS = {
    400: "the service did not understand the message",
    401: "the service does not accept this login or token",
    403: "the service forbids this login or token to send here",
    404: "there is nothing at this address; was the webhook removed?",
    410: "the webhook was removed",
    413: "the message is too large for the service",
    429: "too many messages for this service",
}
_local = threading.local()


@dataclass(slots=True)
class Answer:
    """The last HTTP answer, or the error in its place."""

    status: int | None = None
    retry_after_ms: int | None = None
    error: Exception | None = None

    @property
    def redirected(self) -> bool:
        return self.status is not None and 300 <= self.status < 400

    @property
    def reason(self) -> str | None:
        """Say why it failed in words to act on; None when there was neither an answer nor an error to tell of."""
        if self.error is not None:
            return _reason(self.error)
        if self.status is None or self.status < 300:
            return None
        if self.redirected:
            return f"HTTP {self.status}: redirects are not followed; put the final address into the channel's URL"
        hint = _HINTS.get(self.status, "the service is in trouble" if self.status >= 500 else "the service refused")
        return f"HTTP {self.status}: {hint}"


@functools.cache
def watch() -> None:
    """Watch every request of this process; what is heard is kept only inside `heard`."""
    with _guessing_no_encoding():
        import requests

    send = requests.Session.send

    @functools.wraps(send)
    def watched(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        try:
            response = send(session, request, **options)
        except Exception as error:
            _keep(Answer(error=error))
            raise
        _keep(Answer(response.status_code, _retry_after_ms(response.headers)))
        return response

    requests.Session.send = watched  # type: ignore[assignment, method-assign]


@contextlib.contextmanager
def _guessing_no_encoding() -> Iterator[None]:
    """Have `requests` take an answer that names no encoding for UTF-8.

    What it would import to guess takes 4 MB, and may take seconds over an answer of somebody else's choice.
    """
    guess = ModuleType("charset_normalizer")
    vars(guess).update(__version__="3.0.0", detect=lambda data: {"encoding": "utf-8"})
    names = ("chardet", "charset_normalizer")
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update({"chardet": None, "charset_normalizer": guess})  # type: ignore[dict-item]  # None: there is none
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(before)


@contextlib.contextmanager
def heard(*, public_only: bool = False) -> Iterator[Answer]:
    """Collect the last answer of the requests that this thread makes; `public_only` refuses to connect elsewhere."""
    _local.answer = answer = Answer()
    try:
        with public_connections() if public_only else contextlib.nullcontext():
            yield answer
    finally:
        _local.answer = None


def _keep(new: Answer) -> None:
    answer: Answer | None = getattr(_local, "answer", None)
    if answer is not None:
        answer.status, answer.retry_after_ms, answer.error = new.status, new.retry_after_ms, new.error


def _retry_after_ms(headers: Any) -> int | None:
    """Read Retry-After in seconds or as a date, the latter against the answer's own Date."""
    value = headers.get("Retry-After", "").strip()
    try:
        return max(0, round(float(value) * 1000))
    except (ValueError, OverflowError):
        pass
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
        return max(0, round(wait.total_seconds() * 1000))
    except (TypeError, ValueError, OverflowError):
        return None


def _reason(error: BaseException) -> str:
    import requests

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: the certificate was not accepted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return "TLS: nothing speaks TLS at this port; is it plain HTTP?"
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {cause.reason or cause}"
        if isinstance(cause, NotPublic):
            return str(cause)
        if isinstance(cause, socket.gaierror):
            return "the host name is not known"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused: nothing listens at this address"
        if isinstance(cause, ConnectionResetError):
            return "the connection was reset"
        if isinstance(cause, OSError) and cause.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return "the host cannot be reached from here"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it was made of; urllib3 hides the cause in `reason` and requests in its arguments."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        parts = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [part for part in parts if isinstance(part, BaseException)]
