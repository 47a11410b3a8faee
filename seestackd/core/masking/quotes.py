"""Quoted values, however deep: `"x"`, `\\"x\\"` in JSON that is a string of JSON, `&quot;x&quot;`, `%22x%22`."""

from functools import lru_cache
from typing import Any

import re2

from seestackd.core.masking.mark import Span

OPEN = rb"\\{0,255}(?:[\"']|u002[27])|&quot;|&#3[49];|%2[27]"
"""What a quoted value, or the name of a field, begins with."""

SPACE = rb"(?:\s|%20|\+|\\{1,255}[nrt])*"


@lru_cache(16)
def _content(quote: bytes) -> Any:
    plain = quote[:1] if len(quote) == 1 else b""
    return re2.compile(rb"(?s)(?:[^\\\0" + plain + rb"]|\\[^\0])*") if plain else None


@lru_cache(16)
def _quotes(quote: bytes) -> Any:
    return re2.compile(rb"(\\*)" + re2.escape(quote) + rb"|\0")


def quoted(data: bytes, opening: Span) -> tuple[Span, int]:
    """Return where the value stands whose opening quote is given, and where its closing quote ends.

    A value that is cut off ends with the text, which may be before the end of `data` (NUL).
    """
    token = data[slice(*opening)]
    quote = token.lstrip(b"\\")
    slashes, begin = len(token) - len(quote), opening[1]
    if not slashes and (content := _content(quote)) is not None:
        end = content.match(data, begin).end()
        return (begin, end), end + (data[end : end + 1] == quote)
    return _deeper(data, begin, quote, slashes)


def _deeper(data: bytes, begin: int, quote: bytes, slashes: int) -> tuple[Span, int]:
    for match in _quotes(quote).finditer(data, begin):
        if match[1] is None:
            return (begin, match.start()), match.start()
        more = len(match[1]) - slashes
        # A level of JSON doubles backslashes and adds one before a quote: an even rest are backslashes of the value.
        if more < 0 or more // (slashes + 1) % 2 == 0:
            return (begin, match.start() + max(0, more)), match.end()
    return (begin, len(data)), len(data)
