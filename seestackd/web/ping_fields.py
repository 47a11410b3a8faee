"""What a ping says besides its body: one schema for the query and the headers of a ping URL (semantics.md 3)."""

import re
from collections.abc import Mapping

from typing_extensions import TypedDict

from seestackd.core.output import harmless, said
from seestackd.errors import Invalid
from seestackd.web.wire import INT64_MAX, MAX_IDEMPOTENCY_KEY

_MAX_NAME = 255  # of a host or trace: longer ones are cut, a ping is worth more than its ornaments
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class PingFields(TypedDict):
    """Fields of `operations.pings.RecordPing`."""

    rid: str | None
    message: str | None
    host: str | None
    trace_id: str | None
    key: str | None
    duration_ms: int | None
    own_at: int | None
    sent_at: int | None


def fields_of(query: Mapping[str, str], headers: Mapping[str, str]) -> PingFields:
    """Read `rid`, `durationMs`, `message`, `eventId`, `at`, `sentAt`, `host`, `traceId` and their headers.

    An empty parameter counts as none, unknown ones are ignored. Raises Invalid naming the parameter.
    """
    message = query.get("message")
    return PingFields(
        rid=_rid(query.get("rid")),
        message=said(message) if message else None,
        host=_name(query.get("host")),
        trace_id=_name(query.get("traceId")) or trace_of(headers),
        key=_key(query.get("eventId"), "eventId") or _key(headers.get("Idempotency-Key"), "Idempotency-Key"),
        duration_ms=_number(query.get("durationMs"), "durationMs", "milliseconds, for example durationMs=1200"),
        own_at=_number(query.get("at"), "at", "milliseconds since 1970, for example at=1775000000000"),
        sent_at=_number(query.get("sentAt"), "sentAt", "milliseconds since 1970, for example sentAt=1775000000000"),
    )


def _rid(text: str | None) -> str | None:
    if not text:
        return None
    if not _UUID.fullmatch(text.lower()):
        example = "rid=728b3763-5b88-4d5f-8a3c-6c6f0f1b6f53"
        raise Invalid(f"not a UUID; name each run by one of its own, for example {example}", field="rid")
    return text.lower()


def _number(text: str | None, field: str, what: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > INT64_MAX:
        raise Invalid(f"not a whole number of {what}", field=field)
    return int(text)


def _key(text: str | None, field: str) -> str | None:
    if not text:
        return None
    key = harmless(text)
    if len(key.encode()) > MAX_IDEMPOTENCY_KEY:
        raise Invalid(f"at most {MAX_IDEMPOTENCY_KEY} bytes", field=field)
    return key


def _name(text: str | None) -> str | None:
    return harmless(text)[:_MAX_NAME] if text else None


def trace_of(headers: Mapping[str, str]) -> str | None:
    """Return the trace of a W3C `traceparent` header; one that is not valid is ignored, as its standard asks."""
    header = headers.get("traceparent", "").strip()
    found = _TRACEPARENT.fullmatch(header)
    # Version 00 ends there; later ones may go on.
    return found[1] if found and not (found[2] and header.startswith("00")) else None
