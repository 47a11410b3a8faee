"""How a request becomes a row of `http_requests` and a row a request (m006_telemetry.py tells the form)."""

import re
from typing import Any

from seestackd.core.telemetry import MAX_COUNTED_MS, SLOW_MS, HttpRequest

MINUTE = "(({0} - 59999 * ({0} < 0)) / 60000)"
"""The minute of an instant, rounded down also before 1970."""

HOUR = "(({0} - 3599999 * ({0} < 0)) / 3600000)"

ROW = (
    "r.id, r.at, r.trace_id, e.outbound, coalesce(r.method, e.method), coalesce(r.host, e.host),"
    " coalesce(r.path, e.path), r.status_code, r.duration_ms, r.request_size, r.response_size, r.user_id,"
    " r.error_fingerprint, r.span_id, r.parent_span_id"
)
"""What `request_of` reads, of `http_requests r` and `request_endpoints e`."""

SIZE = (
    "75 + (length(CAST(r.trace_id AS BLOB))"
    + "".join(
        f" + coalesce(length(CAST(r.{name} AS BLOB)), 0)"
        for name in ("span_id", "parent_span_id", "user_id", "error_fingerprint", "method", "host", "path")
    )
    + ") * 5 / 4"
)
"""About how many bytes a request `r` takes with its indexes, pages not being full; m010_spans.py has the same."""

_CLASSES = {
    "requests": "1",
    "ok": "r.status_code BETWEEN 1 AND 299",
    "redirected": "r.status_code BETWEEN 300 AND 399",
    "client_errors": "r.status_code BETWEEN 400 AND 499",
    "server_errors": "r.status_code >= 500",
    "silent": "r.status_code = 0",
    "slow": f"r.duration_ms > {SLOW_MS}",
    "duration_ms": f"min(r.duration_ms, {MAX_COUNTED_MS})",
    "request_bytes": "r.request_size",
    "response_bytes": "r.response_size",
}
COUNTED = tuple(_CLASSES)
"""The columns of a tally, in the order of core.telemetry.Tally."""

EACH = ", ".join(f"{value} AS {name}" for name, value in _CLASSES.items())
"""What one request `r` counts."""

# Floats: sums of what adversaries send must not overflow.
SUMS = ", ".join(f"{'total' if name.endswith(('_ms', '_bytes')) else 'sum'}({name})" for name in COUNTED)

STATUS = {
    0: "r.status_code = 0", 2: _CLASSES["ok"], 3: _CLASSES["redirected"], 4: _CLASSES["client_errors"],
    5: _CLASSES["server_errors"],
}  # fmt: skip
STATUS_COLUMN = {0: "silent", 2: "ok", 3: "redirected", 4: "client_errors", 5: "server_errors"}


def _bucket() -> str:
    """Write core.telemetry.bucket_of in SQL."""
    shifts = range(1, MAX_COUNTED_MS.bit_length() - 6)
    cases = [
        "WHEN r.duration_ms < 64 THEN r.duration_ms",
        *(f"WHEN r.duration_ms < {64 << shift} THEN {shift << 5} + (r.duration_ms >> {shift})" for shift in shifts),
    ]
    last = MAX_COUNTED_MS.bit_length() - 6
    top = f"{last << 5} + (min(r.duration_ms, {MAX_COUNTED_MS}) >> {last})"
    return f"CASE {' '.join(cases)} ELSE {top} END"


BUCKET = _bucket()
"""The latency bucket of a request `r`."""

_HEX = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_DASHED = b"\x01"


def packed(trace_id: str) -> str | bytes:
    """Return a trace id as it is stored."""
    if len(trace_id) == 32 and _HEX.fullmatch(trace_id):
        return bytes.fromhex(trace_id)
    if len(trace_id) == 36 and _UUID.fullmatch(trace_id):
        return _DASHED + bytes.fromhex(trace_id.replace("-", ""))
    return trace_id


def unpacked(stored: str | bytes) -> str:
    """Return a trace id as it was sent."""
    if isinstance(stored, str):
        return stored
    text = stored[-16:].hex()
    if len(stored) == 16:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def packed_span(span_id: str | None) -> str | bytes | None:
    """Return a span id as it is stored."""
    return bytes.fromhex(span_id) if span_id and len(span_id) == 16 and _SPAN.fullmatch(span_id) else span_id


def _span(stored: str | bytes | None) -> str | None:
    return stored.hex() if isinstance(stored, bytes) else stored


def request_of(row: tuple[Any, ...]) -> tuple[int, HttpRequest]:
    """Return the id and the request of a ROW."""
    (
        row_id,
        at,
        trace_id,
        outbound,
        method,
        host,
        path,
        status,
        duration,
        asked,
        answered,
        user,
        fingerprint,
        span,
        parent,
    ) = row
    return row_id, HttpRequest(
        at, unpacked(trace_id), bool(outbound), method, host, path, status, duration, asked, answered,
        duration > SLOW_MS, user, fingerprint, _span(span), _span(parent),
    )  # fmt: skip
