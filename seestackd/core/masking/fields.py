"""Form fields told by what they say of themselves: `"type":"password"` beside `"value":"…"`, in either order."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, Span
from seestackd.core.masking.names import FIELD, HOW_ENDS
from seestackd.core.masking.quotes import OPEN, quoted
from seestackd.core.masking.scan import Pattern, Sign

_Q = rb"(?:" + OPEN + rb")"
_IS = _Q + rb"\s*(?::|%3A)\s*"
_PASSWORD = _Q + rb"(?:input_?)?type" + _IS + _Q + rb"password" + _Q
_NAMED = (
    _Q + rb"(?:name|key|id|field|header|autocomplete|selector)" + _IS + _Q
    + rb"(?:(?:current-|new-)password|one-time-code|cc-(?:number|csc)|[#.]?" + FIELD + rb")" + _Q
)  # fmt: skip
TELLING = rb"(?i)" + _PASSWORD + rb"|" + _NAMED
"""What says of a field that its value is a secret."""

_TELLS = Sign(TELLING)
_HOLDS = rb"(" + OPEN + rb")(?:value|(text|data))" + _IS + rb"(?:(" + OPEN + rb")|(-?\d{3,}(?:\.\d+)?)\b)"
_PARTS = Pattern(TELLING + rb"|" + _HOLDS)
_PART = Pattern(rb"(?i)(" + _PASSWORD + rb")|(" + _NAMED + rb")|" + _HOLDS)
_LONGEST = 100
_REMEMBERED = 4_096


class _Part(NamedTuple):
    """What a part of a field says: that it holds a password, has a telling name, or a value.

    A value has its `opening` quote, or else it is the number that the last `digits` bytes are, whose name has the
    quote `quote`; `loose` is a value of password fields only.
    """

    password: bool
    named: bool
    opening: bytes
    digits: int
    quote: bytes
    loose: bool


class _Value(NamedTuple):
    """Where a value stands; `quote` is what a number gets around its mask; `loose`: a value of password fields only."""

    begin: int
    end: int
    quote: bytes
    loose: bool


def mask_fields(data: bytes) -> bytes:
    """Mask every value in a brace-free stretch that also says it is a password, a card or has a telling name."""
    length, find = len(data), _TELLS.find
    place = find(data, 0, length)[0][1]
    pieces: list[bytes] = []
    done = 0
    while place >= 0:
        begin, end = _text_around(data, place)
        for value in _secrets(data, begin, end):
            if not data.startswith(MASKED_ALREADY, value.begin, value.end):
                pieces += (data[done : value.begin], value.quote, MASK, value.quote)
                done = value.end
        place = find(data, end, length)[0][1]
    return b"".join([*pieces, data[done:]]) if pieces else data


def _text_around(data: bytes, place: int) -> Span:
    """Return where the text stands, between NULs, that a place is in."""
    end = data.find(b"\0", place)
    return data.rfind(b"\0", 0, place) + 1, len(data) if end < 0 else end


def _secrets(data: bytes, at: int, end: int) -> Iterator[_Value]:
    values: list[_Value] = []
    password = named = False
    find = _PARTS.find
    done, ((begin, at),) = at, find(data, at, end)
    while at >= 0:
        between = data[done:begin]
        if b"{" in between or b"}" in between:
            if password or named:
                yield from _told(values, password, named)
            values, password, named = [], False, False
        part = _part_of(data[begin:at])
        password, named = password or part.password, named or part.named
        if part.opening:
            (begin, stop), at = quoted(data, part.opening, at)
            values.append(_Value(begin, stop, b"", part.loose))
        elif part.digits:
            values.append(_Value(at - part.digits, at, part.quote, part.loose))
        done = min(at, end)
        ((begin, at),) = find(data, done, end)
    if password or named:
        yield from _told(values, password, named)


def _part_of(token: bytes) -> _Part:
    # A number may be a secret; names are few, and come again and again.
    return _told_by(token) if len(token) > _LONGEST or token[-1] in b"0123456789" else _remembered(token)


def _told_by(token: bytes) -> _Part:
    _, password, named, quote, loose, opening, number = _PART.groups(token)
    return _Part(
        password[0] >= 0, named[0] >= 0, token[slice(*opening)] if opening[0] >= 0 else b"", number[1] - number[0],
        token[slice(*quote)] if number[0] >= 0 else b"", loose[0] >= 0,
    )  # fmt: skip


_remembered = lru_cache(_REMEMBERED)(_told_by)


def _told(values: list[_Value], password: bool, named: bool) -> Iterator[_Value]:
    return (value for value in values if password or (named and not value.loose))


SIGNS = (rb"(?i:one-time-code|" + HOW_ENDS + rb"(?:" + OPEN + rb"))",)
"""What a text has in which these rules may find something."""
