"""Secrets that stand behind a telling name: in JSON, forms, queries and shell assignments."""

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, Span
from seestackd.core.masking.names import FIELD, NAME, NUMBERED
from seestackd.core.masking.quotes import OPEN, SPACE, quoted
from seestackd.core.masking.scan import Pattern, Spans, hide

_Q = rb"(?:" + OPEN + rb")"
_COLON = SPACE + rb"(?::|%3A|=>)" + SPACE
# A list holds a secret where headers have several values.
_KEYED = Pattern(rb"(?i)" + _Q + FIELD + _Q + _COLON + rb"(\[" + SPACE + rb")?(" + OPEN + rb")")
_NEXT = Pattern(SPACE + rb"," + SPACE + rb"(" + OPEN + rb")")
_NUMBER = Pattern(rb"(?i)(" + OPEN + rb")" + NUMBERED + _Q + _COLON + rb"(-?\d{3,}(?:\.\d+)?)\b")

_VALUE = rb"(?:[^\s&;,'\"<>\\#\0]|,[^\s&;,'\"<>\\#\0])+"
# Where even the equals sign is escaped, an escaped & ends the value.
_ESCAPED = rb"(?:[^\s&;,'\"<>\\#%\0]|%(?:[013-9a-f][0-9a-f]|2[013-57-9a-f]))+"


def _pair(name: bytes) -> Pattern:
    before = rb"(?i)([?&;#]|%3F|%26|\\{1,255}u0026|\\[nrt]|\b)"
    value = rb"(?:(" + OPEN + rb")|(" + _VALUE + rb"))"
    return Pattern(before + name + rb"(?:=" + value + rb"|(?:%3D|\\{1,255}u003d)(" + _ESCAPED + rb"))")


_PARAMETER = _pair(FIELD)
_ASSIGNMENT = _pair(NAME)
_NO_VALUE = Pattern(rb"[,}\]:)\s\0]|\z")
_TAIL = Pattern(rb"(?:#" + _VALUE + rb")+")
_NO_SECRETS = frozenset({b"true", b"false", b"null", b"none", b"yes", b"no", b"on", b"off", b"undefined"})
_LONGEST = max(map(len, _NO_SECRETS))


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
        opening = match[2]
        while True:
            (begin, end), at = quoted(data, opening)
            if not data.startswith(MASKED_ALREADY, begin, end):
                pieces += (data[done:begin], MASK)
                done = end
            following = _NEXT.match(data, at) if match[1][0] >= 0 else None
            if following is None:
                break
            opening = following[1]
        match = _KEYED.search(data, at)
    return b"".join([*pieces, data[done:]]) if pieces else data


def _mask_numbers(data: bytes) -> bytes:
    match = _NUMBER.search(data)
    if match is None:
        return data
    pieces: list[bytes] = []
    done = 0
    while match is not None:
        (_, end), quote, (begin, _) = match
        pieces += (data[done:begin], data[slice(*quote)], MASK, data[slice(*quote)])
        done = end
        match = _NUMBER.search(data, done)
    return b"".join([*pieces, data[done:]])


def _mask_parameters(data: bytes, pattern: Pattern) -> bytes:
    return hide(pattern, data, _value) if b"=" in data or b"%3" in data or b"u003" in data else data


def _value(data: bytes, match: Spans) -> tuple[Span | None, int]:
    _, before, opening, plain, escaped = match
    if opening[0] >= 0:
        begin = opening[1]
        # `"hint":"password=","next":…`: this quote ends what the name stands in.
        if _NO_VALUE.match(data, begin) is not None:
            return None, begin
        return quoted(data, opening)
    if escaped[0] >= 0:
        return escaped, escaped[1]
    begin, end = plain
    if end - begin <= _LONGEST and data[begin:end].lower() in _NO_SECRETS:
        return None, end
    if data[end : end + 1] == b"#" and before[0] == before[1] and (tail := _TAIL.match(data, end)) is not None:
        # Outside of a URL a # begins no fragment.
        end = tail[0][1]
    return (begin, end), end


SIGNS = (
    _KEYED,
    _NUMBER,
    _PARAMETER,
    _ASSIGNMENT,
)
"""What a text has in which these rules may find something."""
