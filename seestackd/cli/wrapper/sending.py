"""One report, one request."""

import http.client
from urllib.parse import urlsplit

from seestackd import __version__
from seestackd.cli.wrapper.reports import NoTarget, Report, Target

_HEADERS = {
    "User-Agent": f"seestackd/{__version__}",
    "Content-Type": "application/octet-stream",
    "Connection": "close",
}
_TRANSIENT = frozenset({408, 425, 429})
_MAX_REASON = 300


class Unreachable(Exception):
    """The report did not arrive; it may later."""


class Refused(Exception):
    """The daemon does not want the report, now or later."""


def send(target: Target, report: Report, sent_at: int, timeout_s: float) -> None:
    """Send the report; `timeout_s` is for each step. Raises Unreachable or Refused, never naming the key."""
    try:
        key = target.key()
    except NoTarget as error:
        raise Unreachable(str(error)) from None
    try:
        status, reason = _exchange(target.url, report.path(key, sent_at), report.output, timeout_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(getattr(error, "strerror", None) or str(error) or type(error).__name__) from None
    if 200 <= status < 300:
        return
    if status >= 500 or status in _TRANSIENT:
        raise Unreachable(f"it answers {status}")
    raise Refused(_explained(status, reason.replace(key, "..."), report.slug))


def _exchange(url: str, path: str, body: bytes, timeout_s: float) -> tuple[int, str]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request("POST", parts.path + path, body, _HEADERS)
        answer = connection.getresponse()
        plain = answer.headers.get_content_type() == "text/plain"
        return answer.status, answer.read(_MAX_REASON).decode("utf-8", "replace") if plain else ""
    finally:
        connection.close()


def _explained(status: int, reason: str, slug: str) -> str:
    if status == 404:
        return (
            f"no monitor {slug} is known under this key (404); add it with: seestackd monitor add {slug},"
            " or run once with --create; is the key one of scope ping?"
        )
    said = "".join(character for character in reason.strip() if character.isprintable())
    return f"the daemon refuses it ({status}){': ' + said if said else '; is the URL the daemon?'}"
