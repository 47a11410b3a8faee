"""Secrets that stand behind a telling name: in JSON, forms, queries and shell assignments."""

import re
from functools import lru_cache

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, MAY_BE_MASKED, Span
from seestackd.core.masking.names import FIELD, HOW_ENDS, NAME, NUMBERED
from seestackd.core.masking.quotes import OPEN, SPACE, quoted
from seestackd.core.masking.scan import Pattern, hide

_Q = rb"(?:" + OPEN + rb")"
_COLON = SPACE + rb"(?::|%3A|=>)" + SPACE
# A list holds a secret where headers have several values.
_STRING = _Q + FIELD + _Q + _COLON + rb"(\[" + SPACE + rb")?(" + OPEN + rb")"
_NUMBER = rb"(" + OPEN + rb")" + NUMBERED + _Q + _COLON + rb"(-?\d{3,}(?:\.\d+)?)\b"
_KEYED = Pattern(rb"(?i)" + _STRING + rb"|" + _NUMBER)
_NEXT = re.compile(rb"(?:[\t\n\f\r +]|%20|\\[nrt])*+,(?:[\t\n\f\r +]|%20|\\[nrt])*+(" + OPEN + rb")", re.IGNORECASE)
_REMEMBERED = 4_096
_LONG = 100
_DIGITS = b"0123456789"

# Where a value ends: neither can backtrack.
_VALUE = re.compile(rb"(?:[^\t\n\f\r &;,'\"<>\\#\0]++|,(?=[^\t\n\f\r &;,'\"<>\\#\0]))*+")
_TAIL = re.compile(rb"(?:#(?:[^\t\n\f\r &;,'\"<>\\#\0]++|,(?=[^\t\n\f\r &;,'\"<>\\#\0]))++)*+")
# Where even the equals sign is escaped, an escaped & ends the value.
_ESCAPED = re.compile(rb"(?:[^\t\n\f\r &;,'\"<>\\#%\0]++|%(?:[013-9a-f][0-9a-f]|2[013-57-9a-f]))*+", re.IGNORECASE)
_OPENS = re.compile(OPEN, re.IGNORECASE)
_QUOTES = frozenset({b"\\", b'"', b"'", b"&", b"%", b"u", b"U"})
_SEPARATES = frozenset(b"?&;#%\\")


def _pair(name: bytes) -> Pattern:
    """Return what stands before a value; a separator before the name, unless it stands alone."""
    return Pattern(rb"(?i)(?:[?&;#]|%3F|%26|\\{1,255}u0026|\\[nrt]|\b)" + name + rb"(?:=|%3D|\\{1,255}u003d)")


_PARAMETER = _pair(FIELD)
_ASSIGNMENT = _pair(NAME)
# `"hint":"password=","next":…`: such a quote ends what the name stands in.
_NO_VALUE = frozenset(b",}]:)\t\n\f\r \0")
_NO_SECRETS = frozenset({b"true", b"false", b"null", b"none", b"yes", b"no", b"on", b"off", b"undefined"})
_LONGEST = max(map(len, _NO_SECRETS))


def mask_pairs(data: bytes) -> bytes:
    """Mask what fields of JSON and parameters hold that are named like a secret."""
    return _mask_parameters(_mask_keyed(data), _PARAMETER)


def mask_pairs_of_text(data: bytes) -> bytes:
    """Mask the same where people write: `pass=2` is no secret there."""
    return _mask_parameters(_mask_keyed(data), _ASSIGNMENT)


def _mask_keyed(data: bytes) -> bytes:
    length, find, masked = len(data), _KEYED.find, data.startswith
    ((begin, at),) = find(data, 0, length)
    if at < 0:
        return data
    pieces: list[bytes] = []
    done = 0
    while at >= 0:
        opening, is_list, digits = _told(data[begin:at])
        if digits:
            pieces += (data[done : at - digits], opening, MASK, opening)
            done = at
        while not digits:
            (begin, end), at = quoted(data, opening, at)
            if data[begin : begin + 1] not in MAY_BE_MASKED or not masked(MASKED_ALREADY, begin, end):
                pieces += (data[done:begin], MASK)
                done = end
            following = _NEXT.match(data, at) if is_list else None
            if following is None:
                break
            opening, at = following[1], following.end()
        ((begin, at),) = find(data, at, length)
    return b"".join([*pieces, data[done:]]) if pieces else data


def _told(token: bytes) -> tuple[bytes, bool, int]:
    """Return the quote behind a name, whether it opens a list, 0; or the name's quote and the length of its number."""
    # Names are few, and come again and again. A number is a secret: its name is remembered with another one.
    if len(token) > _LONG:
        return _told_by(token)
    name = token.rstrip(_DIGITS)
    if name[-1] == 58:  # a colon
        return *_remembered(name + b"000")[:2], len(token) - len(name)
    return _told_by(token) if len(name) < len(token) else _remembered(token)


def _told_by(token: bytes) -> tuple[bytes, bool, int]:
    _, listed, opening, quote, number = _KEYED.groups(token)
    if number[0] >= 0:
        return token[slice(*quote)], False, number[1] - number[0]
    return token[slice(*opening)], listed[0] >= 0, 0


_remembered = lru_cache(_REMEMBERED)(_told_by)


def _mask_parameters(data: bytes, pattern: Pattern) -> bytes:
    return hide(pattern, data, _value) if b"=" in data or b"%3" in data or b"u003" in data or b"U003" in data else data


def _value(data: bytes, before: int, begin: int) -> tuple[Span | None, int]:
    if data[begin - 1] != 61:  # an escaped =
        end = _ESCAPED.match(data, begin).end()  # type: ignore[union-attr]
        return ((begin, end), end) if end > begin else (None, begin)
    if data[begin : begin + 1] in _QUOTES and (opening := _OPENS.match(data, begin)) is not None:
        begin = opening.end()
        if begin == len(data) or data[begin] in _NO_VALUE:
            return None, begin
        return quoted(data, opening[0], begin)
    end = _VALUE.match(data, begin).end()  # type: ignore[union-attr]
    if end - begin <= _LONGEST and (end == begin or data[begin:end].lower() in _NO_SECRETS):
        return None, end
    if data[end : end + 1] == b"#" and data[before] not in _SEPARATES:
        # Outside of a URL a # begins no fragment.
        end = _TAIL.match(data, end).end()  # type: ignore[union-attr]
    return (begin, end), end


SIGNS = (rb"(?i:" + HOW_ENDS + rb"(?:" + OPEN + rb"|=|%3D|\\+u003d))",)
"""What a text has in which these rules may find something."""
