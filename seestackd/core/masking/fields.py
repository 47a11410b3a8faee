"""Form fields told by what they say of themselves: `"type":"password"` beside `"value":"…"`, in either order."""

from collections.abc import Iterator
from typing import NamedTuple

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, Span
from seestackd.core.masking.names import FIELD
from seestackd.core.masking.quotes import OPEN, quoted
from seestackd.core.masking.scan import Pattern

_Q = rb"(?:" + OPEN + rb")"
_IS = _Q + rb"\s*(?::|%3A)\s*"
_PASSWORD = _Q + rb"(?:input_?)?type" + _IS + _Q + rb"password" + _Q
_NAMED = (
    _Q + rb"(?:name|key|id|field|header|autocomplete|selector)" + _IS + _Q
    + rb"(?:(?:current-|new-)password|one-time-code|cc-(?:number|csc)|[#.]?" + FIELD + rb")" + _Q
)  # fmt: skip
_TELLS = Pattern(rb"(?i)" + _PASSWORD + rb"|" + _NAMED)
_PARTS = Pattern(
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
    tells = _TELLS.search(data)
    pieces: list[bytes] = []
    done = 0
    while tells is not None:
        text = _text_around(data, tells[0][1])
        for value in _secrets(data, *text):
            if not data.startswith(MASKED_ALREADY, value.begin, value.end):
                pieces += (data[done : value.begin], value.quote, MASK, value.quote)
                done = value.end
        tells = _TELLS.search(data, text[1])
    return b"".join([*pieces, data[done:]]) if pieces else data


def _text_around(data: bytes, place: int) -> Span:
    """Return where the text stands, between NULs, that a place is in."""
    end = data.find(b"\0", place)
    return data.rfind(b"\0", 0, place) + 1, len(data) if end < 0 else end


def _secrets(data: bytes, at: int, end: int) -> Iterator[_Value]:
    values: list[_Value] = []
    password = named = False
    while (match := _PARTS.search(data, min(at, end), end)) is not None:
        (_, at), is_password, is_named, quote, loose, opening, number = match
        if is_password[0] >= 0:
            password = True
        elif is_named[0] >= 0:
            named = True
        elif opening[0] >= 0:
            (begin, stop), at = quoted(data, opening)
            values.append(_Value(begin, stop, b"", loose[0] >= 0))
        elif number[0] >= 0:
            values.append(_Value(*number, data[slice(*quote)], loose[0] >= 0))
        else:
            yield from _told(values, password, named)
            values, password, named = [], False, False
    yield from _told(values, password, named)


def _told(values: list[_Value], password: bool, named: bool) -> Iterator[_Value]:
    return (value for value in values if password or (named and not value.loose))


SIGNS = (_TELLS,)
"""What a text has in which these rules may find something."""
