"""What a browser session replays: events, and batches of them packed for the store."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import zstandard

from seestackd.core.activity import Strip

_LEVEL = 3
_MAX_URLS = 20
_MAX_USER = 255
_USER = re.compile(r'"(?:userId|user_id|userID)"\s*:\s*(?:"([^"\\]+)"|(\d+))')
_USER_SIGN = rb"\"user"  # without it in the JSON no event's data has what _USER looks for
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


class Kind(StrEnum):
    """What happened, whatever the sender calls it; the first six have a lane of their own."""

    NAVIGATION = "navigation"
    CLICK = "click"
    INPUT = "input"
    CONSOLE = "console"
    NETWORK = "network"
    ERROR = "error"
    SNAPSHOT = "snapshot"
    MUTATION = "mutation"
    SCROLL = "scroll"
    MOVE = "move"
    VISIBILITY = "visibility"
    RESIZE = "resize"
    RRWEB = "rrweb"
    OTHER = "other"


LANES = (Kind.NAVIGATION, Kind.CLICK, Kind.INPUT, Kind.CONSOLE, Kind.NETWORK, Kind.ERROR)
# The documentation and the SDKs differ (ux.md 1), and so do those who send by hand.
_NAMES: Mapping[str, Kind] = {
    name: kind
    for kind, names in {
        Kind.NAVIGATION: "navigation navigate page pageview page_view route route_change url_change history load",
        Kind.CLICK: "click mouse_click dblclick double_click tap touch rage_click dead_click",
        Kind.INPUT: "input change form_change keypress key_press keydown submit form_submit focus blur",
        Kind.CONSOLE: "console log console_log warn warning console_warn info debug",
        Kind.NETWORK: "network network_request request http http_request fetch xhr network_response",
        Kind.ERROR: "error js_error console_error exception unhandled_rejection unhandledrejection network_error crash",
        Kind.SNAPSHOT: "snapshot full_snapshot dom_snapshot",
        Kind.MUTATION: "mutation dom_mutation mutations dom_change",
        Kind.SCROLL: "scroll",
        Kind.MOVE: "move mouse_move mousemove mouse pointer_move",
        Kind.VISIBILITY: "visibility visibility_change visibilitychange",
        Kind.RESIZE: "resize viewport_resize",
        Kind.RRWEB: "rrweb",
    }.items()
    for name in names.split()
}


def kind_of(event_type: str) -> Kind:
    """Return what an event's name means: `mouse_click`, `mouseClick` and `click` are clicks."""
    name = _WORDS.sub("_", event_type).strip("_").lower()
    kind = _NAMES.get(name)
    if kind is not None:
        return kind
    return Kind.ERROR if "error" in name else Kind.OTHER


class ReplayEvent(NamedTuple):
    """One event of a session; `at` is the browser's instant (None: not given), `data` and `url` are masked already."""

    at: int | None
    type: str
    data: str
    url: str | None


@dataclass(frozen=True, slots=True)
class ReplayBatch:
    """Events as one zstd blob, with what is asked of them without unpacking.

    `first_at` and `last_at` are None when no event carries an instant; `undated` is how many do not; `size` is in
    bytes, unpacked; `urls` are some of those visited, in order; `strip` holds the dated events.
    """

    body: bytes
    size: int
    count: int
    first_at: int | None
    last_at: int | None
    undated: int
    has_error: bool
    kinds: Mapping[Kind, int] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    user_id: str | None = None
    strip: Strip = field(default_factory=Strip)


def as_json(events: Sequence[ReplayEvent]) -> bytes:
    """Return events as JSON, a list of lists in UTF-8."""
    return json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()


def pack(events: Sequence[ReplayEvent], write: Callable[[Sequence[ReplayEvent]], bytes] = as_json) -> ReplayBatch:
    """Pack events (at least one) in the order given; `write` does what `as_json` does, maybe faster.

    500 kB cost about 2 ms: pack elsewhere than on the event loop.
    """
    text = write(events)
    instants = [event.at for event in events if event.at is not None]
    kinds: Counter[Kind] = Counter()
    for name, count in Counter(event.type for event in events).items():
        kinds[kind_of(name)] += count
    return ReplayBatch(
        body=zstandard.ZstdCompressor(level=_LEVEL).compress(text),
        size=len(text),
        count=len(events),
        first_at=min(instants, default=None),
        last_at=max(instants, default=None),
        undated=len(events) - len(instants),
        has_error=bool(kinds[Kind.ERROR]),
        kinds=kinds,
        urls=_visited(events),
        user_id=_user_of(events) if _USER_SIGN in text else None,
        strip=Strip().with_instants(instants),
    )


def unpack(body: bytes, received_at: int) -> Iterable[ReplayEvent]:
    """Return the events of a batch; one without an instant gets that of its arrival (contract.md 4)."""
    for at, kind, data, url in json.loads(zstandard.ZstdDecompressor().decompress(body)):
        yield ReplayEvent(received_at if at is None else at, kind, data, url)


def _visited(events: Sequence[ReplayEvent]) -> tuple[str, ...]:
    """Return the addresses in the order in which they were visited, the last one certainly."""
    ordered = sorted((event for event in events if event.url), key=lambda event: event.at or 0)
    found = list(dict.fromkeys(event.url for event in ordered if event.url))
    if ordered and ordered[-1].url is not None:
        found.remove(ordered[-1].url)
        found = [*found[: _MAX_URLS - 1], ordered[-1].url]
    return tuple(found)


def _user_of(events: Sequence[ReplayEvent]) -> str | None:
    for event in events:
        if '"user' in event.data and (match := _USER.search(event.data)):
            return (match[1] or match[2])[:_MAX_USER]
    return None
