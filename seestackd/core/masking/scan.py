"""Searching without the objects that RE2's Python side makes of every match: texts may be full of secrets.

A search that asks where a match stands, and not where its groups do, takes a quarter of the time. So patterns find
the places; what stands there is told by the bytes themselves, and by expressions of `re` which cannot backtrack.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import re2

from seestackd.core.masking.mark import MASK, MASKED_ALREADY, MAY_BE_MASKED, Span

Spans = Sequence[Span]
"""Where a match and each of its groups stand, (-1, -1) for a group that took no part."""

_ANYWHERE = re2._Anchor.UNANCHORED
_HERE = re2._Anchor.ANCHOR_START
_MEMORY = 64 * 1024 * 1024  # for the states of a large pattern; it takes what it needs


def _without_groups() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    return options


class Pattern:
    """A compiled pattern over bytes.

    `find(data, begin, end)` returns where the next match stands that begins at `begin` or later and ends by `end`, as
    the only one of its spans: (-1, -1) when there is none.
    """

    __slots__ = ("_groups", "find", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        # Not a method: what it does takes hardly longer than calling one.
        self.find: Callable[[bytes, int, int], Spans] = partial(
            re2.compile(text, _without_groups())._regexp.Match, _ANYWHERE
        )
        self._groups: Any = None

    def groups(self, token: bytes) -> Spans:
        """Return where the match stands that a token begins with, and its groups. There is one."""
        if self._groups is None:
            self._groups = re2.compile(self.text)._regexp.Match
        # Without what follows it: RE2 has a quicker way for short texts.
        spans: Spans = self._groups(_HERE, token, 0, len(token))
        return spans


class Sign:
    """Several patterns of which only is asked where the first match ends.

    `find(data, begin, end)` returns one span; its end is -1 when there is no match, its beginning says nothing.
    """

    __slots__ = ("find",)

    def __init__(self, *patterns: bytes) -> None:
        any_of = b"|".join(b"(?:" + pattern + b")" for pattern in patterns)
        # RE2 reads a match backwards to learn where it begins, unless it has to begin where the search does.
        searched = re2.compile(rb"(?s:.*?)(?:" + any_of + rb")", _without_groups())
        self.find: Callable[[bytes, int, int], Spans] = partial(searched._regexp.Match, _HERE)


Told = Callable[[bytes, int, int], tuple[Span | None, int]]
"""Given the text and where a match stands, returns what to mask (None: nothing) and where to look next, behind both."""


def hide(pattern: Pattern, data: bytes, told: Told) -> bytes:
    """Replace what `told` makes of each match of a pattern; no match begins within what was masked."""
    length, find = len(data), pattern.find
    ((begin, end),) = find(data, 0, length)
    if end < 0:
        return data
    pieces: list[bytes] = []
    done, masked = 0, data.startswith
    while end >= 0:
        span, at = told(data, begin, end)
        if span is not None:
            first, last = span
            if data[first : first + 1] not in MAY_BE_MASKED or not masked(MASKED_ALREADY, first, last):
                pieces += (data[done:first], MASK)
                done = last
        ((begin, end),) = find(data, at, length)
    return b"".join([*pieces, data[done:]]) if pieces else data
