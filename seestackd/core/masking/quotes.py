"""Quoted values, however deep: `"x"`, `\\"x\\"` in JSON that is a string of JSON, `&quot;x&quot;`, `%22x%22`."""

import re

from seestackd.core.masking.mark import Span

OPEN = rb"\\{0,255}(?:[\"']|u002[27])|&quot;|&#3[49];|%2[27]"
"""What a quoted value, or the name of a field, begins with."""

SPACE = rb"(?:\s|%20|\+|\\{1,255}[nrt])*"

# None of them can backtrack: each has one way to match.
_CONTENT = {
    b'"': re.compile(rb'[^"\\\0]*+(?:\\[^\0][^"\\\0]*+)*+', re.DOTALL).match,
    b"'": re.compile(rb"[^'\\\0]*+(?:\\[^\0][^'\\\0]*+)*+", re.DOTALL).match,
}


def quoted(data: bytes, opening: bytes, begin: int) -> tuple[Span, int]:
    """Return where the value stands that begins there, behind its opening quote, and where its closing quote ends.

    A value that is cut off ends with the text, which may be before the end of `data` (NUL).
    """
    content = _CONTENT.get(opening)
    if content is None:
        quote = opening.lstrip(b"\\")
        return _deeper(data, begin, quote, len(opening) - len(quote))
    end = content(data, begin).end()  # type: ignore[union-attr]
    return (begin, end), end + (data[end : end + 1] == opening)


def _deeper(data: bytes, begin: int, quote: bytes, slashes: int) -> tuple[Span, int]:
    at = begin
    while (place := data.find(quote, at)) >= 0:
        if (stop := data.find(b"\0", at, place)) >= 0:
            return (begin, stop), stop
        passed = data[at:place]
        more = len(passed) - len(passed.rstrip(b"\\")) - slashes
        at = place + len(quote)
        # A level of JSON doubles backslashes and adds one before a quote: an even rest are backslashes of the value.
        if more < 0 or more // (slashes + 1) % 2 == 0:
            return (begin, place - slashes if more >= 0 else place - slashes - more), at
    stop = data.find(b"\0", at)
    stop = len(data) if stop < 0 else stop
    return (begin, stop), stop
