"""A session as people look at it: what happened when, in words, and what the page looked like."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seestackd.core.replay import Kind, ReplayEvent, kind_of

MAX_DETAIL = 300
_MAX_TITLE = 160
_MAX_BOXES = 400
_MAX_DEPTH = 30
_MAX_PIXELS = 100_000
_FAILED = 400
_RRWEB = ("page parsed", "page loaded", "full snapshot", "change", "page", "custom", "plugin")
_RRWEB_CHANGES = {
    0: "DOM change", 1: "mouse move", 2: "mouse", 3: "scroll", 4: "resize", 5: "input", 6: "touch move", 7: "media",
    8: "style change", 9: "canvas", 10: "font", 11: "log", 12: "drag", 13: "style", 14: "selection",
}  # fmt: skip
# What says most about an event, the best first.
_WORDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.NAVIGATION: ("to", "url", "href", "path", "title"),
    Kind.CLICK: ("selector", "target", "element", "text", "tagName", "tag"),
    Kind.INPUT: ("selector", "target", "element", "name", "field", "tagName"),
    Kind.CONSOLE: ("message", "args", "text"),
    Kind.NETWORK: ("url", "path", "name"),
    Kind.ERROR: ("message", "error", "reason", "name"),
    Kind.SNAPSHOT: ("title", "url"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One event: `offset_ms` after the first one, `title` in words, `detail` the beginning of its data.

    `failed` is an error, or a request or console line that tells of one; `times` says how often it was sent.
    """

    offset_ms: int
    kind: Kind
    title: str
    detail: str
    url: str | None
    failed: bool = False
    x: int | None = None
    y: int | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Box:
    """A visible element of a page, in pixels of it."""

    x: int
    y: int
    width: int
    height: int
    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """What the page looked like at a moment: its size and its boxes, outer ones first."""

    offset_ms: int
    width: int
    height: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session's moments, oldest first; `changes` are the offsets at which the DOM changed."""

    moments: tuple[Moment, ...]
    layouts: tuple[Layout, ...]
    changes: tuple[int, ...]
    rrweb: int

    @property
    def length_ms(self) -> int:
        return self.moments[-1].offset_ms if self.moments else 0


def timeline(events: Sequence[ReplayEvent]) -> Timeline:
    """Return the timeline of events that are sorted and have their instants. What came twice is shown once."""
    first = events[0].at or 0 if events else 0
    moments: list[Moment] = []
    layouts: list[Layout] = []
    changes: list[int] = []
    for event, times in _once(events):
        offset = (event.at or 0) - first
        data = _parsed(event.data)
        kind = Kind.RRWEB if _is_rrweb(data) else kind_of(event.type)
        moments.append(replace(_moment(offset, kind, event, data), times=times))
        if kind is Kind.MUTATION:
            changes.append(offset)
        elif kind is Kind.SNAPSHOT and (layout := _layout(offset, data)) is not None:
            layouts.append(layout)
    rrweb = sum(moment.kind is Kind.RRWEB for moment in moments)
    return Timeline(tuple(moments), tuple(layouts), tuple(changes), rrweb)


def _once(events: Iterable[ReplayEvent]) -> Iterator[tuple[ReplayEvent, int]]:
    seen: dict[ReplayEvent, int] = {}
    for event in events:
        seen[event] = seen.get(event, 0) + 1
    return iter(seen.items())


