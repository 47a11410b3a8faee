"""Searching with RE2, without the objects that its Python side makes of every match: texts may be full of secrets."""

from collections.abc import Callable, Sequence
from typing import Any

import re2

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, Span

Spans = Sequence[Span]
"""Where a match and each of its groups stand, (-1, -1) for a group that took no part."""

_ANYWHERE = re2._Anchor.UNANCHORED
_HERE = re2._Anchor.ANCHOR_START


class Pattern:
    """A compiled pattern over bytes."""

    __slots__ = ("_match", "text")

    def __init__(self, text: bytes, options: Any = None) -> None:
        self.text = text
        self._match = re2.compile(text, options)._regexp.Match

    def search(self, data: bytes, begin: int = 0, end: int | None = None) -> Spans | None:
        """Return the next match that begins at `begin` or later, and ends by `end`."""
        spans: Spans = self._match(_ANYWHERE, data, begin, len(data) if end is None else end)
        return spans if spans[0][0] >= 0 else None

    def match(self, data: bytes, begin: int = 0, end: int | None = None) -> Spans | None:
        """Return the match that begins right there."""
        spans: Spans = self._match(_HERE, data, begin, len(data) if end is None else end)
        return spans if spans[0][0] >= 0 else None


Find = Callable[[bytes, Spans], tuple[Span | None, int]]
"""Given the text and a match, returns what to mask (None: nothing) and where to look next."""


def hide(pattern: Pattern, data: bytes, find: Find, mask: bytes = MASK) -> bytes:
    """Replace what `find` makes of each match of a pattern; no match begins within what was masked."""
    match = pattern.search(data)
    if match is None:
        return data
    pieces: list[bytes] = []
    done, length, search, masked = 0, len(data), pattern.search, data.startswith
    while match is not None:
        span, at = find(data, match)
        if span is not None and not masked(MASKED_ALREADY, *span):
            pieces += (data[done : span[0]], mask)
            done = span[1]
        match = search(data, max(at, match[0][1], done), length)
    return b"".join([*pieces, data[done:]]) if pieces else data
