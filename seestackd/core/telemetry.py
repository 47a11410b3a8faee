"""HTTP requests that a program served or made: one of them, where it went, and sums over many."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from seestackd.core.erasure import ID, spellings

SLOW_MS = 1000
"""A request that takes longer is slow (contract.md 3)."""

MAX_GROUPED = 200
"""So long may the grouped form of a path be; the rest of a longer one is cut off."""

_MAX_READ = 1_000  # what lies behind it changes no group, and what is remembered stays small

_ID = re.compile(
    r"(?<=/)(?:[0-9]+"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|(?=[A-Fa-f]*[0-9])[0-9a-fA-F]{8,}"
    r"|(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[0-9A-Za-z]{20,})(?=/|$)"
)
_DIGIT = re.compile(r"[0-9]")
_END = re.compile(r"[?#]")


class HttpRequest(NamedTuple):
    """One HTTP request as reported.

    `at` is the client's instant, `status_code` 0 for a call that got no answer, sizes are in bytes; `path` is masked
    already. `parent_span_id` names the request of the trace within which this one was made.
    """

    at: int
    trace_id: str
    outbound: bool
    method: str
    host: str
    path: str
    status_code: int
    duration_ms: int
    request_size: int
    response_size: int
    is_slow: bool
    user_id: str | None
    error_fingerprint: str | None
    span_id: str | None = None
    parent_span_id: str | None = None

    @property
    def direction(self) -> str:
        """The word of the wire: inbound or outbound."""
        return "outbound" if self.outbound else "inbound"


class Endpoint(NamedTuple):
    """Where requests go: `path` has `:id` for each number, UUID and hash."""

    outbound: bool
    method: str
    host: str
    path: str


class Tally(NamedTuple):
    """Sums over requests, by the class of their status code; `silent` ones got no answer (code 0).

    1xx counts as 2xx, and whatever is above 599 as 5xx. Durations are summed in milliseconds, sizes in bytes.
    """

    requests: int = 0
    ok: int = 0
    redirected: int = 0
    client_errors: int = 0
    server_errors: int = 0
    silent: int = 0
    slow: int = 0
    duration_ms: float = 0
    request_bytes: float = 0
    response_bytes: float = 0

    @property
    def errors(self) -> int:
        """How many had a status code of 400 or more (contract.md 6.2)."""
        return self.client_errors + self.server_errors

    @property
    def failures(self) -> int:
        """How many failed at the other side: 5xx, or no answer at all."""
        return self.server_errors + self.silent


class OfRun(NamedTuple):
    """The HTTP requests of one run: `failed` had a status code of 400 or more, or no answer.

    `slowest` and `first_error` are one of them each.
    """

    requests: int
    failed: int
    slowest: HttpRequest | None = None
    first_error: HttpRequest | None = None


def of_run(requests: Iterable[HttpRequest]) -> OfRun:
    """Return what is to be said of the requests that carry a run's trace, oldest first."""
    found = list(requests)
    failed = [request for request in found if request.status_code == 0 or request.status_code >= 400]
    slowest = max(found, key=lambda request: request.duration_ms, default=None)
    return OfRun(len(found), len(failed), slowest, failed[0] if failed else None)


def total(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    sums = [sum(column) for column in zip(*tallies, strict=True)]
    return Tally(*sums) if sums else Tally()


def percent(part: int, whole: int) -> float:
    """Return a share in percent with two decimals; 0 of nothing (contract.md 6.2)."""
    return round(100 * part / whole, 2) if whole else 0.0


def grouped(path: str, user_id: str | None = None) -> str:
    """Return the path without query and fragment; numbers, UUIDs, hashes and the user's id are written `:id`.

    A hash is hexadecimal, at least 8 long, or a mix of letters and digits of at least 20.
    """
    path = path[:_MAX_READ]
    if user_id and (user_id in path or "%" in path):
        names = spellings(user_id)
        path = "/".join([ID if part in names else part for part in _END.split(path, 1)[0].split("/")])
    return _grouped(path)


@lru_cache(maxsize=16_384)
def _grouped(path: str) -> str:
    end = _END.search(path)
    if end:
        path = path[: end.start()]
    if _DIGIT.search(path):
        path = _ID.sub(":id", path)
    return path if len(path) <= MAX_GROUPED else path[:MAX_GROUPED] + "…"


# Latencies are counted in buckets: each millisecond has its own below 64, then every power of two has 32 of them.
_EXACT = 64
_BITS = 6
MAX_COUNTED_MS = 2**32
"""Longer ones (49 days) are counted as this long."""

LATENCY_ERROR = 1 / 64
"""The most by which a percentile that is read from buckets differs, as a share of it."""


def bucket_of(duration_ms: int) -> int:
    """Return the number of the latency bucket of a duration of at least 0 ms."""
    clamped = min(duration_ms, MAX_COUNTED_MS)
    shift = max(0, clamped.bit_length() - _BITS)
    return (shift << (_BITS - 1)) + (clamped >> shift)


def middle_of(bucket: int) -> int:
    """Return the duration (ms) that stands for all of a bucket: itself below 64 ms, else the middle."""
    if bucket < _EXACT:
        return bucket
    shift = (bucket >> (_BITS - 1)) - 1
    least = (bucket - (shift << (_BITS - 1))) << shift
    return least + (1 << shift) // 2


Latencies = Mapping[int, int]
"""How many requests there are per latency bucket."""


def percentile(latencies: Latencies, share: float) -> int:
    """Return the duration (ms) that a share (0-1) of the requests does not exceed, within LATENCY_ERROR; 0 of none."""
    wanted = max(1, -int(-share * sum(latencies.values()) // 1))
    seen = 0
    for bucket in sorted(latencies):
        seen += latencies[bucket]
        if seen >= wanted:
            return middle_of(bucket)
    return 0


def merged(many: Iterable[Latencies]) -> dict[int, int]:
    """Add counts of latencies up."""
    sums: dict[int, int] = {}
    for latencies in many:
        for bucket, count in latencies.items():
            sums[bucket] = sums.get(bucket, 0) + count
    return sums
