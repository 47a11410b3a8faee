"""Secrets that stand behind a telling name: in JSON, forms, queries and shell assignments."""

from typing import Any

import re2

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, Span, hide
from seestackd.core.masking.names import FIELD, NAME, NUMBERED
from seestackd.core.masking.quotes import OPEN, SPACE, quoted

_Q = rb"(?:" + OPEN + rb")"
_COLON = SPACE + rb"(?::|%3A|=>)" + SPACE
# A list holds a secret where headers have several values.
_KEYED = re2.compile(rb"(?i)" + _Q + FIELD + _Q + _COLON + rb"(\[" + SPACE + rb")?(" + OPEN + rb")")
_NEXT = re2.compile(SPACE + rb"," + SPACE + rb"(" + OPEN + rb")")
_NUMBER = re2.compile(rb"(?i)(" + OPEN + rb")" + NUMBERED + _Q + _COLON + rb"(-?\d{3,}(?:\.\d+)?)\b")

_VALUE = rb"(?:[^\s&;,'\"<>\\#\0]|,[^\s&;,'\"<>\\#\0])+"
# Where even the equals sign is escaped, an escaped & ends the value.
_ESCAPED = rb"(?:[^\s&;,'\"<>\\#%\0]|%(?:[013-9a-f][0-9a-f]|2[013-57-9a-f]))+"


def _pair(name: bytes) -> Any:
    before = rb"(?i)([?&;#]|%3F|%26|\\{1,255}u0026|\\[nrt]|\b)"
    value = rb"(?:(" + OPEN + rb")|(" + _VALUE + rb"))"
    return re2.compile(before + name + rb"(?:=" + value + rb"|(?:%3D|\\{1,255}u003d)(" + _ESCAPED + rb"))")


_PARAMETER = _pair(FIELD)
_ASSIGNMENT = _pair(NAME)
_NO_VALUE = re2.compile(rb"[,}\]:)\s\0]|\z")
_TAIL = re2.compile(rb"(?:#" + _VALUE + rb")+")
_NO_SECRETS = frozenset({b"true", b"false", b"null", b"none", b"yes", b"no", b"on", b"off", b"undefined"})


def mask_pairs(data: bytes) -> bytes:
    """Mask what fields of JSON and parameters hold that are named like a secret."""
    return _mask_parameters(_mask_keyed(data), _PARAMETER)


def mask_pairs_of_text(data: bytes) -> bytes:
    """Mask the same where people write: `pass=2` is no secret there."""
    return _mask_parameters(_mask_keyed(data), _ASSIGNMENT)


def _mask_keyed(data: bytes) -> bytes:
    data = _mask_strings(data)
    return _mask_numbers(data)


def _mask_strings(data: bytes) -> bytes:
    match = _KEYED.search(data)
    if match is None:
        return data
    pieces: list[bytes] = []
    done = 0
    while match is not None:
        opening = match.span(2)
        while True:
            (begin, end), at = quoted(data, opening)
            if not data.startswith(MASKED_ALREADY, begin, end):
                pieces += [data[done:begin], MASK]
                done = end
            following = _NEXT.match(data, at) if match[1] else None
            if following is None:
                break
            opening = following.span(1)
        match = _KEYED.search(data, at)
    return b"".join([*pieces, data[done:]]) if pieces else data


def _mask_numbers(data: bytes) -> bytes:
    match = _NUMBER.search(data)
    if match is None:
        return data
    pieces: list[bytes] = []
    done = 0
    while match is not None:
        pieces += [data[done : match.start(2)], match[1], MASK, match[1]]
        done = match.end()
        match = _NUMBER.search(data, done)
    return b"".join([*pieces, data[done:]])


def _mask_parameters(data: bytes, pattern: Any) -> bytes:
    return hide(pattern, data, _value) if b"=" in data or b"%3" in data or b"u003" in data else data


def _value(data: bytes, match: Any) -> tuple[Span | None, int]:
    if match[2]:
        begin = match.end(2)
        # `"hint":"password=","next":…`: this quote ends what the name stands in.
        if _NO_VALUE.match(data, begin) is not None:
            return None, begin
        return quoted(data, match.span(2))
    if match[4]:
        return match.span(4), match.end()
    begin, end = match.span(3)
    if match[3].lower() in _NO_SECRETS:
        return None, end
    if not match[1] and (tail := _TAIL.match(data, end)) is not None:
        # Outside of a URL a # begins no fragment.
        end = tail.end()
    return (begin, end), end


SIGNS = (
    _KEYED,
    _NUMBER,
    _PARAMETER,
    _ASSIGNMENT,
)
"""What a text has in which these rules may find something."""
