"""Batches of HTTP requests and of replay events (contract.md 3 and 4): checked, masked, ready for the store.

Nothing here needs the HTTP library: large batches are read in a process of their own, which holds only this.
"""

from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from seestackd.core.masking import mask_events, mask_urls
from seestackd.core.replay import ReplayBatch, ReplayEvent, pack
from seestackd.core.telemetry import SLOW_MS, HttpRequest
from seestackd.web import documents, wire
from seestackd.web.details import refusal_of

Document = TypeVar("Document")
Requests = tuple[HttpRequest, ...]

MAX_NAME = 255
"""Names of hosts, traces, spans and runs are cut at this: what they adorn is worth more than they are."""

# Writes JSON in half the time that `json` takes.
_EVENTS: TypeAdapter[Any] = TypeAdapter(list[tuple[int | None, str, str, str | None]])


class Replay(NamedTuple):
    """The events that a client sent in one go, and whose they are."""

    fingerprint: str
    session_id: str
    batch: ReplayBatch


def valid(kind: TypeAdapter[Document], body: bytes, items: tuple[str, TypeAdapter[Any]] | None = None) -> Document:
    """Return the document that a body holds; raises Refusal. `items` is as in `details.refusal_of`."""
    try:
        document = kind.validate_json(body)
    except ValidationError as error:
        raise refusal_of(error, body, items) from None
    documents.check(body)
    return document


def requests_of(body: bytes) -> Requests:
    """Return the requests that a body holds, masked; raises Refusal."""
    items = valid(wire.REQUESTS, body)["requests"]
    paths = mask_urls([item["path"] for item in items])
    return tuple(_request(item, path) for item, path in zip(items, paths, strict=True))


def replay_of(body: bytes) -> Replay:
    """Return the events that a body holds, masked and packed; raises Refusal."""
    document = valid(wire.REPLAY, body, ("events", wire.EVENT))
    items = document["events"]
    data = mask_events([item["eventData"] for item in items])
    urls = list({url for item in items if (url := item.get("url"))})
    masked: dict[str | None, str] = dict(zip(urls, mask_urls(urls), strict=True))
    events = [
        ReplayEvent(item.get("timestampMillis"), item["eventType"], text, masked.get(item.get("url"), item.get("url")))
        for item, text in zip(items, data, strict=True)
    ]
    return Replay(document["fingerprint"], document["sessionId"], pack(events, _EVENTS.dump_json))


def _request(item: wire.RequestItem, path: str) -> HttpRequest:
    return HttpRequest(
        at=item["timestamp"],
        trace_id=item["traceId"],
        outbound=item["direction"] == "outbound",
        method=item["method"].upper(),
        host=item["host"],
        path=path,
        status_code=item["statusCode"],
        duration_ms=item["durationMs"],
        request_size=item.get("requestSize") or 0,
        response_size=item.get("responseSize") or 0,
        is_slow=item["durationMs"] > SLOW_MS,
        user_id=item.get("userId"),
        error_fingerprint=item.get("errorFingerprint"),
        span_id=_named(item.get("spanId")),
        parent_span_id=_named(item.get("parentSpanId")),
    )


def _named(said: Any) -> str | None:
    """Return a name that nothing depends on, when it is one."""
    return said[:MAX_NAME] if isinstance(said, str) and said.strip() else None
