"""Heads of requests in the one shape that nearly all jobs send; whatever differs from it is read by aiohttp.

Only what cannot mean two things is taken here: one request line, every header once, each of visible ASCII.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from multidict import CIMultiDict

from seestackd.core.keys import digest
from seestackd.web.auth import HEADERS

MAX_HEAD = 4096
MAX_BODY = 64 * 1024
HEARTBEAT = "/ingest/v1/heartbeat"
STARTS = (b"POST /ingest/v1/heartbeat HTTP/1.1\r\n", b"GET /ping/", b"POST /ping/", b"HEAD /ping/")

_HEAD = re.compile(rb"(POST|GET|HEAD) (/[!-~]+) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[!-~ ]*\r\n)*)\r\n")
_PATH = re.compile(r"/[A-Za-z0-9_/-]+")
_LENGTH = re.compile(r"[0-9]{1,5}")
# With these a request asks for more than a plain answer, or says what its body is in a way of its own.
_FOREIGN = frozenset(
    {"transfer-encoding", "content-encoding", "expect", "upgrade", "origin", "sec-websocket-key", "trailer"}
)
_JSON = frozenset({None, "application/json"})
_MAX_HEADERS = 64


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a heartbeat or of a ping URL.

    `key` is the digest of the key that its headers hold, `length` that of its body.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    length: int
    closes: bool
    key: str
    is_heartbeat: bool


def begins_well(data: bytes) -> bool:
    """Tell whether the first bytes of a request may become one of those that are read here."""
    return any(data.startswith(start) or start.startswith(data) for start in STARTS) and len(data) <= MAX_HEAD


def read_head(data: bytes) -> Head | None:
    """Return the head that ends with these bytes' blank line; None when aiohttp has to read it."""
    found = _HEAD.fullmatch(data) if len(data) <= MAX_HEAD and data.startswith(STARTS) else None
    if found is None:
        return None
    method, path = found[1].decode(), found[2].decode()
    headers = _headers(found[3].decode())
    if headers is None or "host" not in headers or not _FOREIGN.isdisjoint(headers) or not _PATH.fullmatch(path):
        return None
    length, connection = headers.get("content-length", "0"), headers.get("connection", "keep-alive").lower()
    if not _LENGTH.fullmatch(length) or int(length) > MAX_BODY or connection not in ("keep-alive", "close"):
        return None
    if (method != "POST" and length != "0") or not _is_plain(path, headers):
        return None
    secret = next((headers[name.lower()] for name in HEADERS if headers.get(name.lower())), "")
    closes, is_heartbeat = connection == "close", path == HEARTBEAT
    return Head(method, path, CIMultiDict(headers), int(length), closes, digest(secret), is_heartbeat)


def _headers(block: str) -> dict[str, str] | None:
    """Return the headers by their names in small letters; None when one comes twice."""
    lines = block.split("\r\n")[:-1]
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return headers if len(headers) == len(lines) <= _MAX_HEADERS else None


def _is_plain(path: str, headers: Mapping[str, str]) -> bool:
    if not path.startswith("/ping/"):
        return headers.get("content-type") in _JSON and "idempotency-key" not in headers
    return True
