"""HTTP requests that a program served or made."""

from typing import NamedTuple

SLOW_MS = 1000
"""A request that takes longer is slow (contract.md 3)."""


class HttpRequest(NamedTuple):
    """One HTTP request as reported.

    `at` is the client's instant, `status_code` 0 for a call that got no answer, sizes are in bytes; `path` is masked
    already.
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

    @property
    def direction(self) -> str:
        """The word of the wire: inbound or outbound."""
        return "outbound" if self.outbound else "inbound"
