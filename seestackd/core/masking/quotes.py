"""Quoted values, however deep: `"x"`, `\\"x\\"` in JSON that is a string of JSON, `&quot;x&quot;`, `%22x%22`."""

from functools import lru_cache

import re2

from seestackd.core.masking.mark import Span
from seestackd.core.masking.scan import Pattern

OPEN = rb"\\{0,255}(?:[\"']|u002[27])|&quot;|&#3[49];|%2[27]"
"""What a quoted value, or the name of a field, begins with."""

SPACE = rb"(?:\s|%20|\+|\\{1,255}[nrt])*"


@lru_cache(16)
def _content(quote: bytes) -> Pattern | None:
    plain = quote[:1] if len(quote) == 1 else b""
    return Pattern(rb"(?s)(?:[^\\\0" + plain + rb"]|\\[^\0])*") if plain else None


@lru_cache(16)
def _quotes(quote: bytes) -> Pattern:
    return Pattern(rb"(\\*)" + re2.escape(quote) + rb"|\0")


def quoted(data: bytes, opening: Span) -> tuple[Span, int]:
    """Return where the value stands whose opening quote is given, and where its closing quote ends.

    A value that is cut off ends with the text, which may be before the end of `data` (NUL).
    """
    token = data[slice(*opening)]
    quote = token.lstrip(b"\\")
    slashes, begin = len(token) - len(quote), opening[1]
    if not slashes and (content := _content(quote)) is not None:
        found = content.match(data, begin)
        end = begin if found is None else found[0][1]
        return (begin, end), end + (data[end : end + 1] == quote)
    return _deeper(data, begin, quote, slashes)


def _deeper(data: bytes, begin: int, quote: bytes, slashes: int) -> tuple[Span, int]:
    match = _quotes(quote).search(data, begin)
    while match is not None:
        (start, end), before = match
        if before[0] < 0:
            return (begin, start), start
        more = before[1] - before[0] - slashes
        # A level of JSON doubles backslashes and adds one before a quote: an even rest are backslashes of the value.
        if more < 0 or more // (slashes + 1) % 2 == 0:
            return (begin, start + max(0, more)), end
        match = _quotes(quote).search(data, end)
    return (begin, len(data)), len(data)