def _parsed(data: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _is_rrweb(data: Any) -> bool:
    return isinstance(data, dict) and _is_number(data.get("type")) and _is_number(data.get("timestamp"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(offset: int, kind: Kind, event: ReplayEvent, data: Any) -> Moment:
    fields = data if isinstance(data, dict) else {}
    title = _rrweb_title(fields) if kind is Kind.RRWEB else _title(kind, event, fields)
    status: Any = fields.get("status", fields.get("statusCode"))
    failed = kind is Kind.ERROR or (
        kind is Kind.NETWORK and _is_number(status) and (status >= _FAILED or status == 0)
    ) or (kind is Kind.CONSOLE and _level(fields, event) == "error")  # fmt: skip
    return Moment(
        offset, kind, title[:_MAX_TITLE], event.data[:MAX_DETAIL], event.url, failed,
        _pixel(_first(fields, "x", "clientX", "pageX")), _pixel(_first(fields, "y", "clientY", "pageY")),
    )  # fmt: skip


def _level(fields: Mapping[str, Any], event: ReplayEvent) -> str:
    level = fields.get("level", event.type)
    return level.lower() if isinstance(level, str) else ""


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _title(kind: Kind, event: ReplayEvent, fields: Mapping[str, Any]) -> str:
    said = _first(fields, *_WORDS.get(kind, ()))
    words = said if isinstance(said, str) else "" if said is None else json.dumps(said, ensure_ascii=False)
    if kind is Kind.NAVIGATION and not words:
        words = event.url or ""
    if kind is Kind.NETWORK:
        status = _first(fields, "status", "statusCode")
        words = " ".join(str(part) for part in (fields.get("method"), words, status) if part not in (None, ""))
    if kind is Kind.INPUT and isinstance(fields.get("value"), str):
        words = f"{words} = {fields['value']}".strip()
    return " ".join(words.split()) or (event.type if kind is Kind.OTHER else "")


def _rrweb_title(fields: Mapping[str, Any]) -> str:
    said: Any = fields.get("type")
    number = int(said) if _is_number(said) and 0 <= said < len(_RRWEB) else -1
    name = _RRWEB[number] if number >= 0 else "event"
    data = fields.get("data")
    if name == "change" and isinstance(data, dict) and isinstance(data.get("source"), int):
        return f"rrweb {_RRWEB_CHANGES.get(data['source'], 'change')}"
    return f"rrweb {name}"


def _pixel(value: Any) -> int | None:
    """Return a coordinate that a picture can hold."""
    if not _is_number(value) or value != value:
        return None
    return int(min(max(value, -_MAX_PIXELS), _MAX_PIXELS))


def _layout(offset: int, data: Any) -> Layout | None:
    """Return the boxes of a snapshot, whatever its sender calls them."""
    if not isinstance(data, dict):
        return None
    viewport = data.get("viewport")
    view = viewport if isinstance(viewport, dict) else data
    width = _pixel(_first(view, "width", "w", "innerWidth")) or 0
    height = _pixel(_first(view, "height", "h", "innerHeight")) or 0
    boxes: list[Box] = []
    _collect(_first(data, "tree", "root", "nodes", "elements", "body", "dom"), boxes, 0)
    if not boxes:
        return None
    width = width if width > 0 else max(max(box.x + box.width for box in boxes), 1)
    height = height if height > 0 else max(max(box.y + box.height for box in boxes), 1)
    return Layout(offset, width, height, tuple(boxes))


def _collect(node: Any, boxes: list[Box], depth: int) -> None:
    if depth > _MAX_DEPTH or len(boxes) >= _MAX_BOXES:
        return
    if isinstance(node, list):
        for each in node:
            _collect(each, boxes, depth + 1)
    elif isinstance(node, dict):
        if (sides := _sides(node)) is not None:
            tag, text = _first(node, "tag", "tagName"), _first(node, "text", "label", "placeholder", "value")
            boxes.append(Box(*sides, str(tag or "div").lower()[:20], " ".join(str(text or "").split())[:80]))
        _collect(_first(node, "children", "childNodes", "nodes"), boxes, depth + 1)


def _sides(node: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    rect = _first(node, "rect", "bounds", "box")
    if isinstance(rect, list):
        values = rect[:4]
    else:
        at = rect if isinstance(rect, dict) else node
        values = [_first(at, *names) for names in (("x", "left"), ("y", "top"), ("width", "w"), ("height", "h"))]
    pixels = [_pixel(value) for value in values]
    if len(pixels) != 4 or None in pixels or pixels[2] <= 0 or pixels[3] <= 0:  # type: ignore[operator]
        return None
    return tuple(pixels)  # type: ignore[return-value]
