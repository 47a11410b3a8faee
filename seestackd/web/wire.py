"""The documents that clients send (contract.md 2-4), and what is said about a field that breaks its rule."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import AfterValidator, ConfigDict, FailFast, Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, core_schema
from typing_extensions import TypedDict

INT64_MAX = 2**63 - 1
MAX_IDEMPOTENCY_KEY = 128  # bytes, semantics.md 3
MAX_REQUESTS = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_STRICT = ConfigDict(strict=True)
_DATE_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:?[0-9]{2})$"


@dataclass(frozen=True, slots=True)
class _Number:
    """An integer within bounds: 12 or 12.0, never a boolean or a text. `cuts` takes 12.7 as 12."""

    least: int
    most: int
    cuts: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        whole = core_schema.int_schema(strict=True, ge=self.least, le=self.most)
        fraction = core_schema.float_schema(strict=True, ge=self.least, lt=float(self.most + 1), allow_inf_nan=False)
        converted = core_schema.no_info_after_validator_function(int if self.cuts else _whole, fraction)
        return core_schema.union_schema([whole, converted], mode="left_to_right")


class _DateTime:
    """A full date-time with zone, as milliseconds UTC."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            _instant, core_schema.str_schema(strict=True, pattern=_DATE_TIME)
        )


def _whole(value: float) -> int:
    if value != int(value):
        raise PydanticCustomError("whole", "must be an integer")
    return int(value)


def _instant(text: str) -> int:
    try:
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MILLISECOND
    except ValueError:
        raise PydanticCustomError("date_time", "must be an existing date and time") from None


def _short_key(text: str) -> str:
    if len(text.encode()) > MAX_IDEMPOTENCY_KEY:
        raise PydanticCustomError("long_key", "must be at most {limit} bytes long", {"limit": MAX_IDEMPOTENCY_KEY})
    return text


Text = Annotated[str, Field(pattern=r"\S")]
Size = Annotated[int, _Number(0, INT64_MAX)]
# Browsers send fractions of a millisecond (contract.md 5).
Duration = Annotated[int, _Number(0, INT64_MAX, cuts=True)]
EpochMs = Annotated[int, _Number(-INT64_MAX, INT64_MAX, cuts=True)]
# Odd codes are seen in the wild (499, 999), and one of them must not cost a batch.
StatusCode = Annotated[int, _Number(0, 999)]
DateTime = Annotated[int, _DateTime]


class Heartbeat(TypedDict):
    """The body of `/ingest/v1/heartbeat`; from `eventId` on, additions of seestackd."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    slug: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    status: Text
    durationMs: Duration
    message: NotRequired[str | None]
    eventId: NotRequired[Annotated[str, AfterValidator(_short_key)] | None]
    at: NotRequired[Size | None]
    sentAt: NotRequired[Size | None]
    host: NotRequired[str | None]
    traceId: NotRequired[str | None]
    rid: NotRequired[str | None]


class RequestItem(TypedDict):
    """One item of `/ingest/v1/http-requests`."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    traceId: Text
    host: Text
    path: Text
    direction: Literal["inbound", "outbound"]
    method: Text
    statusCode: StatusCode
    durationMs: Duration
    requestSize: NotRequired[Size | None]
    responseSize: NotRequired[Size | None]
    userId: NotRequired[str | None]
    errorFingerprint: NotRequired[str | None]
    timestamp: DateTime
    # The contract does not know them, so nothing in them costs a batch.
    spanId: NotRequired[Any]
    parentSpanId: NotRequired[Any]


class Requests(TypedDict):
    """The body of `/ingest/v1/http-requests`."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    requests: Annotated[list[RequestItem], Field(min_length=1, max_length=MAX_REQUESTS)]


class EventItem(TypedDict):
    """One item of `/ingest/v1/replay`."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    eventType: Text
    eventData: Text
    url: NotRequired[str | None]
    timestampMillis: NotRequired[EpochMs | None]


class Replay(TypedDict):
    """The body of `/ingest/v1/replay`. Events have no number limit, so validation stops at the first bad one."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    fingerprint: Text
    sessionId: Text
    events: Annotated[list[EventItem], Field(min_length=1), FailFast()]


Document = TypeVar("Document")


def _adapter(kind: type[Document]) -> TypeAdapter[Document]:
    """Return what reads a kind of document, and keeps none of its values.

    Values differ from report to report, and 16,000 of them would be kept for nothing (1.5 MB). That is a setting of a
    validator as a whole: the one in a TypedDict's own configuration is not heard.
    """
    adapter = TypeAdapter(kind)
    adapter.validator = SchemaValidator(adapter.core_schema, core_schema.CoreConfig(cache_strings="keys"))
    return adapter


HEARTBEAT = _adapter(Heartbeat)
REQUESTS = _adapter(Requests)
REPLAY = _adapter(Replay)
EVENT = _adapter(EventItem)
