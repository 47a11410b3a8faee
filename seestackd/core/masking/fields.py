"""Form fields told by what they say of themselves: `"type":"password"` beside `"value":"…"`, in either order."""

from collections.abc import Iterator
from typing import NamedTuple

import re2

from seestackd.core.masking.mark import MASK, MASKED_ALREADY
from seestackd.core.masking.names import FIELD
from seestackd.core.masking.quotes import OPEN, quoted

_Q = rb"(?:" + OPEN + rb")"
_IS = _Q + rb"\s*(?::|%3A)\s*"
_PASSWORD = _Q + rb"(?:input_?)?type" + _IS + _Q + rb"password" + _Q
_NAMED = (
    _Q + rb"(?:name|key|id|field|header|autocomplete|selector)" + _IS + _Q
    + rb"(?:(?:current-|new-)password|one-time-code|cc-(?:number|csc)|[#.]?" + FIELD + rb")" + _Q
)  # fmt: skip
_TELLS = re2.compile(rb"(?i)" + _PASSWORD + rb"|" + _NAMED)
_PARTS = re2.compile(
    rb"(?i)(" + _PASSWORD + rb")|(" + _NAMED + rb")"
    rb"|(" + OPEN + rb")(?:value|(text|data))" + _IS + rb"(?:(" + OPEN + rb")|(-?\d{3,}(?:\.\d+)?)\b)"
    # Braces with nothing between them that could begin a name count as one: texts may be all braces, and matches cost.
    rb"|[{}\0](?:[^\"'\\&%uU{}\0]*[{}\0])*"
)


class _Value(NamedTuple):
    """Where a value stands; `quote` is what a number gets around its mask; `loose`: a value of password fields only."""

    begin: int
    end: int
    quote: bytes
    loose: bool


def mask_fields(data: bytes) -> bytes:
    """Mask every value in a brace-free stretch that also says it is a password, a card or has a telling name."""
    if _TELLS.search(data) is None:
        return data
    pieces: list[bytes] = []
    done = 0
    for value in _secrets(data):
        if not data.startswith(MASKED_ALREADY, value.begin, value.end):
            pieces += [data[done : value.begin], value.quote, MASK, value.quote]
            done = value.end
    return b"".join([*pieces, data[done:]])


def _secrets(data: bytes) -> Iterator[_Value]:
    values: list[_Value] = []
    password = named = False
    at = 0
    while (match := _PARTS.search(data, at)) is not None:
        at = match.end()
        if match[1]:
            password = True
        elif match[2]:
            named = True
        elif match[5]:
            (begin, end), at = quoted(data, match.span(5))
            values.append(_Value(begin, end, b"", match[4] is not None))
        elif match[6]:
            values.append(_Value(match.start(6), match.end(6), match[3], match[4] is not None))
        else:
            yield from _told(values, password, named)
            values, password, named = [], False, False
    yield from _told(values, password, named)


def _told(values: list[_Value], password: bool, named: bool) -> Iterator[_Value]:
    return (value for value in values if password or (named and not value.loose))


SIGNS = (_TELLS,)
"""What a text has in which these rules may find something."""
