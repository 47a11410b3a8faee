"""What goes between the daemon and the process that reads batches: a fixed header each way, JSON, and a packed body.

JSON because that process handles what strangers wrote: nothing it could answer may run code in the daemon.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from seestackd.core.activity import Strip
from seestackd.core.replay import Kind, ReplayBatch
from seestackd.core.telemetry import HttpRequest
from seestackd.web.batches import Replay, Requests, replay_of, requests_of
from seestackd.web.refusal import Refusal

Batch = TypeVar("Batch")
Packed = tuple[list[Any], bytes]

AT_REST_ONLY = "at-rest-only"
"""The argument by which the process takes a processor only while nobody else wants it, and gives it back at once.

A nice process is not interrupted as soon as a ping comes: the kernel lets it have its turn of some milliseconds.
"""

HELLO = b"+"
"""What the process says when it is ready."""

ASKED = struct.Struct("!BBQQ")
"""The number of the batch's form, whether it is gzip, how many bytes it may have, and how many its body has, with which
the memory begins whose descriptor comes along."""

ANSWERED = struct.Struct("!BQQ")
"""Whether the batch was taken, how long the JSON after it is, and how long the packed body behind that."""


@dataclass(frozen=True, slots=True)
class Form(Generic[Batch]):
    """A form of batches: its number on the wire, how a body of it is read, and how what was read travels."""

    number: int
    read: Callable[[bytes], Batch]
    pack: Callable[[Batch], Packed]
    unpack: Callable[[list[Any], bytes], Batch]


def taken(form: Form[Batch], batch: Batch) -> bytes:
    """Return the answer that holds a batch."""
    return _answer(True, *form.pack(batch))


def refused(refusal: Refusal) -> bytes:
    """Return the answer that a batch is refused with."""
    said = [refusal.status, refusal.code, refusal.message, dict(refusal.details), dict(refusal.headers), refusal.closes]
    return _answer(False, said, b"")


def result_of(form: Form[Batch], was_taken: int, said: bytes, body: bytes) -> Batch:
    """Return the batch that an answer holds; raises the Refusal that it holds instead."""
    values = json.loads(said)
    if was_taken:
        return form.unpack(values, body)
    status, code, message, details, headers, closes = values
    raise Refusal(status, code, message, details=details, headers=headers, closes=closes)


def _answer(was_taken: bool, values: list[Any], body: bytes) -> bytes:
    said = json.dumps(values, separators=(",", ":")).encode()
    return ANSWERED.pack(was_taken, len(said), len(body)) + said + body


def _packed_requests(requests: Requests) -> Packed:
    return [tuple(request) for request in requests], b""


def _unpacked_requests(values: list[Any], body: bytes) -> Requests:
    return tuple(HttpRequest(*value) for value in values)


def _packed_replay(replay: Replay) -> Packed:
    batch = replay.batch
    return [
        replay.fingerprint, replay.session_id, batch.size, batch.count, batch.first_at, batch.last_at, batch.undated,
        batch.has_error, {kind.value: count for kind, count in batch.kinds.items()}, batch.urls, batch.user_id,
        (batch.strip.origin, batch.strip.width, batch.strip.counts),
    ], batch.body  # fmt: skip


def _unpacked_replay(values: list[Any], body: bytes) -> Replay:
    fingerprint, session_id, size, count, first_at, last_at, undated, has_error, kinds, urls, user_id, strip = values
    origin, width, counts = strip
    batch = ReplayBatch(
        body,
        size,
        count,
        first_at,
        last_at,
        undated,
        has_error,
        {Kind(name): number for name, number in kinds.items()},
        tuple(urls),
        user_id,
        Strip(origin, width, tuple(counts)),
    )
    return Replay(fingerprint, session_id, batch)


REQUESTS: Form[Requests] = Form(0, requests_of, _packed_requests, _unpacked_requests)
REPLAY: Form[Replay] = Form(1, replay_of, _packed_replay, _unpacked_replay)
FORMS: tuple[Form[Any], ...] = (REQUESTS, REPLAY)
